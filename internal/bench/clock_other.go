//go:build !unix

package main

import (
	"os"
	"time"
)

// processorTime returns the wall time on systems where the processor time is not available.
func processorTime() time.Duration { return wallTime() }

// largestMemory returns 0 on systems where the memory of a process is not available.
func largestMemory(*os.ProcessState) int { return 0 }
