//go:build !unix

package main

import "os/exec"

func ownGroup(*exec.Cmd) (end func()) { return func() {} }

func keepOpenFiles() error { return nil }
