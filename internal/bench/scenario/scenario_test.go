package scenario_test

import (
	"encoding/json"
	"errors"
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
	only   = flag.String("only", "outage,expiry,denial,deadkey,wrapped,storm,timeline,chain", "the scenarios to run; with -out")
)

// sizes are the numbers of the scenarios.
type sizes struct{ callers, roles, limit, lives, requests int }

func TestScenarios(t *testing.T) {
	full, n, few := *out != "", 1, 1
	size := sizes{callers: 10, roles: 300, limit: 60, lives: 3, requests: 100}
	if full {
		n, few = *rounds, min(*rounds, 3) // the last ones take the longest and differ least
		size = sizes{callers: 20, roles: 10_000, limit: 600, lives: 3, requests: 100}
	}
	wanted := strings.Split(*only, ",")
	r := scenario.Results{Outages: map[string][]scenario.Outage{}, Expiries: map[string][]scenario.Expiry{}}
	for _, s := range []struct {
		name   string
		rounds int
		run    func(*scenario.Results, sizes) error
	}{
		{"outage", n, outages},
		{"expiry", n, expiries},
		{"denial", n, denial},
		{"deadkey", n, deadKey},
		{"wrapped", n, wrapped},
		{"storm", few, storm},
		{"timeline", 1, timeline},
		{"chain", n, chain},
	} {
		if full && !slices.Contains(wanted, s.name) {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			for range s.rounds {
				synctest.Test(t, func(t *testing.T) {
					if err := s.run(&r, size); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
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

func outages(r *scenario.Results, size sizes) (err error) {
	for _, f := range scenario.Faults() {
		o := scenario.RunOutage(f, size.callers)
		if o.Ours.Calls == 0 || o.Ours.Failed != 0 || o.Ours.Stalled != 0 {
			err = errors.Join(err, fmt.Errorf("outage %s: %+v, want no failed and no stalled call", f, o.Ours))
		}
		r.Outages[string(f)] = append(r.Outages[string(f)], o)
	}
	return err
}

func expiries(r *scenario.Results, _ sizes) (err error) {
	for _, f := range scenario.Faults() {
		e := scenario.RunExpiry(f)
		if e.Ours.Calls == 0 || e.Ours.Expired != 0 || e.Ours.Fresh == 0 || e.Ours.Fresh > scenario.MaxFresh(f) {
			err = errors.Join(err, fmt.Errorf("outage %s across the expiry: %+v, want no expired key, and new ones within %v", f, e.Ours, scenario.MaxFresh(f)))
		}
		if e.Coming.Expired == 0 && f != fakests.Hanging { // calls that wait longer than callers do return nothing
			err = errors.Join(err, fmt.Errorf("outage %s across the expiry: the model of the coming cache returned no expired key: %+v", f, e.Coming))
		}
		r.Expiries[string(f)] = append(r.Expiries[string(f)], e)
	}
	return err
}

func denial(r *scenario.Results, _ sizes) error {
	d := scenario.RunDenial(scenario.Bare)
	r.Denials = append(r.Denials, d)
	if d.Flaps != 0 || d.Gone > 5*time.Second+100*time.Millisecond || d.Raised > 200*time.Millisecond {
		return fmt.Errorf("denial: %+v, want it raised at once, without flaps, and gone within 5 s and a refresh", d)
	}
	return nil
}

func deadKey(r *scenario.Results, size sizes) error {
	d := scenario.RunDeadKey(size.requests)
	r.DeadKeys = append(r.DeadKeys, d)
	if d.Ours.Succeeded != size.requests || d.Ours.STSCalls != 1 {
		return fmt.Errorf("dead key: %+v, want %d successes with one STS call", d.Ours, size.requests)
	}
	return nil
}

func wrapped(r *scenario.Results, size sizes) (err error) {
	w := scenario.RunWrapped(size.lives)
	r.Wrapped = append(r.Wrapped, w)
	for name, side := range map[string]scenario.Tally{"the SDK's cache": w.Ours, "the coming cache": w.OursComing} {
		if side.Calls == 0 || side.Failed != 0 || side.Waited != 0 || side.Expired != 0 || side.LeastLife < scenario.AdvisoryWindow/10 {
			err = errors.Join(err, fmt.Errorf("in %s: %+v, want no wait and a tenth of %v left", name, side, scenario.AdvisoryWindow))
		}
	}
	for name, d := range map[string]scenario.Denial{"the SDK's cache": w.Denied, "the coming cache": w.DeniedComing} {
		if d.Flaps != 0 || d.Raised > scenario.MaxRaised {
			err = errors.Join(err, fmt.Errorf("denial in %s: %+v, want it raised within %v and without flaps", name, d, scenario.MaxRaised))
		}
	}
	return err
}

func storm(r *scenario.Results, size sizes) error {
	s := scenario.RunStorm(size.roles, size.limit)
	r.Storms = append(r.Storms, s)
	if s.Ours.Calls == 0 || s.Ours.Failed != 0 || s.Ours.Peak > size.limit || s.Ours.PerRole != 1 {
		return fmt.Errorf("storm: %+v, want no failed call, one request a role, at most %d a second", s.Ours, size.limit)
	}
	return nil
}

func timeline(r *scenario.Results, _ sizes) error {
	tl := scenario.RunTimeline(100, 10*time.Second)
	r.Timeline = &tl
	if tl.OursTotal.Calls == 0 || tl.OursTotal.Failed != 0 || tl.OursTotal.Waited != 0 {
		return fmt.Errorf("timeline: %+v, want no failed call and no wait", tl.OursTotal)
	}
	return nil
}

func chain(r *scenario.Results, size sizes) error {
	c := scenario.RunChain(size.callers)
	r.Chains = append(r.Chains, c)
	if c.Ours.Calls == 0 || c.Ours.Failed != 0 || c.Ours.Waited != 0 || c.Ours.Expired != 0 {
		return fmt.Errorf("chain: %+v, want no failed call, no wait and no expired key", c.Ours)
	}
	return nil
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
