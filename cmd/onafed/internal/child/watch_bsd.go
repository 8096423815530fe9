//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package child

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// watch returns a function that waits until a process has ended. The process need not be a child of
// this one.
func watch(pid int) (wait func(), err error) {
	queue, err := unix.Kqueue()
	if err != nil {
		return poll(pid)
	}
	var exit unix.Kevent_t
	unix.SetKevent(&exit, pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	exit.Fflags = unix.NOTE_EXIT
	if _, err := unix.Kevent(queue, []unix.Kevent_t{exit}, nil, nil); err != nil {
		unix.Close(queue) //nolint:errcheck // it was not used
		return nil, fmt.Errorf("process %d: %w", pid, err)
	}
	return func() {
		defer unix.Close(queue) //nolint:errcheck // nothing is left to do with it
		for {
			events := make([]unix.Kevent_t, 1)
			if n, err := unix.Kevent(queue, nil, events, nil); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}, nil
}
