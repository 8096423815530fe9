package faults_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

const (
	callers    = 1000
	callersRow = "1,000 goroutines"
)

// testCallers runs a thousand callers at once: before the first value, near its expiry, and after
// it, with and without a fault.
func testCallers(t *testing.T, r *report) {
	t.Helper()
	r.add(callersRow, "all at once: before the first value, in its last minutes, and after it expired, with and without status 503")
	type test struct {
		column string
		run    func(*cell, *world)
	}
	tests := []test{{tokenFile, tokenFileCallers}, {credFile, credFileCallers}}
	for _, c := range components() {
		tests = append(tests, test{c.name, func(cl *cell, w *world) { componentCallers(cl, w, c) }})
	}
	for _, p := range tests {
		t.Run(p.column, func(t *testing.T) {
			t.Parallel()
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) {
				r.cell(t, p.column, callersRow, dir, func(c *cell) {
					w := newWorld(t, inMemory, time.Hour)
					p.run(c, w)
					c.checkCleanup(w)
				})
			})
		})
	}
}

// calls is the result of a thousand calls.
type calls struct {
	ok, failed, requests int
	longest              time.Duration
	ids                  map[string]bool
}

// callTogether makes a thousand calls at once and waits for all of them.
func (s *trial) callTogether() calls {
	v := calls{ids: make(map[string]bool)}
	from := s.count()
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		last error
	)
	for range callers {
		wg.Go(func() {
			begin := time.Now()
			id, err := s.subject.use(s.Context())
			took := time.Since(begin)
			mu.Lock()
			defer mu.Unlock()
			v.longest = max(v.longest, took)
			if err != nil {
				v.failed++
				last = err
				return
			}
			v.ok++
			v.ids[id] = true
		})
	}
	wg.Wait()
	synctest.Wait()
	v.requests = s.count() - from
	s.checkError(last)
	for id := range v.ids {
		if end := s.endsAt(id); !s.localNow().Before(end) {
			s.Errorf("%s was returned after it expired", id)
		}
	}
	return v
}

// checkTogether makes a thousand calls at once. It checks whether they succeed, how long they take,
// and how many requests they cause.
func (s *trial) checkTogether(when string, wantOK bool, limit time.Duration) calls {
	maxRequests := s.perCall
	if !s.keeps {
		maxRequests *= callers
	}
	v := s.callTogether()
	if wantOK && v.failed > 0 || !wantOK && v.ok > 0 {
		s.Errorf("%s: %d of %d calls failed", when, v.failed, callers)
	}
	if v.longest > limit {
		s.Errorf("%s: a caller waited for %v, want at most %v", when, v.longest, limit)
	}
	if v.requests > maxRequests {
		s.Errorf("%s: %d requests, want at most %d", when, v.requests, maxRequests)
	}
	if wantOK && s.keeps && len(v.ids) != 1 {
		s.Errorf("%s: %d values, want 1", when, len(v.ids))
	}
	s.note("%s %d requests, longest wait %v", when, v.requests, v.longest.Round(time.Millisecond))
	return v
}

// componentCallers calls a component a thousand times at once, before, during and after an outage.
func componentCallers(c *cell, w *world, co component) {
	if co.name == apiClient {
		c.attempts = 1 // without retries, which would make three thousand requests
	}
	s := &trial{cell: c, component: co, world: w, subject: co.start(c, w)}
	outage := fault{name: "status 503", answer: page("text/html", 503, "<h1>503</h1>")}
	w.begin(outage, s.host)
	s.checkTogether("outage", false, s.cold)
	w.end()
	s.settle()
	first := s.checkTogether("no outage", true, s.cold)
	if !s.keeps {
		return
	}
	var end time.Time
	for id := range first.ids {
		end = s.endsAt(id)
	}
	w.begin(outage, s.host)
	before := []time.Duration{5 * time.Minute, 30 * time.Second, 2 * time.Second}
	if co.name == credCache {
		before = before[1:2] // each call reads a file, which takes time
	}
	for _, left := range before {
		time.Sleep(time.Until(end.Add(-left)))
		if v := s.checkTogether(fmt.Sprintf("outage %v before the expiry", left), true, s.warm); s.name != keySet && len(v.ids) == 1 && !v.ids[only(first.ids)] {
			s.Errorf("the value changed in an outage")
		}
	}
	if co.name == credCache {
		w.end()
		return
	}
	time.Sleep(time.Until(end.Add(time.Minute)))
	s.checkTogether("outage after the expiry", false, s.cold)
	w.end()
	s.settle()
	if s.subject.changeValue != nil {
		s.subject.changeValue()
	}
	if v := s.checkTogether("after the outage", true, s.cold); only(v.ids) == only(first.ids) {
		s.Errorf("the old value was returned after it expired")
	}
}

