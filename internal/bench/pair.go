package main

import (
	"runtime"
	"slices"
	"testing"
	"time"
)

// A side is one library in a comparison.
type side struct {
	name string
	// once does the work once.
	once func()
}

// loop does the work n times.
func (s side) loop(n int) {
	for range n {
		s.once()
	}
}

// rounds are the nanoseconds per operation: one slice for each side, one element for each round.
type rounds [][]float64

// turns is the number of parts of a round. The sides take turns, forward and back, so that other load on
// the machine affects them equally.
const turns = 8

// A clock returns a time; only differences of it count.
type clock func() time.Duration

var started = time.Now() //nolint:gochecknoglobals // never written; the origin of wallTime

// wallTime returns the time since the start of the program.
func wallTime() time.Duration { return time.Since(started) }

// race runs the sides in turns, each for about slice in a round, and measures them with the clock.
func race(now clock, n int, slice time.Duration, loops ...func(n int)) rounds {
	times := make(rounds, len(loops))
	counts := make([]int, len(loops))
	for i, loop := range loops {
		counts[i] = calibrate(loop, slice/turns)
	}
	for range n {
		runtime.GC() // so that no side pays for the garbage of the other
		spent := make([]time.Duration, len(loops))
		for turn := range turns {
			for i := range loops {
				if turn%2 == 1 {
					i = len(loops) - 1 - i
				}
				begin := now()
				loops[i](counts[i])
				spent[i] += now() - begin
			}
		}
		for i := range loops {
			times[i] = append(times[i], float64(spent[i])/float64(turns*counts[i]))
		}
	}
	return times
}

// calibrate returns how often the work fits into the time, at least once. It uses the fastest of three
// attempts, because other programs may delay one.
func calibrate(loop func(n int), d time.Duration) int {
	for n := 1; ; {
		took := time.Duration(1 << 62)
		for range 3 {
			begin := time.Now()
			loop(n)
			took = min(took, max(time.Since(begin), 1))
		}
		if took >= d/2 || n >= 1<<30 {
			return max(1, int(float64(n)*float64(d)/float64(took)))
		}
		if took < d/100 {
			n *= 10
		} else {
			n *= 2
		}
	}
}

// ns returns the median of side i.
func (r rounds) ns(i int) float64 { return median(r[i]) }

// ratio returns the median of the ratios of side i to side j, round by round.
func (r rounds) ratio(i, j int) float64 {
	ratios := make([]float64, len(r[i]))
	for k := range ratios {
		ratios[k] = r[i][k] / r[j][k]
	}
	return median(ratios)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	if n := len(x); n%2 == 0 {
		return (x[n/2-1] + x[n/2]) / 2
	}
	return x[len(x)/2]
}

// allocs returns the number of allocations of one call.
func allocs(f func()) float64 { return testing.AllocsPerRun(100, f) }
