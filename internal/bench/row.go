package main

import (
	"context"
	"time"

	"github.com/onafed/onafed/internal/bench/scenario"
)

// A row is one comparison; it may add several lines to the table.
type row struct {
	name, work string
	measure    func(ctx context.Context, b *bench) error
}

// allRows returns the rows in the order of the table.
func allRows() []row {
	rows := []row{
		{"refresh", "1,000 callers through a refresh, real time", measureRefresh},
		{"scenarios", "outages, denial, wrapped, storm, timeline: virtual time", measureScenarios},
		{"memory", "memory and goroutines of a loaded role", measureMemory},
		{"hot", "Retrieve, valid credentials, 1 to 1,024 goroutines", measureHot},
		{"cold", "first credentials", measureCold},
	}
	for _, m := range contests() {
		rows = append(rows, row{m.name, m.work, func(_ context.Context, b *bench) error { return m.measure(b) }})
	}
	return append(rows, row{"jwks", "JWKS requests over a socket", measureJWKS}, row{"edit", "edit one of 200 profiles safely", measureEdit})
}

// bench is a run of the program.
type bench struct {
	rounds   int
	slice    time.Duration // how long each side works in a round
	lines    []line
	timeline *scenario.Timeline // for the chart; nil if that row was not chosen
}

// A line is one of the table.
type line struct {
	work  string
	peer  string
	ours  string
	ratio string
	goal  string
	// verdict is what became of the goal; the zero value is that there is none.
	verdict verdict
}

type verdict string

const (
	met    verdict = "met"
	missed verdict = "**missed**"
	noGoal verdict = ""
)

func judge(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

func (b *bench) add(l line) { b.lines = append(b.lines, l) }
