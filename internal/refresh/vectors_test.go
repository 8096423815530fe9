package refresh_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// A vector is a case of testdata/vectors.json, which describes the fields.
type vector struct {
	Name, Rule, Difference    string
	Lifetime, Window, Latency string
	Backoff                   string
	ServeExpired              bool `json:"serve_expired"`
	Fetches                   []string
	Steps                     []vectorStep
}

type vectorStep struct {
	At, Call, Waited, Invalidate string
	Refreshed                    bool
	Total                        int
}

func TestVectors(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Differences map[string]string
		Vectors     []vector
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		if v.Difference != "" && file.Differences[v.Difference] == "" {
			t.Errorf("%s: difference %q is not described", v.Name, v.Difference)
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { v.run(t) })
		})
	}
}

func (v vector) run(t *testing.T) {
	t.Helper()
	o := options()
	o.AdvisoryWindow, o.ServeExpired = duration(t, v.Window), v.ServeExpired
	if v.Backoff != "" {
		backoff := duration(t, v.Backoff)
		o.Backoff = func(int, time.Duration) time.Duration { return backoff }
	}
	src := newSource()
	src.latency, src.life = duration(t, v.Latency), duration(t, v.Lifetime)
	results := map[string]error{"ok": nil, "expired": nil, "temporary": errors.New("down"), "permanent": errRefused}
	e := newEngine(func(ctx context.Context) (value, error) {
		src.set(func(s *source) {
			result := v.Fetches[min(s.calls, len(v.Fetches)-1)]
			s.err = results[result]
			if s.life = duration(t, v.Lifetime); result == "expired" {
				s.life = -time.Second
			}
		})
		return src.fetch(ctx)
	}, o)
	begin := time.Now()
	for _, st := range v.Steps {
		time.Sleep(time.Until(begin.Add(duration(t, st.At))))
		if st.Invalidate != "" {
			e.Invalidate(func(v value) bool { return fmt.Sprint("K", v.n) == st.Invalidate })
		}
		if st.Call != "" {
			n, took, err := get(t, e)
			got := fmt.Sprint("K", n)
			for name, result := range results {
				if result != nil && errors.Is(err, result) {
					got = name
				}
			}
			if got != st.Call || took != duration(t, st.Waited) {
				t.Errorf("at %s: Value = %s (%v) after %v, want %s after %s", st.At, got, err, took, st.Call, st.Waited)
			}
		}
		if st.Refreshed {
			time.Sleep(duration(t, v.Latency))
			synctest.Wait()
		}
		if got := src.count(); got != st.Total && st.Total != 0 {
			t.Errorf("at %s: %d fetches, want %d", st.At, got, st.Total)
		}
	}
	time.Sleep(duration(t, v.Latency)) // a refresh in the background ends
}

// duration parses a duration; empty means zero.
func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
