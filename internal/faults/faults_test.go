package faults_test

import (
	"flag"
	"testing"
)

var update = flag.Bool("update", false, "write the table to README.md")

// TestFaults is the matrix.
func TestFaults(t *testing.T) {
	r := new(report)
	t.Run("network", func(t *testing.T) { testNetwork(t, r) })
	t.Run("token file", func(t *testing.T) { testTokenFile(t, r) })
	t.Run("clock", func(t *testing.T) { testClock(t, r) })
	t.Run("crowd", func(t *testing.T) { testCrowd(t, r) })
	t.Run("loopback", func(t *testing.T) { testLoopback(t, r) })
	t.Run("kill", func(t *testing.T) { testKill(t, r) })
	r.print(t)
}
