//go:build unix

package child

import (
	"fmt"
	"syscall"
	"time"
)

// pollInterval is how often poll looks for a process.
const pollInterval = 200 * time.Millisecond

// poll returns a function that waits until a process has ended, for systems that do not report it.
// A process has ended when its ID is free, which is after its parent has read its exit status.
func poll(pid int) (wait func(), err error) {
	if err := syscall.Kill(pid, 0); err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	return func() {
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		for syscall.Kill(pid, 0) != syscall.ESRCH {
			<-tick.C
		}
	}, nil
}
