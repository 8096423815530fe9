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

// Many callers invalidate values of a source that fails in every way. No caller gets an expired
// value, or an invalidated one unless the refresh after it failed temporarily, and no caller waits
// too long.
func TestStress(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			s := &stressTest{T: t, rnd: rand.New(rand.NewPCG(seed, 1)), invalid: map[int]time.Time{}, born: map[int]time.Time{}}
			s.forget = seed%2 == 0
			s.run()
		})
	}
}

// stressTimeout is the AttemptTimeout of a stressTest.
const stressTimeout = 10 * time.Second

type stressTest struct {
	*testing.T
	engine *refresh.Engine[value]
	forget bool // Rules.ForgetInvalid

	mu      sync.Mutex
	rnd     *rand.Rand
	n       int // fetches
	running int
	invalid map[int]time.Time // when each value was invalidated
	born    map[int]time.Time // when it was fetched
	failed  time.Time         // when a refresh failed last
}

// chance returns a random number below k.
func (s *stressTest) chance(k int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rnd.IntN(k)
}

func (s *stressTest) run() {
	o := options()
	o.AdvisoryWindow, o.AttemptTimeout, o.ForgetInvalid = 0, stressTimeout, s.forget
	o.Settled = func(ev refresh.Event[value]) {
		if ev.Err != nil && !ev.Permanent {
			s.mu.Lock()
			s.failed = ev.Ended
			s.mu.Unlock()
		}
	}
	s.engine = newEngine(s.fetch, o)
	ctx, cancel := context.WithCancel(s.Context())
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 300 {
				s.call(ctx)
				time.Sleep(time.Duration(s.chance(60_000)) * time.Millisecond)
			}
		})
	}
	go func() { _ = s.engine.Run(ctx) }()
	wg.Wait()
	cancel()
	time.Sleep(5 * time.Minute) // fetches that ignore their context
	synctest.Wait()
	if st := s.engine.Status(); st.Refreshing {
		s.Error("still refreshing")
	}
}

// fetch succeeds, or fails in one of many ways.
func (s *stressTest) fetch(ctx context.Context) (value, error) {
	s.mu.Lock()
	s.running++
	if s.running > 1 {
		s.Error("two fetches at a time")
	}
	s.n++
	v := value{n: s.n}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.running--
		s.mu.Unlock()
	}()
	select {
	case <-time.After(time.Duration(s.chance(2000)) * time.Millisecond):
	case <-ctx.Done():
	}
	switch s.chance(12) {
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
		time.Sleep(time.Duration(s.chance(60)) * time.Second)
	case 6:
		return value{expires: time.Now().Add(-time.Second)}, nil
	}
	v.expires = time.Now().Add(time.Duration(1+s.chance(3600)) * time.Second)
	s.mu.Lock()
	s.born[v.n] = time.Now()
	s.mu.Unlock()
	return v, nil
}

// call gets a value, checks it, and may invalidate it.
func (s *stressTest) call(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(1+s.chance(30_000))*time.Millisecond)
	defer cancel()
	begin := time.Now()
	v, err := s.engine.Value(ctx)
	if took := time.Since(begin); took > 2*stressTimeout { // of one refresh
		s.Errorf("waited %v", took)
	}
	if err != nil {
		return
	}
	failing := s.engine.Status().Failures > 0 // Settled is called a little later
	s.mu.Lock()
	at, ok := s.invalid[v.n]
	bad := ok && at.Before(begin) && (s.forget || !failing && s.failed.Before(s.born[v.n]))
	s.mu.Unlock()
	if bad || !time.Now().Before(v.expires) {
		s.Errorf("value %d, which expired at %v and was invalidated at %v, was returned at %v", v.n, v.expires, at, time.Now())
	}
	if s.chance(20) == 0 && s.engine.Invalidate(func(w value) bool { return w.n == v.n }) {
		s.mu.Lock()
		s.invalid[v.n] = time.Now()
		s.mu.Unlock()
	}
}
