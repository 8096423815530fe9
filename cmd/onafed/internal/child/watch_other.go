//go:build unix && !linux && !darwin && !freebsd && !netbsd && !openbsd && !dragonfly

package child

// watch returns a function that waits until a process has ended.
func watch(pid int) (wait func(), err error) { return poll(pid) }
