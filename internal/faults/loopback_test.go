package faults_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// testLoopback runs the faults of the network over real connections, all at once. It counts what is
// left: the connections of each cell, and the file descriptors and goroutines of all cells. It
// measures no times.
func testLoopback(t *testing.T, r *report) {
	t.Helper()
	onLoopback(t, nil) // the runtime opens descriptors for the first socket
	before, goroutines := descriptors(), goleak.IgnoreCurrent()
	t.Run("cells", func(t *testing.T) {
		var wg sync.WaitGroup
		for _, f := range networkFaults(20 * time.Millisecond) {
			r.add(f.name, f.how)
			f = f.overLoopback(t)
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
		t.Errorf("goroutines are still running: %v", err)
	}
	if after := descriptors(); after > before {
		t.Errorf("%d file descriptors, want at most %d as before", after, before)
	}
}

// overSockets runs a component with the fault before its first value, and then without it.
func overSockets(c *cell, co component, f fault) {
	c.attempt = 2 * time.Second // long enough for a busy machine, short enough for a test
	w := newWorld(c, onLoopback, time.Hour)
	subject := co.start(c, w)
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()

	w.begin(f, co.host)
	_, err := subject.use(ctx)
	if err == nil && !f.isTolerated(co.name) {
		c.Errorf("on loopback: no error")
	}
	c.checkErrorOf(w, err)
	w.end()
	const tries = 20
	for try := 1; ; try++ {
		// A key set pauses after a failure. On a busy machine the other components may fail, too.
		if _, err := subject.use(ctx); err == nil {
			break
		} else if try == tries || !wait(ctx, co.recovery/tries) {
			c.Errorf("on loopback: no value after %d calls: %v", try, err)
			break
		}
	}
	w.client.CloseIdleConnections()
	if !w.drained(ctx) {
		c.Errorf("on loopback: %d connections are still open", w.open.Load())
	}
}

// descriptors returns the number of open file descriptors, or 0 if the system does not provide it.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
