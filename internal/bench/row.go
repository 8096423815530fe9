package main

import (
	"context"
	"time"

	"github.com/onafed/onafed/internal/bench/scenario"
)

// A row is one comparison. It may add several lines to the table.
type row struct {
	name, work string
	measure    func(ctx context.Context, b *bench) error
}

// allRows returns the rows in the order of the table.
func allRows() []row {
	rows := []row{
		{"refresh", "1,000 callers through a refresh, real time", measureRefresh},
		{"db-tokens", "1,000 connections ask for an RDS token through a refresh, real time", measureDBTokens},
		{"scenarios", "outages, expiry, denial, rejected key, wrapped, storm, timeline: virtual time", measureScenarios("outage,expiry,denial,deadkey,wrapped,storm,timeline")},
		{"chain", "a chain of two roles through an outage: virtual time", measureScenarios("chain")},
		{"memory", "memory and goroutines of a loaded role", measureMemory},
		{"hot", "Retrieve, valid credentials, 1 to 1,024 goroutines", measureHot},
		{"cold", "first credentials", measureCold},
	}
	for _, m := range contests() {
		rows = append(rows, row{m.name, m.work, func(_ context.Context, b *bench) error { return m.measure(b) }})
	}
	return append(rows, row{"lint", "lint the roles of a large account", measureLint},
		row{"jwks", "JWKS requests over a socket", measureJWKS},
		row{"edit", "edit one of 200 profiles safely", measureEdit},
		row{"process", "onafed aws credential-process, cache hit, whole process", measureProcess})
}

// A bench is one run of the program.
type bench struct {
	rounds   int
	slice    time.Duration // time of each side in a round
	lines    []line
	timeline *scenario.Timeline // for the chart; nil if that row was not chosen
}

// A line is one line of the table.
type line struct {
	work  string
	peer  string
	ours  string
	ratio string
	goal  string
	// verdict reports whether the goal was met; the zero value means that there is no goal.
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
