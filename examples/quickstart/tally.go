package main

import (
	"context"
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A tally counts the calls of one caller or of all callers.
type tally struct {
	calls, failed, waited int
	longest               time.Duration
	keys                  map[string]bool // access key IDs
	err                   error           // the first failure
}

// run retrieves credentials every millisecond until ctx ends.
func (t *tally) run(ctx context.Context, retrieve func(context.Context) (aws.Credentials, error)) {
	t.keys = make(map[string]bool)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		begin := time.Now()
		// The end of the run does not cancel the last call.
		c, err := retrieve(context.WithoutCancel(ctx))
		took := time.Since(begin)
		t.calls++
		t.longest = max(t.longest, took)
		if took > waited {
			t.waited++
		}
		switch {
		case err != nil:
			t.failed++
			if t.err == nil {
				t.err = err
			}
		case !c.Expires.After(begin):
			t.failed++
			t.err = errExpired
		default:
			t.keys[c.AccessKeyID] = true
		}
	}
}

func (t *tally) add(o tally) {
	t.calls += o.calls
	t.failed += o.failed
	t.waited += o.waited
	t.longest = max(t.longest, o.longest)
	maps.Copy(t.keys, o.keys)
	if t.err == nil {
		t.err = o.err
	}
}
