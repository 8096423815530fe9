package simulation

import (
	"bytes"
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

const day = 24 * time.Hour

// simulate simulates the day of a seed in a bubble.
func simulate(t *testing.T, seed uint64) *world {
	t.Helper()
	var w *world
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), day)
		defer cancel()
		w = newWorld(ctx, seed)
		open(w)
		w.start()
		<-ctx.Done()
		w.tasks.Wait()
		w.end()
		synctest.Wait()
		// The three are those of synctest.Test.
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		if n := bytes.Count(stacks, []byte(", synctest bubble ")); n > 3 {
			w.problem("%d goroutines are left:\n%s", n-3, stacks)
		}
	})
	return w
}

// open creates the roles of the world.
func open(w *world) {
	for n := range w.plan.roles {
		r := &role{w: w, n: n, rnd: w.stream(), keys: map[int]*key{}}
		w.roles = append(w.roles, r)
	}
	switch w.plan.kind {
	case "engine":
		w.roles[0].subject = newEngine(w.roles[0])
	case "provider":
		w.roles[0].subject = newProvider(w.roles[0])
	case "pool":
		openPool(w)
	}
}

// start starts everything that happens in the day.
func (w *world) start() {
	for n := range w.plan.callers {
		w.task(func(rnd *rand.Rand) { w.caller(rnd, w.roles[n%len(w.roles)]) })
	}
	if len(w.plan.weathers) > 0 {
		w.task(w.changeWeather)
	}
	w.task(w.reject)
	w.task(w.watch)
	if w.plan.jumps > 0 {
		w.task(w.changeClock)
	}
	if w.plan.runs {
		w.task(w.toggleRun)
	}
}

// task runs f with a random source of its own, so that the order in which goroutines run does not matter.
func (w *world) task(f func(*rand.Rand)) {
	w.mu.Lock()
	rnd := w.stream()
	w.mu.Unlock()
	w.tasks.Go(func() { f(rnd) })
}

// end checks that everything works after the day.
func (w *world) end() {
	w.setWeather(fine)
	w.mu.Lock()
	w.rejects = time.Time{}
	w.mu.Unlock()
	for _, r := range w.roles {
		time.Sleep(15 * time.Minute)
		// The first call may get an old refusal, if the next attempt takes more than a second.
		if r.call(context.Background()) == nil {
			time.Sleep(time.Minute)
			if r.call(context.Background()) != nil {
				continue
			}
			w.mu.Lock()
			w.problem("role %d: calls fail 15 minutes after all repairs", r.n)
			w.mu.Unlock()
		}
	}
	time.Sleep(10 * time.Minute) // refreshes in the background end
}

func (w *world) setWeather(to weather) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note("weather %v", to)
	w.weather = to
	w.sum.Weathers++
	w.clear = time.Time{}
	if to == fine {
		w.clear = time.Now()
	}
}

func (w *world) changeWeather(rnd *rand.Rand) {
	for w.sleep(between(rnd, w.plan.weatherPace/20, 2*w.plan.weatherPace)) {
		for {
			w.setWeather(w.plan.weathers[rnd.IntN(len(w.plan.weathers))])
			w.crowd(rnd)
			if !w.sleep(between(rnd, time.Second, w.plan.weatherLimit)) {
				return
			}
			if often(rnd, 0.8) {
				break
			}
		}
		w.setWeather(fine)
		w.crowd(rnd)
	}
}

// crowd sometimes starts calls that come soon and close together.
func (w *world) crowd(rnd *rand.Rand) {
	if often(rnd, 0.5) {
		return
	}
	within := between(rnd, time.Second, 5*time.Minute)
	for range 1 + rnd.IntN(20) {
		w.task(func(rnd *rand.Rand) {
			if w.sleep(time.Duration(rnd.Float64() * float64(within))) {
				w.use(rnd, w.roles[rnd.IntN(len(w.roles))])
			}
		})
	}
}

func (w *world) caller(rnd *rand.Rand, r *role) {
	for w.sleep(between(rnd, w.plan.pace/100, w.plan.pace*2)) {
		w.use(rnd, r)
	}
}

// use makes a call, and calls again with a rejected key.
func (w *world) use(rnd *rand.Rand, r *role) {
	ctx := context.Background()
	if often(rnd, w.plan.cancels) {
		limited, cancel := context.WithTimeout(ctx, between(rnd, time.Millisecond, 30*time.Second))
		defer cancel()
		ctx = limited
	}
	k := r.call(ctx)
	w.mu.Lock()
	rejected := k != nil && (k.rejected || time.Now().Before(w.rejects))
	w.mu.Unlock()
	if rejected {
		time.Sleep(time.Duration(1 + rnd.IntN(int(100*time.Millisecond))))
		r.invalidate(k)
		r.call(ctx)
	}
}

// reject makes services reject a key, or all keys for a while.
func (w *world) reject(rnd *rand.Rand) {
	for w.sleep(between(rnd, w.plan.rejections/20, 2*w.plan.rejections)) {
		w.mu.Lock()
		r := w.roles[rnd.IntN(len(w.roles))]
		switch {
		case often(rnd, 0.2):
			d := between(rnd, time.Second, 20*time.Minute)
			w.note("services reject all keys for %v", d)
			w.rejects = time.Now().Add(d)
		case r.current != nil:
			w.note("services reject key %d of role %d", r.current.n, r.n)
			r.current.rejected = true
		}
		w.mu.Unlock()
		w.crowd(rnd)
	}
}

// changeClock changes the local clock and suspends the machine, more often in bad weather.
func (w *world) changeClock(rnd *rand.Rand) {
	for {
		wait := between(rnd, w.plan.jumps/50, 2*w.plan.jumps)
		w.mu.Lock()
		if w.weather != fine && often(rnd, 0.5) {
			wait = between(rnd, time.Second, time.Minute)
		}
		w.mu.Unlock()
		if !w.sleep(wait) {
			return
		}
		d, suspended := between(rnd, time.Second, 6*time.Hour).Truncate(time.Second), often(rnd, 0.3)
		if !suspended && often(rnd, 0.5) {
			d = -d
		}
		w.jump(d, suspended)
		w.crowd(rnd)
	}
}

func (w *world) toggleRun(rnd *rand.Rand) {
	for {
		ctx, cancel := context.WithCancel(w.ctx)
		w.mu.Lock()
		w.note("Run begins")
		w.running = time.Now()
		w.mu.Unlock()
		if w.plan.run != nil {
			w.tasks.Go(func() { w.plan.run(ctx) })
		} else {
			for _, r := range w.roles {
				w.tasks.Go(func() { r.subject.run(ctx) })
			}
		}
		w.sleep(between(rnd, time.Minute, day))
		w.mu.Lock()
		w.note("Run ends")
		w.running = time.Time{}
		w.mu.Unlock()
		cancel()
		if !w.sleep(between(rnd, time.Second, 2*time.Hour)) {
			return
		}
	}
}

// watch checks the status about each minute.
func (w *world) watch(rnd *rand.Rand) {
	for w.sleep(between(rnd, 10*time.Second, 2*time.Minute)) {
		for _, r := range w.roles {
			r.checkStatus()
		}
	}
}
