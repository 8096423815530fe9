package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// With -out the test writes the numbers for `go run ./fleet`.
var (
	out  = flag.String("out", "", "write the results to this file, and run at full size")
	size = flag.Int("providers", 100_000, "number of providers; with -out")
)

func TestFleet(t *testing.T) {
	n, total := 200, 4*time.Hour
	if *out != "" {
		n, total = *size, 24*time.Hour
	}
	var results []Result
	for _, p := range plans(n, total) {
		r := Result{Plan: p}
		synctest.Test(t, func(t *testing.T) {
			raw := fakests.RawToken(time.Now().Add(1000 * time.Hour))
			token, err := idp.ParseToken(raw)
			if err != nil {
				t.Fatal(err)
			}
			r.Ours = run(p, func(s *service) provider { return newOurs(s, token) })
		})
		synctest.Test(t, func(*testing.T) {
			raw := fakests.RawToken(time.Now())
			r.Peer = run(p, func(s *service) provider { return newPeer(s, raw) })
		})
		synctest.Test(t, func(*testing.T) {
			raw := fakests.RawToken(time.Now())
			r.Coming = run(p, func(s *service) provider { return newComing(s, raw) })
		})
		if r.Ours.Calls == 0 || r.Ours.Failed != 0 || r.Ours.Expired != 0 {
			t.Errorf("%s: %d of %d calls failed, %d returned an expired key, want none", p.Name, r.Ours.Failed, r.Ours.Calls, r.Ours.Expired)
		}
		if r.Peer.Failed == 0 {
			t.Errorf("%s: no call of the peer failed: the outage had no effect", p.Name)
		}
		t.Logf("%s: ours %d STS calls, peak %d/s; peer %d, peak %d/s, %d calls failed", p.Name, r.Ours.STSCalls, r.Ours.Peak, r.Peer.STSCalls, r.Peer.Peak, r.Peer.Failed)
		results = append(results, r)
	}
	if *out == "" {
		return
	}
	data, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(*out, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDocumentAndChart(t *testing.T) {
	p := plans(100, 4*time.Hour)
	r := []Result{
		{Plan: p[0], Ours: Side{Calls: 10, Peak: 3, Minutes: []int{100, 0, 3}}, Peer: Side{Calls: 1234, Failed: 7, Until: time.Second, Minutes: []int{100, 12345}}},
		{Plan: p[1]},
	}
	doc := document(r)
	for _, want := range []string{"| started together | onafed |", "| 7 of 1,234 |", "none failed", "answers 503 for 10 min from 1 h 58 min on"} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %q:\n%s", want, doc)
		}
	}
	if document(nil) != "" {
		t.Error("an empty document")
	}
	d := xml.NewDecoder(bytes.NewReader(chart(r)))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
