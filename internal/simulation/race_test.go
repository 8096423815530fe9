//go:build race

package simulation

// raceDetector reports whether the race detector is on. It would see the changes of makeOlder to what
// goroutines that sleep have read.
const raceDetector = true
