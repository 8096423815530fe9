package awsfed

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/onafed/onafed/internal/refresh"
	"golang.org/x/time/rate"
)

// A queue starts the refreshes of a pool in the order in which their credentials are needed, within
// limits for how many run at a time and start per second. It has no goroutine: the end of a refresh
// starts the next one, or a timer does while the rate is exhausted.
type queue struct {
	limiter *rate.Limiter // nil without a rate

	mu      sync.Mutex // guards the fields below
	free    int        // free slots
	waiting tickets
	order   uint64 // of the next ticket
	timer   *time.Timer
	allowed bool // the limiter has allowed the next refresh
}

var _ refresh.Gate = (*queue)(nil)

// A ticket is a refresh that waits.
type ticket struct {
	need  time.Time     // when the credentials are needed
	order uint64        // of arrival
	index int           // in the heap; -1 outside
	start chan struct{} // closed when it may start
}

func newQueue(slots int, perSecond float64, burst int) *queue {
	q := &queue{free: slots}
	if perSecond > 0 {
		q.limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
	}
	return q
}

// Enter waits for a slot; it returns nil after quit was closed. Credentials that are missing or
// have expired are needed now or earlier, others when they expire, so the queue is ordered by need.
func (q *queue) Enter(_ context.Context, need time.Time, urge, quit <-chan struct{}) func() {
	t := &ticket{need: need, start: make(chan struct{})}
	q.mu.Lock()
	t.order = q.order
	q.order++
	heap.Push(&q.waiting, t)
	q.admit()
	q.mu.Unlock()
	for {
		select {
		case <-t.start:
			return sync.OnceFunc(q.leave)
		case <-urge:
			urge = nil
			q.mu.Lock()
			if now := time.Now(); t.index >= 0 && now.Before(t.need) {
				t.need = now
				heap.Fix(&q.waiting, t.index)
			}
			q.mu.Unlock()
		case <-quit:
			q.mu.Lock()
			if t.index < 0 {
				q.free++ // it has just got a slot
				q.admit()
			} else {
				heap.Remove(&q.waiting, t.index)
			}
			q.mu.Unlock()
			return nil
		}
	}
}

// lend frees the slot of a refresh while wait runs, and then waits for a slot again. If ctx ends
// before, it takes one at once: the refresh is about to end.
func (q *queue) lend(ctx context.Context, wait func()) {
	q.leave()
	wait()
	if q.Enter(ctx, time.Now(), nil, ctx.Done()) == nil {
		q.mu.Lock()
		q.free--
		q.mu.Unlock()
	}
}

func (q *queue) leave() {
	q.mu.Lock()
	q.free++
	q.admit()
	q.mu.Unlock()
}

// admit starts waiting refreshes while slots are free. The caller holds mu.
func (q *queue) admit() {
	for q.free > 0 && len(q.waiting) > 0 {
		if !q.allowNext() {
			return
		}
		t := heap.Pop(&q.waiting).(*ticket) // the heap holds nothing else
		q.free--
		close(t.start)
	}
}

// allowNext reports whether the limiter allows the next refresh to start. If not, a timer calls admit
// later, for the refresh that is then first in the queue.
func (q *queue) allowNext() bool {
	if q.limiter == nil {
		return true
	}
	if q.timer != nil {
		return false
	}
	if !q.allowed {
		now := time.Now()
		if wait := q.limiter.ReserveN(now, 1).DelayFrom(now); wait > 0 {
			q.timer = time.AfterFunc(wait, func() {
				q.mu.Lock()
				q.timer, q.allowed = nil, true
				q.admit()
				q.mu.Unlock()
			})
			return false
		}
	}
	q.allowed = false
	return true
}

// throttle waits for the rate limit before another attempt of a refresh.
func (q *queue) throttle(ctx context.Context) error {
	if q.limiter == nil {
		return nil
	}
	return q.limiter.Wait(ctx)
}

// tickets is a heap by need, then by arrival.
type tickets []*ticket

func (t tickets) Len() int { return len(t) }

func (t tickets) Less(i, j int) bool {
	if c := t[i].need.Compare(t[j].need); c != 0 {
		return c < 0
	}
	return t[i].order < t[j].order
}

func (t tickets) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

// Push adds a ticket; for package heap.
func (t *tickets) Push(x any) {
	k := x.(*ticket) // the heap holds nothing else
	k.index = len(*t)
	*t = append(*t, k)
}

// Pop removes the last ticket; for package heap.
func (t *tickets) Pop() any {
	last := len(*t) - 1
	k := (*t)[last]
	(*t)[last] = nil
	*t = (*t)[:last]
	k.index = -1
	return k
}
