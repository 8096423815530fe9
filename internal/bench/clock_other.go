//go:build !unix

package main

import "time"

// processorTime is the time of the wall where the other is not to be had.
func processorTime() time.Duration { return wallTime() }
