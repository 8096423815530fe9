//go:build !unix

package faults_test

import "testing"

func testDisk(t *testing.T, _ *report) { t.Skip("disks are broken by means of Unix") }

func diskRole(string) func(*testing.T, string, string) {
	return func(t *testing.T, _, _ string) { t.Fatal("no such role") }
}
