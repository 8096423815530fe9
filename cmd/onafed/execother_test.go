//go:build !unix

package main

import "os"

// childSignals returns the signals that the program child prints.
func childSignals() []os.Signal { return []os.Signal{os.Interrupt} }
