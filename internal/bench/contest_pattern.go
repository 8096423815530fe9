package main

import (
	"strings"

	"github.com/minio/pkg/v3/wildcard"
	"github.com/onafed/onafed/awsfed/trust"
)

func patternContest() []contestLine {
	const ordinary = "org:" + orgID + "/prj:*/env:*"
	// Each has as many ways to be tried as there are ways to place its parts.
	const hostile = "*a*a*a*b*"
	const hostileMarks = "*a?*a?*a?*b?*"
	long := strings.Repeat("a", 64)
	compiled, compiledHostile, compiledMarks := trust.CompilePattern(ordinary), trust.CompilePattern(hostile), trust.CompilePattern(hostileMarks)
	match := side{"trust.Pattern", func() {
		if !compiled.Match(subject) {
			panic("no match")
		}
	}}
	matchHostile := side{"trust.Pattern", func() {
		if compiledHostile.Match(long) {
			panic("a match")
		}
	}}
	marks := side{"trust.Pattern", func() {
		if compiledMarks.Match(long) {
			panic("a match")
		}
	}}
	return []contestLine{
		{
			work: "StringLike match, compiled", ours: match,
			peers: []peer{{side{"minio wildcard", func() {
				if !wildcard.Match(ordinary, subject) {
					panic("no match")
				}
			}}, 0.15}},
			maxAllocs: 0,
		},
		{
			work: "StringLike match, hostile pattern, beside our ordinary one", ours: matchHostile,
			peers:     []peer{{match, 10}},
			maxAllocs: 0,
		},
		{
			work: "StringLike match, hostile pattern with question marks, beside our ordinary one", ours: marks,
			peers:     []peer{{match, 10}},
			maxAllocs: 0,
		},
		{
			work: "StringLike match, hostile pattern", ours: matchHostile,
			peers: []peer{{side{"minio wildcard", func() {
				if wildcard.Match(hostile, long) {
					panic("a match")
				}
			}}, 0}},
			maxAllocs: -1,
		},
	}
}
