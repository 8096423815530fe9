package simulation

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"
	"time"
)

// A world is one simulated day.
type world struct {
	seed  uint64
	plan  plan
	begin time.Time
	ctx   context.Context // of the day
	tasks sync.WaitGroup

	mu       sync.Mutex // guards the fields below and those of roles
	streams  uint64
	history  uint64   // of all lines
	last     []string // lines of the history before a problem
	problems []string
	roles    []*role
	weather  weather
	clear    time.Time     // since when the weather is clear; zero if it is not
	skew     time.Duration // of the server's clock
	jumps    int           // of the local clock
	jumped   time.Time     // last jump
	running  time.Time     // since when Run is running; zero if it is not
	rejects  time.Time     // until when services reject all keys
	sum      summary
}

// A summary counts what happened in some days.
type summary struct {
	Days, Calls, Waited, Failed, Canceled, Requests, Refreshes, Temporary, Permanent, Invalidated, Jumps, Suspended, Weathers int
}

func (s *summary) add(o summary) {
	s.Days += o.Days
	s.Calls += o.Calls
	s.Waited += o.Waited
	s.Failed += o.Failed
	s.Canceled += o.Canceled
	s.Requests += o.Requests
	s.Refreshes += o.Refreshes
	s.Temporary += o.Temporary
	s.Permanent += o.Permanent
	s.Invalidated += o.Invalidated
	s.Jumps += o.Jumps
	s.Suspended += o.Suspended
	s.Weathers += o.Weathers
}

// stream returns a random source that depends only on the seed and the order of the calls.
func (w *world) stream() *rand.Rand {
	w.streams++
	return rand.New(rand.NewPCG(w.seed, w.streams))
}

// note adds a line to the history. The caller holds mu.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%14v ", time.Since(w.begin)) + fmt.Sprintf(format, args...)
	h := fnv.New64a()
	_, _ = h.Write([]byte(line))
	w.history += h.Sum64() // the order of what happens at one instant does not matter
	if len(w.problems) > 0 {
		return // only the history of the first problem matters
	}
	if w.last = append(w.last, line); len(w.last) > 400 {
		w.last = w.last[200:]
	}
}

// problem reports that an invariant does not hold. The caller holds mu.
func (w *world) problem(format string, args ...any) {
	w.note("PROBLEM: "+format, args...)
	if len(w.problems) < 5 {
		w.problems = append(w.problems, fmt.Sprintf("after %v: ", time.Since(w.begin))+fmt.Sprintf(format, args...))
	}
}

// sleep waits, and reports whether the day is not over.
func (w *world) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.ctx.Done():
		return false
	}
}

// between returns a random time from least to most, each order of magnitude as likely as another.
func between(rnd *rand.Rand, least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Exp(rnd.Float64()*math.Log(float64(most)/float64(least))))
}

// jump changes the local clock by d. With suspended, real time passes, too, and the timers stop
// meanwhile.
func (w *world) jump(d time.Duration, suspended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !suspended && doubtful(w.skew-d) {
		d += 10 * time.Second
	}
	w.note("jump %v, suspended %v", d, suspended)
	for _, r := range w.roles {
		r.subject.older(d)
		for _, k := range r.keys {
			k.localEnd = k.localEnd.Add(-d)
			if suspended {
				k.end = k.end.Add(-d)
			}
		}
	}
	if w.plan.shared != nil {
		w.plan.shared(d)
	}
	if suspended {
		w.sum.Suspended++
	} else {
		w.skew -= d
	}
	w.sum.Jumps++
	w.jumps++
	w.jumped = time.Now()
}

// doubtful reports whether it depends on the rounding of the Date header whether the provider corrects
// that difference of the clocks.
func doubtful(skew time.Duration) bool {
	return (skew.Abs() - time.Minute).Abs() < 4*time.Second
}

func newWorld(ctx context.Context, seed uint64) *world {
	w := &world{seed: seed, begin: time.Now(), clear: time.Now(), ctx: ctx}
	w.sum.Days = 1
	w.plan = newPlan(w.stream(), seed)
	w.skew = w.plan.skew
	return w
}
