//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime is what all threads of this process have worked so far, the
// collection of garbage and the kernel's work for it included. Unlike the time
// of the wall it does not run while other programs have the processor.
func processorTime() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
