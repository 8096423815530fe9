package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/bench/svg"
)

// document returns the table.
func document(results []Result) string {
	var b strings.Builder
	if len(results) == 0 {
		return ""
	}
	p := results[0].Plan
	fmt.Fprintf(&b, "# A fleet of %s providers for %s\n\n", group(p.Providers), clock(p.Total))
	fmt.Fprintf(&b, "Written by `go run ./fleet`, in virtual time: %s processes with one provider each, which call it every %v. Credentials last %s, STS takes %v "+
		"and has no limit; it answers 503 for %s from %s on. Both sides are the real code with its defaults: `awsfed.Provider`, and `aws.CredentialsCache` around "+
		"`stscreds.WebIdentityRoleProvider` with the SDK's standard retryer. The STS client is a substitute that sends as often as the retryer decides.\n\n",
		group(p.Providers), p.Every, clock(life), latency, clock(p.Down), clock(p.Outage))
	b.WriteString("| fleet | library | STS calls/s, mean | peak in the first minutes | peak after them | peak in and after the outage | failed calls | calls with an expired key | processes with a failed call | " +
		"last failed call, after the outage | all refreshed, after the outage |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		for _, s := range []struct {
			name string
			side Side
		}{{"onafed", r.Ours}, {"aws.CredentialsCache", r.Peer}, {"the SDK's coming cache (model)", r.Coming}} {
			fmt.Fprintf(&b, "| %s | %s | %.1f | %s | %s | %s | %s of %s | %s | %s | %s | %s |\n", r.Plan.Name, s.name, s.side.Mean,
				group(s.side.StartPeak), group(s.side.Peak), group(s.side.OutagePeak), group(s.side.Failed), group(s.side.Calls), group(s.side.Expired), group(s.side.Hurt),
				after(s.side.Until, s.side.Failed > 0), settled(s.side.Settled))
		}
	}
	b.WriteString("\nThe mean is from the first hour on. The peak in the first minutes is the start, when no process has credentials. " +
		"A call of `aws.CredentialsCache` waits for STS each time its credentials have expired; `awsfed.Provider` refreshes in the background. " +
		"The model follows a description of code of the SDK that is not released; it hides failures from callers, so nothing is known about its recovery.\n")
	return b.String()
}

func after(d time.Duration, failed bool) string {
	if !failed {
		return "none failed"
	}
	return d.Round(100 * time.Millisecond).String()
}

// settled formats the time until all were refreshed; "-" if nobody knows.
func settled(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return after(d, true)
}

// clock formats hours and minutes.
func clock(d time.Duration) string {
	h, m := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case h == 0:
		return fmt.Sprintf("%d min", m)
	case m == 0:
		return fmt.Sprintf("%d h", h)
	}
	return fmt.Sprintf("%d h %d min", h, m)
}

func group(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

const (
	width    = 1000
	left     = 84
	right    = width - 28
	height   = 190
	distance = 262 // from panel to panel
)

// chart draws the calls that STS gets: for each minute, the largest number in a second.
func chart(results []Result) []byte {
	c := svg.New(width, 90+distance*len(results), "Calls that STS gets from a fleet", "Most calls a second of each minute, for a fleet on onafed and the same fleet on aws.CredentialsCache.")
	providers := 0
	if len(results) > 0 {
		providers = results[0].Plan.Providers
	}
	c.Text(28, 38, svg.Title, svg.Start, fmt.Sprintf("What STS gets from %s providers in a day: most calls a second in each minute", group(providers)))
	for i, r := range results {
		panel(c, 100+float64(i*distance), r)
	}
	return c.Bytes()
}

func panel(c *svg.Canvas, top float64, r Result) {
	bottom := top + height
	x := func(d time.Duration) float64 { return left + (right-left)*d.Hours()/r.Plan.Total.Hours() }
	most := 1.0
	for _, n := range append(append([]int{}, r.Ours.Minutes...), r.Peer.Minutes...) {
		most = max(most, float64(n))
	}
	decades := math.Ceil(math.Log10(most))
	y := func(n float64) float64 {
		if n < 1 {
			return bottom
		}
		return bottom - 12 - (height-12)*math.Log10(n)/decades
	}
	c.Text(left, top-30, svg.Head, svg.Start, r.Plan.Name)
	c.Text(left, top-12, svg.Ours, svg.Start, fmt.Sprintf("onafed: peak %s/s after the start, %s failed calls", group(r.Ours.Peak), group(r.Ours.Failed)))
	c.Text(right, top-12, svg.Peer, svg.End, fmt.Sprintf("aws.CredentialsCache: peak %s/s, %s failed calls", group(r.Peer.Peak), group(r.Peer.Failed)))
	c.Rect(x(r.Plan.Outage), top, max(2, x(r.Plan.Outage+r.Plan.Down)-x(r.Plan.Outage)), height, svg.Band)
	c.Text(x(r.Plan.Outage+r.Plan.Down)+6, top+12, svg.Label, svg.Start, "STS was down")
	for d := 0.0; d <= decades; d++ {
		n := math.Pow(10, d)
		c.Line(left, y(n), right, y(n), svg.Grid)
		c.Text(left-8, y(n)+4, svg.Label, svg.End, group(int(n)))
	}
	step := 2 * time.Hour
	for at := time.Duration(0); at <= r.Plan.Total; at += step {
		c.Line(x(at), bottom, x(at), bottom+4, svg.Axis)
		c.Text(x(at), bottom+18, svg.Label, svg.Middle, fmt.Sprintf("%d h", at/time.Hour))
	}
	c.Line(left, bottom, right, bottom, svg.Axis)
	for _, s := range []struct {
		minutes []int
		class   svg.Class
	}{{r.Peer.Minutes, svg.Peer}, {r.Ours.Minutes, svg.Ours}} {
		var points []svg.Point
		for i, n := range s.minutes {
			points = append(points, svg.Point{X: x(time.Duration(i) * time.Minute), Y: y(float64(n))})
		}
		c.Path(points, s.class)
	}
}
