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

	"github.com/onafed/onafed/internal/bench/fakests"
	"github.com/onafed/onafed/internal/bench/scenario"
)

// measureScenarios returns a function that runs rows that need virtual time, given their names
// separated by commas. Virtual time exists only in tests, so a test of package scenario runs them and
// writes the results.
func measureScenarios(names string) func(context.Context, *bench) error {
	return func(ctx context.Context, b *bench) error { return runScenarios(ctx, b, names) }
}

func runScenarios(ctx context.Context, b *bench, names string) error {
	dir, err := os.MkdirTemp("", "onafed-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "results.json")
	cmd := exec.CommandContext(ctx, "go", "test", "-count=1", "-timeout=1h", "-run=^TestScenarios$", "./scenario",
		"-args", "-only="+names, "-out="+file, "-rounds="+strconv.Itoa(b.rounds))
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
	if r.Timeline != nil {
		b.timeline = r.Timeline
	}
	return nil
}

func scenarioLines(r scenario.Results) []line {
	var lines []line
	for _, f := range scenario.Faults() {
		if os := r.Outages[string(f)]; len(os) > 0 {
			lines = append(lines, outageLine(string(f), os))
		}
	}
	for _, f := range scenario.Faults() {
		if es := r.Expiries[string(f)]; len(es) > 0 {
			lines = append(lines, expiryLine(f, es))
		}
	}
	if len(r.Denials) > 0 {
		lines = append(lines, denialLine(r.Denials))
	}
	if len(r.DeadKeys) > 0 {
		lines = append(lines, deadKeyLine(r.DeadKeys))
	}
	if len(r.Wrapped) > 0 {
		lines = append(lines, wrappedLine(r.Wrapped), wrappedComingLine(r.Wrapped))
	}
	if len(r.Storms) > 0 {
		lines = append(lines, stormLine(r.Storms))
	}
	if len(r.Chains) > 0 {
		lines = append(lines, chainLine(r.Chains))
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

func expiryLine(fault fakests.Fault, es []scenario.Expiry) line {
	number := func(f func(scenario.Expiry) time.Duration) (mid, worst time.Duration) {
		m, w := pick(es, func(e scenario.Expiry) int { return int(f(e) / time.Millisecond) })
		return time.Duration(m) * time.Millisecond, time.Duration(w) * time.Millisecond
	}
	_, expired := pick(es, func(e scenario.Expiry) int { return e.Ours.Expired })
	fresh, worst := number(func(e scenario.Expiry) time.Duration { return e.Ours.Fresh })
	expiredFor, _ := number(func(e scenario.Expiry) time.Duration { return e.Coming.ExpiredFor })
	comingFresh, _ := number(func(e scenario.Expiry) time.Duration { return e.Coming.Fresh })
	todayFresh, _ := number(func(e scenario.Expiry) time.Duration { return e.Today.Fresh })
	return line{
		work: fmt.Sprintf("STS %s from 17 min before the expiry until 1 min after it, a call a second (virtual)", faultText(string(fault))),
		peer: fmt.Sprintf("the SDK's coming cache (model): expired keys for %s, new ones %s after the repair; aws.CredentialsCache: no expired key, %s after the repair",
			duration(expiredFor), duration(comingFresh), duration(todayFresh)),
		ours: fmt.Sprintf("%d expired keys, new ones %s after the repair (worst round: %s)", expired, duration(fresh), duration(worst)),
		goal: fmt.Sprintf("0 expired keys, <= 15 s and the attempt under way (%s)", duration(scenario.MaxFresh(fault)-15*time.Second)), verdict: judge(expired == 0 && worst > 0 && worst <= scenario.MaxFresh(fault)),
	}
}

func deadKeyLine(ds []scenario.DeadKey) line {
	least := ds[0].Requests
	for _, d := range ds {
		least = min(least, d.Ours.Succeeded)
	}
	peer, _ := pick(ds, func(d scenario.DeadKey) int { return d.Peer.Succeeded })
	_, calls := pick(ds, func(d scenario.DeadKey) int { return d.Ours.STSCalls })
	return line{
		work: fmt.Sprintf("%d requests together with a key that the service rejects, the SDK's default retries (virtual)", ds[0].Requests),
		peer: fmt.Sprintf("aws.CredentialsCache: %d succeed", peer),
		ours: fmt.Sprintf("%d succeed, %d STS calls", least, calls),
		goal: "all succeed, 1 STS call", verdict: judge(least == ds[0].Requests && calls == 1),
	}
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
		goal:    "raised after one attempt, gone within 5 s + one attempt",
		verdict: judge(worstRaised <= 10*time.Millisecond && worstGone <= 5*time.Second+50*time.Millisecond+5*time.Millisecond && flaps == 0),
	}
}

// leastLife returns the least remaining life of a returned key in all rounds.
func leastLife(ws []scenario.Wrapped, f func(scenario.Wrapped) scenario.Tally) time.Duration {
	least := f(ws[0]).LeastLife
	for _, w := range ws {
		least = min(least, f(w).LeastLife)
	}
	return least
}

func wrappedLine(ws []scenario.Wrapped) line {
	return wrappedIn(ws, "aws.CredentialsCache", "", func(w scenario.Wrapped) (ours, peer scenario.Tally, denied scenario.Denial) {
		return w.Ours, w.Peer, w.Denied
	})
}

func wrappedComingLine(ws []scenario.Wrapped) line {
	return wrappedIn(ws, "the SDK's coming cache (model)", " (model)", func(w scenario.Wrapped) (ours, peer scenario.Tally, denied scenario.Denial) {
		return w.OursComing, w.PeerComing, w.DeniedComing
	})
}

func wrappedIn(ws []scenario.Wrapped, cache, mark string, of func(scenario.Wrapped) (ours, peer scenario.Tally, denied scenario.Denial)) line {
	ours := func(w scenario.Wrapped) scenario.Tally { o, _, _ := of(w); return o }
	peer := func(w scenario.Wrapped) scenario.Tally { _, p, _ := of(w); return p }
	_, waited := pick(ws, func(w scenario.Wrapped) int { return ours(w).Waited })
	_, expired := pick(ws, func(w scenario.Wrapped) int { return ours(w).Expired })
	_, raised := pick(ws, func(w scenario.Wrapped) int { _, _, d := of(w); return int(d.Raised) })
	peerWaited, _ := pick(ws, func(w scenario.Wrapped) int { return peer(w).Waited })
	left := leastLife(ws, ours)
	return line{
		work:    fmt.Sprintf("inside %s through refreshes, %s calls (virtual)", cache, group(ours(ws[0]).Calls)),
		peer:    fmt.Sprintf("stscreds provider%s: %s calls waited, down to %s of life handed out", mark, group(peerWaited), duration(leastLife(ws, peer))),
		ours:    fmt.Sprintf("%s waited, %d expired keys, never under %s of life; a refusal reaches callers after %s", group(waited), expired, left.Round(time.Second), duration(time.Duration(raised))),
		goal:    fmt.Sprintf("0 waits, 0 expired, never under a tenth of the window (90 s), refusals within %s", duration(scenario.MaxRaised)),
		verdict: judge(waited == 0 && expired == 0 && left >= scenario.AdvisoryWindow/10 && time.Duration(raised) <= scenario.MaxRaised),
	}
}

func chainLine(cs []scenario.Chain) line {
	text := func(side func(scenario.Chain) scenario.Tally) string {
		failed, _ := pick(cs, func(c scenario.Chain) int { return side(c).Failed })
		longest, _ := pick(cs, func(c scenario.Chain) int { return int(side(c).Longest) })
		calls, _ := pick(cs, func(c scenario.Chain) int { return side(c).STSCalls })
		return fmt.Sprintf("%s failed, longest wait %s, %s STS calls", group(failed), wait(time.Duration(longest)), group(calls))
	}
	ours := func(c scenario.Chain) scenario.Tally { return c.Ours }
	_, failed := pick(cs, func(c scenario.Chain) int { return c.Ours.Failed })
	_, waited := pick(cs, func(c scenario.Chain) int { return c.Ours.Waited })
	return line{
		work: fmt.Sprintf("a chain of two roles for 130 min with 20 min of STS answering 500 before an expiry, %s calls (virtual)", group(cs[0].Ours.Calls)),
		peer: "stscreds.AssumeRoleProvider over WebIdentityRoleProvider in aws.CredentialsCaches, ExpiryWindow 5 min: " +
			text(func(c scenario.Chain) scenario.Tally { return c.Window }) + "; without a window: " +
			text(func(c scenario.Chain) scenario.Tally { return c.Default }),
		ours: text(ours), goal: "0 failed, 0 waits", verdict: judge(failed == 0 && waited == 0),
	}
}

// wait is duration, with 0 for no wait.
func wait(d time.Duration) string {
	if d == 0 {
		return "0"
	}
	return duration(d)
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
