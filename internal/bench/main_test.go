package main

import (
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/bench/scenario"
)

// Each row runs and fills its lines. Times are not checked, because the machine may be busy; counts are.
func TestRows(t *testing.T) {
	counted := map[string]string{ // lines whose verdict does not depend on times
		"STS calls a refresh":            "the same: STS calls a refresh",
		"idle goroutines":                "goroutines of 4,000 idle roles",
		"requests for first credentials": "first credentials: requests",
	}
	b := &bench{rounds: 1, slice: time.Millisecond}
	for _, r := range allRows() {
		if r.name == "scenarios" || r.name == "chain" {
			continue // tested in package scenario
		}
		before := len(b.lines)
		if err := r.measure(t.Context(), b); err != nil {
			t.Fatalf("row %s: %v", r.name, err)
		}
		if len(b.lines) == before {
			t.Errorf("row %s has no line", r.name)
		}
	}
	for what, work := range counted {
		found := false
		for _, l := range b.lines {
			if l.work == work {
				found = true
				if l.verdict != met {
					t.Errorf("%s: %+v", what, l)
				}
			}
		}
		if !found {
			t.Errorf("no line %q", work)
		}
	}
	for _, l := range b.lines {
		if l.work == "" || l.ours == "" || l.goal == "" && l.verdict != noGoal || l.goal != "" && l.verdict == noGoal {
			t.Errorf("line %+v is incomplete", l)
		}
	}
}

// Allocations are exact, so their goals are checked.
func TestAllocations(t *testing.T) {
	for _, c := range contests() {
		for _, l := range c.lines() {
			if l.maxAllocs < 0 {
				continue
			}
			if n := allocs(l.ours.once); n > l.maxAllocs {
				t.Errorf("%s: %v allocations, want at most %v", l.work, n, l.maxAllocs)
			}
		}
	}
	ours, _, err := hotSides(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := allocs(func() { retrieve(t.Context(), ours, 1, 1) }); n != 0 {
		t.Errorf("Retrieve: %v allocations, want 0", n)
	}
	handler, _, _, _ := jwksHandlers()
	if n := allocs(serveOnce(handler)); n != 0 {
		t.Errorf("JWKS: %v allocations, want 0", n)
	}
	dir := t.TempDir()
	edit, _, err := editSides(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	// The table misses its goal of 40: each edit opens the folder of the file through os.Root, so that
	// another user cannot replace a part of the path meanwhile. This keeps the number from growing.
	if n := testing.AllocsPerRun(10, edit); n > 60 {
		t.Errorf("edit: %v allocations, want at most 60", n)
	}
	if n, err := foreignChanges(filepath.Join(dir, "ours", "credentials")); err != nil || n != 0 {
		t.Errorf("edit: %d other lines changed, %v", n, err)
	}
}

func TestTable(t *testing.T) {
	lines := []line{
		{work: "a|b", peer: "p: 1 us", ours: "2 ns", ratio: "0.50", goal: "<= 0.60", verdict: met},
		{work: "c", peer: "q", ours: "3", goal: "0", verdict: missed},
		{work: "d", ours: "4"},
	}
	want := `| work | peer | ours | ratio | goal | |
|---|---|---|---|---|---|
| a\|b | p: 1 us | 2 ns | 0.50 | <= 0.60 | met |
| c | q | 3 | - | 0 | **missed** |
| d | - | 4 | - | - |  |
`
	if got := table(lines); got != want {
		t.Errorf("table = %s, want %s", got, want)
	}
	if doc := document("go run .", 15, lines); !strings.Contains(doc, "1 goals met, 1 missed") || !strings.Contains(doc, "of 15 rounds") {
		t.Errorf("document = %s", doc)
	}
}

func TestNumbers(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{span(0.4), "0.40 ns"},
		{span(58.4), "58.4 ns"},
		{span(1234), "1.23 us"},
		{span(16_500), "16.5 us"},
		{span(5.9e6), "5.90 ms"},
		{span(2e9), "2.00 s"},
		{group(1234567), "1,234,567"},
		{group(-1234), "-1,234"},
		{group(999), "999"},
		{ratioText(0), "0"},
		{ratioText(0.000087), "8.7e-05"},
		{ratioText(0.6034), "0.603"},
		{atMost(0), "0 allocs"},
		{atMost(1), "<= 1 alloc"},
		{allocText(6), "6 allocs"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{9, 1, 4}); got != 4 {
		t.Errorf("median = %v, want 4", got)
	}
	if got := median([]float64{9, 1, 4, 6}); got != 5 {
		t.Errorf("median = %v, want 5", got)
	}
	r := rounds{{1, 2, 30}, {2, 2, 10}}
	if got := r.ratio(0, 1); got != 1 {
		t.Errorf("ratio = %v, want the median of 0.5, 1 and 3", got)
	}
}

func TestChooseRows(t *testing.T) {
	all := allRows()
	if got, err := choose(all, ""); err != nil || len(got) != len(all) {
		t.Errorf("choose all = %d rows, %v", len(got), err)
	}
	if got, err := choose(all, "edit,hot"); err != nil || len(got) != 2 || got[0].name != "edit" {
		t.Errorf("choose = %v, %v", got, err)
	}
	if _, err := choose(all, "nothing"); err == nil {
		t.Error("choose of an unknown row = nil error")
	}
}

func TestScenarioLines(t *testing.T) {
	r := scenario.Results{
		Outages:  map[string][]scenario.Outage{"500": {{Fault: "500"}, {Ours: scenario.Tally{Failed: 1}}}, "hangs": {{}}},
		Expiries: map[string][]scenario.Expiry{"500": {{Ours: scenario.ExpirySide{Fresh: 10 * time.Second}}}, "HTML": {{Ours: scenario.ExpirySide{Fresh: 20 * time.Second}}}},
		DeadKeys: []scenario.DeadKey{{Requests: 100, Ours: scenario.DeadKeySide{Succeeded: 100, STSCalls: 1}}, {Requests: 100, Ours: scenario.DeadKeySide{Succeeded: 99, STSCalls: 1}}},
		Denials:  []scenario.Denial{{Raised: time.Millisecond, Gone: 3 * time.Second}, {Gone: 6 * time.Second}},
		Wrapped:  []scenario.Wrapped{{Ours: scenario.Tally{LeastLife: 900 * time.Second}, OursComing: scenario.Tally{LeastLife: 900 * time.Second, Expired: 1}}},
		Storms:   []scenario.Storm{{Roles: 10, Limit: 5, Ours: scenario.StormSide{PerRole: 1, Peak: 5}}},
	}
	var got []verdict
	for _, l := range scenarioLines(r) {
		got = append(got, l.verdict)
	}
	want := []verdict{missed, met, met, missed, missed, missed, met, missed, met}
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d is %s, want %s: one bad round is a miss", i, got[i], want[i])
		}
	}
}

func TestTimelineChartIsXML(t *testing.T) {
	tl := &scenario.Timeline{
		Step: time.Minute, Total: 3 * time.Minute, OutageBegin: time.Minute, OutageEnd: 2 * time.Minute, Every: time.Second, Life: time.Hour,
		Ours: make([]scenario.Slot, 3), Peer: []scenario.Slot{{}, {Failed: 3, Longest: time.Minute}, {Longest: time.Microsecond}},
	}
	picture := timelineChart(tl)
	d := xml.NewDecoder(strings.NewReader(string(picture)))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(string(picture), "prefers-color-scheme:dark") {
		t.Error("the chart has no colours for dark pages")
	}
}
