//go:build !unix

package main

import "time"

// processorTime returns the wall time on systems where the processor time is not available.
func processorTime() time.Duration { return wallTime() }
