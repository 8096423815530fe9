package faults_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// testLoopback runs the faults of the network once more over real connections, all at once, and counts what is left: connections of each
// cell, and file descriptors and goroutines of all together. Nothing is timed but the components' own timeouts.
func testLoopback(t *testing.T, r *report) {
	t.Helper()
	onLoopback(t, nil) // so that what the runtime opens for the first socket is there
	before, goroutines := descriptors(), goleak.IgnoreCurrent()
	t.Run("cells", func(t *testing.T) {
		var wg sync.WaitGroup
		for _, f := range networkFaults(20 * time.Millisecond) {
			r.add(f.name, f.how)
			f = f.onTheWire(t)
			for _, c := range components() {
				dir := t.TempDir()
				wg.Go(func() {
					r.cell(t, c.name, f.name, dir, func(cl *cell) { overSockets(cl, c, f) })
				})
			}
		}
		wg.Wait()
	})
	if err := goleak.Find(goroutines); err != nil {
		t.Errorf("goroutines are left: %v", err)
	}
	if after := descriptors(); after > before {
		t.Errorf("%d file descriptors, %d before", after, before)
	}
}

// overSockets has a component meet the fault before its first value, and recover from it.
func overSockets(c *cell, co component, f fault) {
	c.attempt = 2 * time.Second // long enough for a machine that is busy, short enough for a test
	w := newWorld(c, onLoopback, time.Hour)
	subject := co.start(c, w)
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()

	w.begin(f, co.host)
	_, err := subject.use(ctx)
	if err == nil && !f.passable(co.name) {
		c.Errorf("on loopback: no error")
	}
	c.checkErrorOf(w, err)
	w.end()
	const tries = 20
	for try := 1; ; try++ {
		// A key set pauses after a failure; the others may be starved here and there.
		if _, err := subject.use(ctx); err == nil {
			break
		} else if try == tries || !wait(ctx, co.repair/tries) {
			c.Errorf("on loopback: no value after %d calls: %v", try, err)
			break
		}
	}
	w.client.CloseIdleConnections()
	if !w.drained(ctx) {
		c.Errorf("on loopback: %d connections are left open", w.open.Load())
	}
}

// descriptors counts the open file descriptors, where the system tells.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
