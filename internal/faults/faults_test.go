package faults_test

import (
	"flag"
	"runtime"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table to README.md")

// TestFaults runs the matrix. Its parts run one after the other. The cells of most parts run in
// parallel.
func TestFaults(t *testing.T) {
	r := new(report)
	parts := []struct {
		name string
		run  func(*testing.T, *report)
	}{
		{"network", testNetwork},
		{"token file", testTokenFile},
		{"clock", testClock},
		{"callers", testCallers},
		{"loopback", testLoopback},
		{"kill", testKill},
		{"lock", testLock},
		{"disk", testDisk},
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.run(t, r) })
	}
	r.print(t)
	chosen := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String()
	if part := strings.Contains(chosen, "/"); !part && runtime.GOOS == "linux" && !t.Failed() {
		r.compare(t, *update)
	}
}
