package child

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// watch returns a function that waits until a process has ended. The process need not be a child of
// this one.
func watch(pid int) (wait func(), err error) {
	fd, err := unix.PidfdOpen(pid, 0)
	switch {
	case errors.Is(err, unix.ESRCH):
		return nil, fmt.Errorf("process %d: %w", pid, err)
	case err != nil: // a kernel before 5.3, or a sandbox that does not allow the call
		return poll(pid)
	}
	return func() {
		defer unix.Close(fd) //nolint:errcheck // nothing is left to do with it
		for {
			fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
			if n, err := unix.Poll(fds, -1); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}, nil
}
