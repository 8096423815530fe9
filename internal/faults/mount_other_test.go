//go:build unix && !linux

package faults_test

import (
	"errors"
	"os/exec"
)

func ownMounts(*exec.Cmd) bool { return false }

func mountMemory(string, int) error { return errors.ErrUnsupported }

func remount(string, bool) error { return errors.ErrUnsupported }
