package refresh_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// Many callers, a source that does everything a source can do wrong, and
// somebody who drops values: whatever happens, nobody gets a value that has
// ended or was dropped before he asked, and nobody waits longer than he must.
func TestStress(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) { stress(t, seed) })
	}
}

func stress(t *testing.T, seed uint64) {
	t.Helper()
	const attempt = 10 * time.Second
	var (
		mu      sync.Mutex
		rnd     = rand.New(rand.NewPCG(seed, 1))
		n       int
		running int
		dropped = map[int]time.Time{}
	)
	chance := func(k int) int {
		mu.Lock()
		defer mu.Unlock()
		return rnd.IntN(k)
	}
	o := options()
	o.AdvisoryWindow = 0
	o.AttemptTimeout = attempt
	e := refresh.New(func(ctx context.Context) (value, error) {
		mu.Lock()
		running++
		if running > 1 {
			t.Error("two fetches at a time")
		}
		n++
		v := value{n: n}
		mu.Unlock()
		defer func() {
			mu.Lock()
			running--
			mu.Unlock()
		}()
		select {
		case <-time.After(time.Duration(chance(2000)) * time.Millisecond):
		case <-ctx.Done():
		}
		switch chance(12) {
		case 0:
			return value{}, errors.New("down")
		case 1:
			return value{}, errDenied
		case 2:
			panic("no")
		case 3:
			runtime.Goexit()
		case 4: // hangs, but heeds its context
			<-ctx.Done()
			return value{}, ctx.Err()
		case 5: // does not
			time.Sleep(time.Duration(chance(60)) * time.Second)
		case 6:
			return value{expires: time.Now().Add(-time.Second)}, nil
		}
		v.expires = time.Now().Add(time.Duration(1+chance(3600)) * time.Second)
		return v, nil
	}, o)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 300 {
				ctx, cancel := context.WithTimeout(ctx, time.Duration(1+chance(30_000))*time.Millisecond)
				begin := time.Now()
				v, err := e.Value(ctx)
				took := time.Since(begin)
				cancel()
				if took > attempt+attempt { // one flight that it joins, at its beginning, and jitter of none
					t.Errorf("waited %v", took)
				}
				mu.Lock()
				gone, isGone := dropped[v.n]
				mu.Unlock()
				if err == nil && (!time.Now().Before(v.expires) || isGone && gone.Before(begin)) {
					t.Errorf("value %d ended at %v, dropped at %v, was given out at %v", v.n, v.expires, gone, time.Now())
				}
				if err == nil && chance(20) == 0 {
					mu.Lock()
					if e.Invalidate(func(w value) bool { return w.n == v.n }) {
						dropped[v.n] = time.Now()
					}
					mu.Unlock()
				}
				_ = e.Status()
				time.Sleep(time.Duration(chance(60_000)) * time.Millisecond)
			}
		})
	}
	go func() { _ = e.Run(ctx) }()
	wg.Wait()
	cancel()
	time.Sleep(5 * time.Minute) // what was left behind
	synctest.Wait()
	if st := e.Status(); st.Refreshing {
		t.Error("still refreshing")
	}
}
