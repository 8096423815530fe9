// Package refreshrules has vectors for the refresh rules that are common to the AWS SDKs, and tests
// an implementation of the rules with them. Only tests import it.
package refreshrules

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

//go:embed vectors.json
var data []byte

// A Vector is a case of vectors.json, which describes the fields.
type Vector struct {
	Name, Rule, Difference    string
	Lifetime, Window, Latency Duration
	Backoff                   Duration
	ServeExpired              bool `json:"serve_expired"`
	Fetches                   []string
	Steps                     []Step

	mu    sync.Mutex
	count int
}

// A Step is what happens at a time.
type Step struct {
	At, Waited       Duration
	Call, Invalidate string
	Refreshed        bool
	Total            int
}

// A Duration is a time.Duration that is a string in JSON.
type Duration time.Duration

// UnmarshalText parses a duration.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// A Subject is what the rules are tested on.
type Subject interface {
	// Call returns the key of the value, or "temporary" or "permanent" for such an error.
	Call(ctx context.Context) string
	// Invalidate marks the value with that key as rejected.
	Invalidate(key string)
}

// Fetch waits for the latency of the vector. It returns the number of the call, with which the key
// of the value is "K1", "K2" and so on, and the result: "ok", "expired", "temporary" or
// "permanent".
func (v *Vector) Fetch(ctx context.Context) (n int, result string, err error) {
	v.mu.Lock()
	v.count++
	n = v.count
	v.mu.Unlock()
	if v.Latency > 0 {
		select {
		case <-time.After(time.Duration(v.Latency)):
		case <-ctx.Done():
			return n, "", ctx.Err()
		}
	}
	return n, v.Fetches[min(n, len(v.Fetches))-1], nil
}

// Run runs all vectors in synctest bubbles. open returns the subject of a vector, whose values are
// fetched with its Fetch method.
func Run(t *testing.T, open func(t *testing.T, v *Vector) Subject) {
	t.Helper()
	var file struct {
		About       string
		Differences map[string]string
		Vectors     []*Vector
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		if v.Difference != "" && file.Differences[v.Difference] == "" {
			t.Errorf("%s: difference %q is not described", v.Name, v.Difference)
		}
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { v.run(t, open(t, v)) })
		})
	}
}

func (v *Vector) run(t *testing.T, s Subject) {
	t.Helper()
	begin := time.Now()
	for _, st := range v.Steps {
		at := time.Duration(st.At)
		<-time.After(time.Until(begin.Add(at)))
		if st.Invalidate != "" {
			s.Invalidate(st.Invalidate)
		}
		if st.Call != "" {
			called := time.Now()
			got := s.Call(t.Context())
			if took := time.Since(called); got != st.Call || took != time.Duration(st.Waited) {
				t.Errorf("at %v: the call returned %s after %v, want %s after %v", at, got, took, st.Call, time.Duration(st.Waited))
			}
		}
		if st.Refreshed {
			<-time.After(time.Duration(v.Latency))
			synctest.Wait()
		}
		v.mu.Lock()
		got := v.count
		v.mu.Unlock()
		if st.Total != 0 && got != st.Total {
			t.Errorf("at %v: %d fetches, want %d", at, got, st.Total)
		}
	}
	<-time.After(time.Duration(v.Latency)) // a refresh in the background ends
}
