//go:build !unix

package faults_test

import "testing"

func testDisk(t *testing.T, _ *report) { t.Skip("the faults of disks need Unix") }

func diskRole(string) func(*testing.T, string, string) {
	return func(t *testing.T, _, _ string) { t.Fatal("no such role") }
}
