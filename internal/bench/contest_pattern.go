package main

import (
	"strings"
	"time"

	"github.com/minio/pkg/v3/wildcard"
	"github.com/onafed/onafed/awsfed/trust/pattern"
)

func patternContest() []contestLine {
	const ordinary = "org:" + orgID + "/prj:*/env:*"
	const stars = "*a*a*a*b*" // many ways to match its parts
	long := strings.Repeat("a", 64)
	// At 512 positions, 1,024 characters match before the first difference.
	hostile := strings.Repeat("*a", 510) + "*" + strings.Repeat("a?", 512) + "ab*"
	return []contestLine{
		{
			work: "StringLike match, compiled", ours: matchSide(ordinary, subject, true),
			peers:     []peer{{minioSide(ordinary, subject, true), 0.10}},
			maxAllocs: 0,
		},
		{
			work: "StringLike match, several asterisks", ours: matchSide(stars, long, false),
			peers:     []peer{{minioSide(stars, long, false), 0.10}},
			maxAllocs: 0,
		},
		{
			work: "StringLike match, hostile pattern and value of 2,048 characters", ours: matchSide(hostile, strings.Repeat("a", 2048), false),
			maxTime: time.Millisecond, maxAllocs: 0,
		},
	}
}

// matchSide matches value with the compiled pattern p.
func matchSide(p, value string, want bool) side {
	compiled := pattern.Compile(p)
	return side{"pattern.Pattern", func() {
		if compiled.Match(value) != want {
			panic("wrong answer")
		}
	}}
}

func minioSide(p, value string, want bool) side {
	return side{"minio wildcard", func() {
		if wildcard.Match(p, value) != want {
			panic("wrong answer")
		}
	}}
}
