package scenario_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/bench/fakests"
	"github.com/onafed/onafed/internal/bench/scenario"
)

// With -out the tests run at full size and write the numbers for `go run .`. Without it they are
// smaller. In both cases they check our side; they only report the other.
var (
	out    = flag.String("out", "", "write the results to this file, and run at full size")
	rounds = flag.Int("rounds", 15, "how often to run each scenario; with -out")
	only   = flag.String("only", "outage,denial,wrapped,storm,timeline", "the scenarios to run; with -out")
)

func TestScenarios(t *testing.T) {
	full, n := *out != "", 1
	callers, roles, limit, lives := 10, 300, 60, 3
	if full {
		n, callers, roles, limit, lives = *rounds, 20, 10_000, 600, 3
	}
	wanted := strings.Split(*only, ",")
	var r scenario.Results
	in := func(name string, f func() error) {
		if full && !slices.Contains(wanted, name) {
			return
		}
		t.Run(name, func(t *testing.T) {
			for range n {
				synctest.Test(t, func(t *testing.T) {
					if err := f(); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
	r.Outages = map[string][]scenario.Outage{}
	in("outage", func() error {
		var err error
		for _, f := range scenario.Faults() {
			o := scenario.RunOutage(f, callers)
			if o.Ours.Calls == 0 || o.Ours.Failed != 0 || o.Ours.Stalled != 0 {
				err = fmt.Errorf("outage %s: %+v, want no failed and no stalled call", f, o.Ours)
			}
			r.Outages[string(f)] = append(r.Outages[string(f)], o)
		}
		return err
	})
	in("denial", func() error {
		var err error
		d := scenario.RunDenial()
		if d.Flaps != 0 || d.Gone > 5*time.Second+100*time.Millisecond || d.Raised > 200*time.Millisecond {
			err = fmt.Errorf("denial: %+v, want it raised at once, without flaps, and gone within 5 s and a refresh", d)
		}
		r.Denials = append(r.Denials, d)
		return err
	})
	in("wrapped", func() error {
		var err error
		w := scenario.RunWrapped(lives)
		if w.Ours.Calls == 0 || w.Ours.Failed != 0 || w.Ours.Waited != 0 || w.Ours.LeastLife < scenario.AdvisoryWindow/10 {
			err = fmt.Errorf("wrapped: %+v, want no wait and a tenth of %v left", w.Ours, scenario.AdvisoryWindow)
		}
		r.Wrapped = append(r.Wrapped, w)
		return err
	})
	if full {
		n = min(n, 3) // they take the longest and differ least
	}
	in("storm", func() error {
		var err error
		s := scenario.RunStorm(roles, limit)
		if s.Ours.Calls == 0 || s.Ours.Failed != 0 || s.Ours.Peak > limit || s.Ours.PerRole != 1 {
			err = fmt.Errorf("storm: %+v, want no failed call, one request a role, at most %d a second", s.Ours, limit)
		}
		r.Storms = append(r.Storms, s)
		return err
	})
	n = 1
	in("timeline", func() error {
		var err error
		tl := scenario.RunTimeline(100, 10*time.Second)
		if tl.OursTotal.Calls == 0 || tl.OursTotal.Failed != 0 || tl.OursTotal.Waited != 0 {
			err = fmt.Errorf("timeline: %+v, want no failed call and no wait", tl.OursTotal)
		}
		r.Timeline = &tl
		return err
	})
	if !full {
		return
	}
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*out, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFakeSTSCountsAndThrottles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakests.STS{Limit: 1}
		p := fakests.Cache(s.Client(), 0)
		if _, err := p.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(s.Calls()); n != 1 {
			t.Errorf("%d calls, want 1", n)
		}
		p.Invalidate()
		// The bucket is empty for a second. The SDK's own retries may end before.
		var err error
		for range 20 {
			if _, err = p.Retrieve(t.Context()); err == nil {
				break
			}
		}
		if n := len(s.Calls()); err != nil || n < 3 {
			t.Errorf("Retrieve = %v after %d calls, want success after a throttled one", err, n)
		}
	})
}
