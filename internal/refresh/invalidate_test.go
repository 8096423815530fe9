package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := newSource()
		src.latency = time.Second
		e := newEngine(src.fetch, options())
		if e.Invalidate(func(value) bool { return true }) {
			t.Error("Invalidate of nothing = true")
		}
		want(t, e, 1, time.Second)
		if e.Invalidate(func(v value) bool { return v.n == 7 }) {
			t.Error("Invalidate of another value = true")
		}
		want(t, e, 1, 0)
		if !e.Invalidate(func(v value) bool { return v.n == 1 }) {
			t.Error("Invalidate = false")
		}
		if e.Invalidate(func(v value) bool { return v.n == 1 }) {
			t.Error("the second Invalidate = true")
		}
		want(t, e, 2, time.Second)

		down := errors.New("down")
		src.set(func(s *source) { s.err = down })
		e.Invalidate(func(value) bool { return true })
		want(t, e, 2, time.Second) // the last resort
		want(t, e, 2, 0)           // during the backoff
		if got := src.count(); got != 3 {
			t.Errorf("%d fetches, want 3", got)
		}
	})
}

// A value that is invalidated while a refresh fails stays invalid, whether that is before the
// result is known or while it is published.
func TestInvalidateDuringAFailingRefresh(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for i := range 4 {
		publishing, forget := i&1 != 0, i&2 != 0
		t.Run(fmt.Sprintf("publishing %v, forget %v", publishing, forget), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src := newSource()
				o := options()
				o.ServeExpired, o.ForgetInvalid = true, forget
				var e *refresh.Engine[value]
				invalidate := func() {
					if !e.Invalidate(func(value) bool { return true }) {
						t.Error("Invalidate = false")
					}
				}
				o.Backoff = func(int, time.Duration) time.Duration {
					if publishing {
						invalidate()
					}
					return time.Minute
				}
				e = newEngine(src.fetch, o)
				want(t, e, 1, 0)
				time.Sleep(46 * time.Minute)
				src.set(func(s *source) {
					s.err = down
					s.act = func(context.Context) {
						time.Sleep(time.Second)
						if !publishing {
							invalidate()
						}
					}
				})
				want(t, e, 1, 0) // starts the refresh
				time.Sleep(2 * time.Second)
				if st := e.Status(); st.Valid || st.Failures != 1 {
					t.Errorf("Status = %+v, want a failure and no valid value", st)
				}
				if forget {
					wantErr(t, e, down, 0)
				} else {
					want(t, e, 1, 0)
				}
			})
		})
	}
}

// A source whose values are all rejected is not called for each of them.
func TestInvalidateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := options()
		o.InvalidateLimit = 3
		e := newEngine(newSource().fetch, o)
		all := func(value) bool { return true }
		for n := 1; n <= 3; n++ {
			want(t, e, n, 0)
			if !e.Invalidate(all) {
				t.Errorf("Invalidate of value %d = false", n)
			}
		}
		want(t, e, 4, 0)
		if e.Invalidate(all) {
			t.Error("Invalidate of the fourth value on its arrival = true")
		}
		time.Sleep(time.Second)
		if !e.Invalidate(all) {
			t.Error("Invalidate of the fourth value after a second = false")
		}
	})
}
