//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns the processor time of all threads of this process, including garbage
// collection and the kernel. Unlike wall time, it does not advance while other programs run.
func processorTime() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
