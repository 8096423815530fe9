package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const events = `{"Action":"start","Package":"m/a"}
{"Action":"run","Package":"m/a","Test":"TestPass"}
{"Action":"output","Package":"m/a","Test":"TestPass","Output":"=== RUN   TestPass\n"}
{"Action":"output","Package":"m/a","Test":"TestPass/sub","Output":"passing output\n"}
{"Action":"pass","Package":"m/a","Test":"TestPass/sub"}
{"Action":"pass","Package":"m/a","Test":"TestPass"}
{"Action":"output","Package":"m/a","Test":"TestSkip","Output":"    a_test.go:7: needs a \"disk\"\n"}
{"Action":"output","Package":"m/a","Test":"TestSkip","Output":"--- SKIP: TestSkip (0.00s)\n"}
{"Action":"skip","Package":"m/a","Test":"TestSkip"}
{"Action":"output","Package":"m/a","Output":"PASS\n"}
{"Action":"pass","Package":"m/a"}
{"Action":"skip","Package":"m/none"}
`

func TestReadCountsTests(t *testing.T) {
	var r result
	var out bytes.Buffer
	if err := r.read(strings.NewReader(events), &out); err != nil {
		t.Fatal(err)
	}
	if r.packages != 1 || r.passed != 1 || r.failed != 0 || !r.ok() || out.Len() != 0 {
		t.Errorf("%+v, output %q, want one package, one passed test and no output", r, &out)
	}
	if diff := cmp.Diff([]string{`m/a TestSkip: needs a "disk"`}, r.skipped); diff != "" {
		t.Errorf("skipped: -want +got:\n%s", diff)
	}
}

func TestReadPrintsFailures(t *testing.T) {
	tests := map[string]struct {
		events          string
		failed          int
		problems        []string
		prints, without string
	}{
		"a subtest fails": {
			`{"Action":"output","Package":"m/a","Test":"TestB","Output":"other\n"}
{"Action":"pass","Package":"m/a","Test":"TestB"}
{"Action":"output","Package":"m/a","Test":"TestA/sub","Output":"want 1\n"}
{"Action":"fail","Package":"m/a","Test":"TestA/sub"}
{"Action":"fail","Package":"m/a","Test":"TestA"}
{"Action":"fail","Package":"m/a"}`,
			1,
			[]string{"package m/a failed"},
			"want 1", "other",
		},
		"the process ends": {
			`{"Action":"output","Package":"m/a","Test":"TestA","Output":"panic: x\n"}
{"Action":"fail","Package":"m/a"}`,
			0,
			[]string{"package m/a failed"},
			"panic: x", "\x00",
		},
		"the build fails": {
			`{"ImportPath":"m/a [m/a.test]","Action":"build-output","Output":"a.go:3: undefined: x\n"}
{"ImportPath":"m/a [m/a.test]","Action":"build-fail"}
{"Action":"fail","Package":"m/a","FailedBuild":"m/a [m/a.test]"}`,
			0,
			[]string{"package m/a failed"},
			"undefined: x", "\x00",
		},
		"the go command prints no JSON": {"go: something\n", 0, nil, "go: something", "\x00"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r result
			var out bytes.Buffer
			if err := r.read(strings.NewReader(test.events), &out); err != nil {
				t.Fatal(err)
			}
			if r.failed != test.failed {
				t.Errorf("%d failed tests, want %d", r.failed, test.failed)
			}
			if diff := cmp.Diff(test.problems, r.problems); diff != "" {
				t.Errorf("problems: -want +got:\n%s", diff)
			}
			if got := out.String(); !strings.Contains(got, test.prints) || strings.Contains(got, test.without) {
				t.Errorf("printed %q, want %q, without %q", got, test.prints, test.without)
			}
		})
	}
}

func TestReportFailsUnlessEveryPlatformPassed(t *testing.T) {
	tests := map[string]struct {
		result result
		prints string
		ok     bool
	}{
		"passed":             {result{packages: 2, passed: 30, exceptions: 4, elapsed: 5 * time.Second}, "name         2      30       0        0           4        5", true},
		"left out":           {result{leftOut: "not installed: x"}, "left out: name: not installed: x", true},
		"required, left out": {result{leftOut: "not installed: x", missing: true}, "left out: name: not installed: x", false},
		"a failed test":      {result{failed: 1}, "name", false},
		"an old exception":   {result{problems: []string{"TestA passes"}}, "name: TestA passes", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.result.platform = platform{name: "name"}
			var out bytes.Buffer
			err := report(&out, []*result{&test.result})
			if (err == nil) != test.ok {
				t.Errorf("report = %v, want success %t", err, test.ok)
			}
			if !strings.Contains(out.String(), test.prints) {
				t.Errorf("report printed:\n%s\nwant %q", &out, test.prints)
			}
		})
	}
}

func TestChooseRefusesUnknownNames(t *testing.T) {
	if got, err := choose(platforms(), []string{"386", "amiga"}); err == nil {
		t.Errorf("choose = %v, want an error", got)
	}
}
