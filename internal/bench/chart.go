package main

import (
	"fmt"
	"math"
	"time"

	"github.com/onafed/onafed/internal/bench/scenario"
	"github.com/onafed/onafed/internal/bench/svg"
)

// The layout of the chart of Retrieve through a refresh and an outage.
const (
	chartWidth  = 1000
	plotLeft    = 92
	plotRight   = chartWidth - 28
	plotHeight  = 150
	shortestLog = -3.0 // 1 ms, as a power of ten of seconds
	longestLog  = 1.0  // 10 s
)

// timelineChart draws, for both sides over the same axis, the longest wait in each half minute and the
// calls that failed.
func timelineChart(t *scenario.Timeline) []byte {
	c := svg.New(chartWidth, 560, "Latency of Retrieve through refreshes and an outage of STS",
		fmt.Sprintf("aws.CredentialsCache: %d of %d calls failed and %d waited. onafed: %d failed and %d waited.",
			t.PeerTotal.Failed, t.PeerTotal.Calls, t.PeerTotal.Waited, t.OursTotal.Failed, t.OursTotal.Waited))
	c.Text(28, 38, svg.Title, svg.Start, "How long callers of Retrieve wait, through refreshes and an outage")
	c.Text(28, 60, svg.Note, svg.Start, fmt.Sprintf("%d callers, each calls once in %v. Credentials of %v, STS takes %v and answers 500 for %v. The line is the longest wait in each half minute.",
		t.Callers, t.Every, hours(t.Life), t.STSLatency, minutes(t.OutageEnd-t.OutageBegin)))
	panel(c, 112, "aws.CredentialsCache", svg.Peer, t, t.Peer, t.PeerTotal)
	panel(c, 338, "onafed", svg.Ours, t, t.Ours, t.OursTotal)
	c.Text(28, 540, svg.Note, svg.Start, "Ticks on the axis are requests to STS. Virtual time, with the real code of both sides and the real STS client of the SDK. Drawn by internal/bench.")
	return c.Bytes()
}

func panel(c *svg.Canvas, top float64, name string, class svg.Class, t *scenario.Timeline, slots []scenario.Slot, sum scenario.Tally) {
	bottom := top + plotHeight
	x := func(at time.Duration) float64 {
		return plotLeft + (plotRight-plotLeft)*at.Seconds()/t.Total.Seconds()
	}
	floor := bottom - 12 // for calls that did not wait, below the logarithmic axis
	y := func(d time.Duration) float64 {
		if d <= 0 {
			return floor
		}
		l := min(max(math.Log10(d.Seconds()), shortestLog), longestLog)
		return floor - 18 - (floor-18-top)*(l-shortestLog)/(longestLog-shortestLog)
	}
	c.Text(plotLeft, top-14, svg.Head, svg.Start, name)
	verdictClass := svg.Bad
	if sum.Failed == 0 && sum.Waited == 0 {
		verdictClass = svg.Ours
	}
	c.Text(plotRight, top-14, verdictClass, svg.End, fmt.Sprintf("%s of %s calls failed, %s waited%s",
		group(sum.Failed), group(sum.Calls), group(sum.Waited), longestText(sum.Longest)))
	c.Rect(x(t.OutageBegin), top, x(t.OutageEnd)-x(t.OutageBegin), plotHeight, svg.Band)
	c.Text(x(t.OutageEnd)+8, top+14, svg.Label, svg.Start, "STS is down")
	for _, l := range []struct {
		at   time.Duration
		text string
	}{{0, "at once"}, {time.Millisecond, "1 ms"}, {10 * time.Millisecond, "10 ms"}, {100 * time.Millisecond, "100 ms"}, {time.Second, "1 s"}, {10 * time.Second, "10 s"}} {
		c.Line(plotLeft, y(l.at), plotRight, y(l.at), svg.Grid)
		c.Text(plotLeft-8, y(l.at)+4, svg.Label, svg.End, l.text)
	}
	for at := time.Duration(0); at <= t.Total; at += 30 * time.Minute {
		c.Line(x(at), bottom, x(at), bottom+4, svg.Axis)
		c.Text(x(at), bottom+18, svg.Label, svg.Middle, hours(at))
	}
	c.Line(plotLeft, bottom, plotRight, bottom, svg.Axis)
	var points []svg.Point
	for i, s := range slots {
		points = append(points, svg.Point{X: x(time.Duration(i)*t.Step + t.Step/2), Y: y(s.Longest)})
	}
	for i, s := range slots {
		if s.STSCalls > 0 {
			c.Rect(points[i].X-1, bottom-7, 2, 7, class)
		}
	}
	c.Path(points, class)
	failures := false
	for i, s := range slots {
		if s.Failed > 0 {
			failures = true
			c.Dot(points[i].X, points[i].Y, 3.2, svg.Bad)
		}
	}
	if failures {
		c.Text(x(t.OutageEnd)+8, top+32, svg.Bad, svg.Start, "red: calls fail")
	}
}

func longestText(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return ", up to " + duration(d)
}

func hours(d time.Duration) string {
	if d%time.Hour == 0 {
		return fmt.Sprintf("%d h", d/time.Hour)
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d min", d/time.Minute) }