// only returns the one ID in a set.
func only(ids map[string]bool) string {
	for id := range ids {
		return id
	}
	return ""
}

// tokenFileCallers runs a thousand writers of one token file.
func tokenFileCallers(c *cell, w *world) {
	k := &tokenFileRun{cell: c, world: w, path: filepath.Join(c.dir, "tokens", "web-identity")}
	src := idp.Cached(newClient(c, w).Source(idp.AudienceAWS), nil)
	f, err := export.NewTokenFile(k.path, src, nil)
	if err != nil {
		c.Fatal(err)
	}
	runTogether(c, func(ctx context.Context, _ int) error {
		_, err := f.Write(ctx)
		return err
	})
	if n := w.count(); n != 1 {
		c.Errorf("%d requests, want 1", n)
	}
	k.read()
	c.onlyFiles(filepath.Dir(k.path), filepath.Base(k.path))
}

// credFileCallers runs a thousand writers of one credentials file, fifty for each profile.
func credFileCallers(c *cell, _ *world) {
	f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
	if err != nil {
		c.Fatal(err)
	}
	const profiles = 20
	runTogether(c, func(ctx context.Context, n int) error {
		return f.WriteCredentials(ctx, fmt.Sprint("profile-", n%profiles), fakeCredentials(n))
	})
	for n := range profiles {
		c.wholeProfile(f.Path(), fmt.Sprint("profile-", n), func(got int) bool { return got%profiles == n })
	}
	c.onlyFiles(c.dir, "credentials")
}

// runTogether runs f a thousand times at once. None may fail.
func runTogether(c *cell, f func(ctx context.Context, n int) error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed int
		first  error
	)
	begin := time.Now()
	for n := range callers {
		wg.Go(func() {
			if err := f(c.Context(), n); err != nil {
				mu.Lock()
				defer mu.Unlock()
				if failed++; first == nil {
					first = err
				}
			}
		})
	}
	wg.Wait()
	if failed > 0 {
		c.Errorf("%d of %d failed: %v", failed, callers, first)
	}
	c.note("longest wait %v", time.Since(begin).Round(time.Millisecond))
}

// wholeProfile checks that a profile has all keys of one write, and that fits accepts the number of
// the write. It reads a copy, because the file may change between two reads.
func (c *cell) wholeProfile(path, profile string, fits func(n int) bool) {
	text, err := os.ReadFile(path)
	if err == nil {
		path = filepath.Join(c.TempDir(), "copy")
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		c.Errorf("%v", err)
		return
	}
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		c.Errorf("%v", err)
		return
	}
	id, ok, err := f.Lookup(profile, "aws_access_key_id")
	if err != nil || !ok {
		c.Errorf("%s is lost: %v", profile, err)
		return
	}
	n, err := strconv.Atoi(strings.TrimPrefix(id, "ASIATESTONAFED"))
	token, _, err2 := f.Lookup(profile, "aws_session_token")
	if err = errors.Join(err, err2); err != nil || token != fakeCredentials(n).SessionToken || !fits(n) {
		c.Errorf("%s has keys of two writes or of an old write: %s, %v", profile, id, err)
	}
}
