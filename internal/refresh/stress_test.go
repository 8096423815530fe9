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

// Many callers invalidate values of a source that fails in every way. No caller gets an expired value, or an
// invalidated one unless the refresh after it failed temporarily, and no caller waits too long.
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
		invalid = map[int]time.Time{} // when each value was invalidated
		born    = map[int]time.Time{} // when it was fetched
		failed  time.Time             // when a refresh failed last
	)
	chance := func(k int) int {
		mu.Lock()
		defer mu.Unlock()
		return rnd.IntN(k)
	}
	o := options()
	o.AdvisoryWindow = 0
	o.AttemptTimeout = attempt
	o.ForgetInvalid = seed%2 == 0
	o.Settled = func(ev refresh.Event[value]) {
		if ev.Err != nil && !ev.Permanent {
			mu.Lock()
			failed = ev.Ended
			mu.Unlock()
		}
	}
	e := newEngine(func(ctx context.Context) (value, error) {
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
			return value{}, errRefused
		case 2:
			panic("no")
		case 3:
			runtime.Goexit()
		case 4: // hangs until the end of its context
			<-ctx.Done()
			return value{}, ctx.Err()
		case 5: // ignores its context
			time.Sleep(time.Duration(chance(60)) * time.Second)
		case 6:
			return value{expires: time.Now().Add(-time.Second)}, nil
		}
		v.expires = time.Now().Add(time.Duration(1+chance(3600)) * time.Second)
		mu.Lock()
		born[v.n] = time.Now()
		mu.Unlock()
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
				if took > attempt+attempt { // one refresh
					t.Errorf("waited %v", took)
				}
				if err == nil {
					failing := e.Status().Failures > 0 // Settled is called a little later
					mu.Lock()
					at, ok := invalid[v.n]
					bad := ok && at.Before(begin) && (o.ForgetInvalid || !failing && failed.Before(born[v.n]))
					mu.Unlock()
					if bad || !time.Now().Before(v.expires) {
						t.Errorf("value %d, which expired at %v and was invalidated at %v, was returned at %v", v.n, v.expires, at, time.Now())
					}
					if chance(20) == 0 && e.Invalidate(func(w value) bool { return w.n == v.n }) {
						mu.Lock()
						invalid[v.n] = time.Now()
						mu.Unlock()
					}
				}
				_ = e.Status()
				time.Sleep(time.Duration(chance(60_000)) * time.Millisecond)
			}
		})
	}
	go func() { _ = e.Run(ctx) }()
	wg.Wait()
	cancel()
	time.Sleep(5 * time.Minute) // fetches that ignore their context
	synctest.Wait()
	if st := e.Status(); st.Refreshing {
		t.Error("still refreshing")
	}
}
