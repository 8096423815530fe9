package awsfed_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// Roles that STS refuses, with credentials that expired long ago and frequent calls, do not delay
// the others.
func TestPoolRefusedRolesWaitTheirTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const refused, rate = 60, 10
		s := newService()
		s.latency = 10 * time.Millisecond
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate, o.Burst = rate, 1 })
		for n := range refused {
			if _, err := provider(t, p, n).Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(2 * time.Hour)
		s.set(func(s *service) {
			s.fail = func(call int) error {
				if strings.HasSuffix(s.roles[call-1], role(2000)) {
					return nil
				}
				return apiError("AccessDenied", "no")
			}
		})
		ctx, stop := context.WithCancel(t.Context())
		var callers sync.WaitGroup
		for n := range refused {
			callers.Go(func() {
				for ctx.Err() == nil {
					if _, err := provider(t, p, n).Retrieve(ctx); err == nil {
						t.Error("a refused role got credentials")
					}
					select {
					case <-ctx.Done():
					case <-time.After(time.Second):
					}
				}
			})
		}
		time.Sleep(10 * time.Second)
		begin := time.Now()
		if _, err := provider(t, p, 2000).Retrieve(ctx); err != nil || time.Since(begin) > 2*refused/rate*time.Second {
			t.Errorf("first credentials of a new role: %v after %v, want within two rounds of %d roles at %d a second", err, time.Since(begin), refused, rate)
		}
		stop()
		callers.Wait()
	})
}

// Canceled callers leave the queue, so that others do not wait behind them.
func TestPoolForgetsCanceledCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 9 * time.Second
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 1 })
		for n := range 100 {
			pr := provider(t, p, n)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			if _, err := pr.Retrieve(ctx); err == nil {
				t.Fatal("an answer before the latency")
			}
			cancel()
			p.Remove(role(n))
		}
		before := s.count()
		begin := time.Now()
		if _, err := provider(t, p, 9999).Retrieve(t.Context()); err != nil {
			t.Error(err)
		}
		if asked := s.count() - before; asked > 3 || time.Since(begin) > 90*time.Second {
			t.Errorf("a caller waited %v behind %d refreshes of canceled callers", time.Since(begin), asked-1)
		}
	})
}
