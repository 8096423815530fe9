package awsfed

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A queue lets the refreshes of a pool begin, the most needed first, as many at
// a time and as many a second as it may. It has no goroutine: who leaves, or a
// timer while the rate is used up, lets the next one in.
type queue struct {
	limiter *rate.Limiter // nil without a rate

	mu      sync.Mutex // guards what follows
	free    int        // slots
	waiting tickets
	order   uint64 // of arrival
	timer   *time.Timer
	paid    bool // the limiter has already been asked for the next one
}

// A ticket is one refresh that waits.
type ticket struct {
	need  time.Time // when somebody needs the credentials
	order uint64
	index int           // in the heap; -1 when out of it
	in    chan struct{} // closed when it may begin
}

func newQueue(slots int, perSecond float64, burst int) *queue {
	q := &queue{free: slots}
	if perSecond > 0 {
		q.limiter = rate.NewLimiter(rate.Limit(perSecond), max(burst, 1))
	}
	return q
}

// Enter waits for a slot, or for quit, then it returns nil. Credentials that are missing or have expired are
// needed now, or since some time; others when they expire. So the earliest need
// is the right order for all of them.
func (q *queue) Enter(need time.Time, urge, quit <-chan struct{}) func() {
	t := &ticket{need: need, in: make(chan struct{})}
	q.mu.Lock()
	t.order = q.order
	q.order++
	heap.Push(&q.waiting, t)
	q.admit()
	q.mu.Unlock()
	for {
		select {
		case <-t.in:
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
				q.free++ // it was let in just now
				q.admit()
			} else {
				heap.Remove(&q.waiting, t.index)
			}
			q.mu.Unlock()
			return nil
		}
	}
}

func (q *queue) leave() {
	q.mu.Lock()
	q.free++
	q.admit()
	q.mu.Unlock()
}

// admit lets in whom it may. The caller holds mu.
func (q *queue) admit() {
	for q.free > 0 && len(q.waiting) > 0 {
		if !q.pay() {
			return
		}
		t := heap.Pop(&q.waiting).(*ticket) // the heap holds nothing else
		q.free--
		close(t.in)
	}
}

// pay asks the limiter for the next one, whoever that will be then, and reports
// whether it may begin. If not, a timer calls admit when it may.
func (q *queue) pay() bool {
	if q.limiter == nil {
		return true
	}
	if q.timer != nil {
		return false
	}
	if !q.paid {
		now := time.Now()
		if wait := q.limiter.ReserveN(now, 1).DelayFrom(now); wait > 0 {
			q.timer = time.AfterFunc(wait, func() {
				q.mu.Lock()
				q.timer, q.paid = nil, true
				q.admit()
				q.mu.Unlock()
			})
			return false
		}
	}
	q.paid = false
	return true
}

// throttle waits for the rate before a further request of a refresh.
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
