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
	crowd    = 1000
	crowdRow = "1,000 goroutines"
)

// testCrowd has a thousand callers come at once, each time in another hour of need, through a storm of 503.
func testCrowd(t *testing.T, r *report) {
	t.Helper()
	r.add(crowdRow, "all at once: before the first value, in its last minutes, after its end, each with and without a storm of 503")
	type play struct {
		column string
		run    func(*cell, *world)
	}
	plays := []play{{tokenFile, tokenFileCrowd}, {credFile, credFileCrowd}}
	for _, c := range components() {
		plays = append(plays, play{c.name, func(cl *cell, w *world) { componentCrowd(cl, w, c) }})
	}
	for _, p := range plays {
		t.Run(p.column, func(t *testing.T) {
			t.Parallel()
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) {
				r.cell(t, p.column, crowdRow, dir, func(c *cell) {
					w := newWorld(t, inMemory, time.Hour)
					p.run(c, w)
					c.leaveNothing(w)
				})
			})
		})
	}
}

// A wave is what became of a thousand calls.
type wave struct {
	ok, failed, requests int
	longest              time.Duration
	ids                  map[string]bool
}

// wave has everybody call at once and waits for all of them.
func (s *scene) crowd() wave {
	v := wave{ids: make(map[string]bool)}
	from := s.count()
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		last error
	)
	for range crowd {
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
			s.Errorf("%s is handed out after its end", id)
		}
	}
	return v
}

func componentCrowd(c *cell, w *world, co component) {
	if co.name == apiClient {
		c.attempts = 1 // three thousand requests show no more than a thousand
	}
	s := &scene{cell: c, component: co, world: w, subject: co.start(c, w)}
	storm := fault{name: "503 storm", answer: page("text/html", 503, "<h1>503</h1>")}
	per := s.perCall
	if !s.keeps {
		per *= crowd
	}
	wave := func(when string, wantOK bool, limit time.Duration) wave {
		v := s.crowd()
		if wantOK && v.failed > 0 || !wantOK && v.ok > 0 {
			s.Errorf("%s: %d of %d calls failed", when, v.failed, crowd)
		}
		if v.longest > limit {
			s.Errorf("%s: a caller waited for %v, want at most %v", when, v.longest, limit)
		}
		if v.requests > per {
			s.Errorf("%s: %d requests, want at most %d", when, v.requests, per)
		}
		if wantOK && s.keeps && len(v.ids) != 1 {
			s.Errorf("%s: %d values, want 1", when, len(v.ids))
		}
		c.note("%s %d requests, longest wait %v", when, v.requests, v.longest.Round(time.Millisecond))
		return v
	}
	w.begin(storm, s.host)
	wave("storm", false, s.cold)
	w.end()
	s.settle()
	first := wave("calm", true, s.cold)
	if !s.keeps {
		return
	}
	var end time.Time
	for id := range first.ids {
		end = s.endsAt(id)
	}
	w.begin(storm, s.host)
	before := []time.Duration{5 * time.Minute, 30 * time.Second, 2 * time.Second}
	if co.name == credCache {
		before = before[1:2] // each of its calls reads a file
	}
	for _, left := range before {
		time.Sleep(time.Until(end.Add(-left)))
		if v := wave(fmt.Sprintf("storm %v before the end", left), true, s.warm); s.name != keySet && len(v.ids) == 1 && !v.ids[only(first.ids)] {
			s.Errorf("another value in a storm")
		}
	}
	if co.name == credCache {
		w.end()
		return
	}
	time.Sleep(time.Until(end.Add(time.Minute)))
	wave("storm after the end", false, s.cold)
	w.end()
	s.settle()
	if s.subject.turn != nil {
		s.subject.turn()
	}
	if v := wave("calm again", true, s.cold); only(v.ids) == only(first.ids) {
		s.Errorf("the old value after its end")
	}
}

func only(ids map[string]bool) string {
	for id := range ids {
		return id
	}
	return ""
}

// tokenFileCrowd has a thousand writers of one token file.
func tokenFileCrowd(c *cell, w *world) {
	k := &keeper{cell: c, world: w, path: filepath.Join(c.dir, "tokens", "web-identity")}
	src := idp.Cached(newClient(c, w).Source(idp.AudienceAWS), nil)
	f, err := export.NewTokenFile(k.path, src, nil)
	if err != nil {
		c.Fatal(err)
	}
	everyone(c, func(ctx context.Context, _ int) error {
		_, err := f.Write(ctx)
		return err
	})
	if n := w.count(); n != 1 {
		c.Errorf("%d requests, want 1", n)
	}
	k.read()
	c.onlyFiles(filepath.Dir(k.path), filepath.Base(k.path))
}

// credFileCrowd has a thousand writers of one credentials file, fifty for each of its profiles.
func credFileCrowd(c *cell, _ *world) {
	f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
	if err != nil {
		c.Fatal(err)
	}
	const profiles = 20
	everyone(c, func(ctx context.Context, n int) error {
		return f.WriteCredentials(ctx, fmt.Sprint("profile-", n%profiles), fakeCredentials(n))
	})
	for n := range profiles {
		c.wholeProfile(f.Path(), fmt.Sprint("profile-", n), func(got int) bool { return got%profiles == n })
	}
	c.onlyFiles(c.dir, "credentials")
}

// everyone runs f a thousand times at once; none may fail.
func everyone(c *cell, f func(ctx context.Context, n int) error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		failed int
		first  error
	)
	begin := time.Now()
	for n := range crowd {
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
		c.Errorf("%d of %d failed: %v", failed, crowd, first)
	}
	c.note("longest wait %v", time.Since(begin).Round(time.Millisecond))
}

// wholeProfile checks that a profile has the keys of one write, and of one that fits. It looks at a copy, since the file may change
// from one look to the next.
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
		c.Errorf("%s has keys of two writes, or old ones: %s, %v", profile, id, err)
	}
}
