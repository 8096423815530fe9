package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	oneSeed = flag.Int64("seed", -1, "simulate only the day of this seed, and print its history")
	from    = flag.Uint64("from", 0, "the first seed")
	days    = flag.Uint64("days", defaultDays(), "the number of seeds")
)

// defaultDays is the number of days that take about ten seconds of processor time.
func defaultDays() uint64 {
	if raceDetector {
		return 8
	}
	return 64
}

func TestMain(m *testing.M) {
	flag.Parse()
	runtime.GOMAXPROCS(1) // goroutines that start at one instant run in the order of their start
	goleak.VerifyTestMain(m)
}

func TestSimulation(t *testing.T) {
	first, n := *from, *days
	if *oneSeed >= 0 {
		first, n = uint64(*oneSeed), 1
	}
	var sum summary
	begin := time.Now()
	for seed := first; seed < first+n; seed++ {
		w := simulate(t, seed)
		sum.add(w.sum)
		if len(w.problems) > 0 {
			t.Errorf("seed %d, %s:\n%s\nrepeat it with: go test ./internal/simulation -seed=%d -v",
				seed, w.plan.kind, strings.Join(w.problems, "\n"), seed)
		}
		if *oneSeed >= 0 {
			t.Logf("%+v\n%s", w.plan, strings.Join(w.last, "\n"))
		}
	}
	t.Logf("%+v in %v", sum, time.Since(begin).Round(time.Millisecond))
}

// A seed that fails must fail again.
func TestSameSeedSameHistory(t *testing.T) {
	if raceDetector {
		t.Skip("with the race detector the runtime starts goroutines in random order")
	}
	for seed := range uint64(8) {
		a, b := simulate(t, seed), simulate(t, seed)
		if a.history != b.history {
			t.Errorf("seed %d, %s: two histories: %v", seed, a.plan.kind, firstDifference(a.last, b.last))
		}
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("\n%s\n%s", a[i], b[i])
		}
	}
	return "length"
}
