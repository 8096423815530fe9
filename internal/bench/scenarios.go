package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/bench/scenario"
)

// measureScenarios runs the rows that need virtual time. Virtual time exists only in tests, so a test of
// package scenario runs them and writes the results.
func measureScenarios(ctx context.Context, b *bench) error {
	dir, err := os.MkdirTemp("", "onafed-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "results.json")
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=1h", "-run=^TestScenarios$", "./scenario",
		"-args", "-out="+file, "-rounds="+strconv.Itoa(b.rounds))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	// If we miss a goal, the test fails, but the results are complete and the table shows the miss.
	testErr := cmd.Run()
	data, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("%w (go test: %w)", err, testErr)
	}
	var r scenario.Results
	if err := json.Unmarshal(data, &r); err != nil {
		return err
	}
	b.lines = append(b.lines, scenarioLines(r)...)
	b.timeline = r.Timeline
	return nil
}

func scenarioLines(r scenario.Results) []line {
	var lines []line
	for _, f := range scenario.Faults() {
		if os := r.Outages[string(f)]; len(os) > 0 {
			lines = append(lines, outageLine(string(f), os))
		}
	}
	if len(r.Denials) > 0 {
		lines = append(lines, denialLine(r.Denials))
	}
	if len(r.Wrapped) > 0 {
		lines = append(lines, wrappedLine(r.Wrapped))
	}
	if len(r.Storms) > 0 {
		lines = append(lines, stormLine(r.Storms))
	}
	return lines
}

// pick returns the median and the largest value of a number over the rounds.
func pick[T any](rounds []T, f func(T) int) (mid, worst int) {
	var x []float64
	for _, r := range rounds {
		n := f(r)
		x, worst = append(x, float64(n)), max(worst, n)
	}
	return int(median(x)), worst
}

func outageLine(fault string, os []scenario.Outage) line {
	calls, _ := pick(os, func(o scenario.Outage) int { return o.Ours.Calls })
	failed, worstFailed := pick(os, func(o scenario.Outage) int { return o.Ours.Failed })
	stalled, worstStalled := pick(os, func(o scenario.Outage) int { return o.Ours.Stalled })
	peerFailed, _ := pick(os, func(o scenario.Outage) int { return o.Window.Failed })
	peerStalled, _ := pick(os, func(o scenario.Outage) int { return o.Window.Stalled })
	plainFailed, _ := pick(os, func(o scenario.Outage) int { return o.Default.Failed })
	return line{
		work: fmt.Sprintf("STS %s for 20 min while the credentials are valid, %s calls (virtual)", faultText(fault), group(calls)),
		peer: fmt.Sprintf("aws.CredentialsCache, ExpiryWindow 5 min: %s failed, %s stalled over 1 s; without a window it does not ask before the expiry: %d failed",
			group(peerFailed), group(peerStalled), plainFailed),
		ours: fmt.Sprintf("%d failed, %d stalled (worst round: %d, %d)", failed, stalled, worstFailed, worstStalled),
		goal: "0 failed, 0 stalled", verdict: judge(worstFailed == 0 && worstStalled == 0),
	}
}

func faultText(fault string) string {
	switch fault {
	case "500":
		return "answers 500"
	case "refused":
		return "refuses connections"
	case "throttled":
		return "throttles"
	case "HTML":
		return "sends HTML"
	}
	return fault
}

func denialLine(ds []scenario.Denial) line {
	ms := func(f func(scenario.Denial) time.Duration) (time.Duration, time.Duration) {
		mid, worst := pick(ds, func(d scenario.Denial) int { return int(f(d) / time.Millisecond) })
		return time.Duration(mid) * time.Millisecond, time.Duration(worst) * time.Millisecond
	}
	raised, worstRaised := ms(func(d scenario.Denial) time.Duration { return d.Raised })
	gone, worstGone := ms(func(d scenario.Denial) time.Duration { return d.Gone })
	_, flaps := pick(ds, func(d scenario.Denial) int { return d.Flaps })
	return line{
		work: "STS denies, then is repaired (virtual; 200 calls a second, STS latency 50 ms)",
		ours: fmt.Sprintf("raised %s after the refusal (worst %s), gone %s after the repair (worst %s), %d answers flapped",
			duration(raised), duration(worstRaised), duration(gone), duration(worstGone), flaps),
		goal:    "raised after one flight, gone within 5 s + one flight",
		verdict: judge(worstRaised <= 10*time.Millisecond && worstGone <= 5*time.Second+50*time.Millisecond+5*time.Millisecond && flaps == 0),
	}
}

func wrappedLine(ws []scenario.Wrapped) line {
	_, waited := pick(ws, func(w scenario.Wrapped) int { return w.Ours.Waited })
	peerWaited, _ := pick(ws, func(w scenario.Wrapped) int { return w.Peer.Waited })
	least := func(f func(scenario.Wrapped) scenario.Tally) time.Duration {
		l := f(ws[0]).LeastLife
		for _, w := range ws {
			l = min(l, f(w).LeastLife)
		}
		return l
	}
	ours := least(func(w scenario.Wrapped) scenario.Tally { return w.Ours })
	peer := least(func(w scenario.Wrapped) scenario.Tally { return w.Peer })
	return line{
		work: fmt.Sprintf("inside aws.CredentialsCache through refreshes, %s calls (virtual)", group(ws[0].Ours.Calls)),
		peer: fmt.Sprintf("stscreds provider: %s calls waited, down to %s of life handed out", group(peerWaited), duration(peer)),
		ours: fmt.Sprintf("%s waited, never under %s of life", group(waited), ours.Round(time.Second)),
		goal: "0 waits, never under a tenth of the window (90 s)", verdict: judge(waited == 0 && ours >= scenario.AdvisoryWindow/10),
	}
}

func stormLine(ss []scenario.Storm) line {
	_, failed := pick(ss, func(s scenario.Storm) int { return s.Ours.Failed })
	_, peak := pick(ss, func(s scenario.Storm) int { return s.Ours.Peak })
	peerFailed, _ := pick(ss, func(s scenario.Storm) int { return s.Peer.Failed })
	peerPeak, _ := pick(ss, func(s scenario.Storm) int { return s.Peer.Peak })
	var perRole, peerPerRole float64
	for _, s := range ss {
		perRole = max(perRole, s.Ours.PerRole)
		peerPerRole += s.Peer.PerRole / float64(len(ss))
	}
	s := ss[0]
	return line{
		work: fmt.Sprintf("%s roles expire together, STS limited to %d/s (virtual, %d rounds)", group(s.Roles), s.Limit, len(ss)),
		peer: fmt.Sprintf("aws.CredentialsCache: %s failed calls, %s STS calls a role, peak %s/s", group(peerFailed), digits(peerPerRole), group(peerPeak)),
		ours: fmt.Sprintf("awsfed.Pool: %s failed, %s STS calls a role, peak %s/s", group(failed), strings.TrimSuffix(fmt.Sprintf("%.2f", perRole), "0"), group(peak)),
		goal: "0 failed, 1.0 a role, peak <= limit", verdict: judge(failed == 0 && perRole == 1 && peak <= s.Limit),
	}
}
