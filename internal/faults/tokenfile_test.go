package faults_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// tokenFileRun is an export.TokenFile that keeps a file fresh, and a reader of the file.
type tokenFileRun struct {
	*cell
	*world
	path    string
	stop    func() error
	written bool
}

// runTokenFile starts a token file.
func runTokenFile(c *cell, w *world) *tokenFileRun {
	k := &tokenFileRun{cell: c, world: w, path: filepath.Join(c.dir, "tokens", "web-identity")}
	f, err := export.NewTokenFile(k.path, newClient(c, w).Source(idp.AudienceAWS), &export.TokenFileOptions{Logger: w.logger()})
	if err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithCancel(c.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	k.stop = func() error {
		cancel()
		return <-done
	}
	return k
}

// read reads the file as another program does. After the first token, the file must always have a
// whole one. id is "" before that.
func (k *tokenFileRun) read() (id string, end time.Time) {
	raw, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) && !k.written {
		return "", time.Time{}
	}
	if err != nil {
		k.Errorf("cannot read the file: %v", err)
		return "", time.Time{}
	}
	k.written = true
	t, err := idp.ParseToken(string(raw))
	if err != nil {
		k.Errorf("the file has no whole token: %v", err)
		return "", time.Time{}
	}
	end, ok := k.endOf(t.Fingerprint())
	if !ok {
		k.Errorf("the file has a token that was never issued")
	}
	return t.Fingerprint(), end
}

// watch reads the file repeatedly during d.
func (k *tokenFileRun) watch(d time.Duration, check func(id string, end time.Time)) {
	for stop := time.Now().Add(d); time.Now().Before(stop) && !k.bad; time.Sleep(20 * time.Second) {
		check(k.read())
	}
}

// newer waits for a token that differs from the old one.
func (k *tokenFileRun) newer(old string) {
	const limit = 2 * time.Minute
	for begin := time.Now(); ; time.Sleep(time.Second) {
		id, end := k.read()
		if id != old && id != "" && k.now().Before(end) {
			return
		}
		if took := time.Since(begin); took > limit {
			k.Errorf("no new token %v after the fault", took)
			return
		}
	}
}

// checkFresh checks that the token in the file is valid during two hours.
func (k *tokenFileRun) checkFresh() {
	from := k.count()
	k.watch(2*time.Hour, func(id string, end time.Time) {
		if !k.now().Before(end) {
			k.Errorf("%s is in the file %v after it expired", id, k.now().Sub(end))
		}
	})
	if n := k.count() - from; n > 10 {
		k.Errorf("%d requests in two hours without a fault", n)
	}
}

// finish stops the token file and checks that only the file is left.
func (k *tokenFileRun) finish() {
	if err := k.stop(); err != nil {
		k.Errorf("Run: %v", err)
	}
	k.onlyFiles(filepath.Dir(k.path), filepath.Base(k.path))
	k.checkCleanup(k.world)
}

// onlyFiles checks that the folder has only these files and the locks of the library.
func (c *cell) onlyFiles(dir string, names ...string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.Errorf("%v", err)
	}
	allowed := make(map[string]bool)
	for _, name := range names {
		allowed[name], allowed["."+name+".onafed.lock"] = true, true
	}
	for _, e := range entries {
		if !allowed[e.Name()] {
			c.Errorf("%s is left in the folder", e.Name())
		}
	}
}

// testTokenFile runs a token file with each fault of the network.
func testTokenFile(t *testing.T, r *report) {
	t.Helper()
	for _, f := range networkFaults(latency) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) {
				r.cell(t, tokenFile, f.name, dir, func(c *cell) {
					w := newWorld(t, inMemory, time.Hour)
					w.begin(f, apiHost)
					k := runTokenFile(c, w)
					tolerated := f.isTolerated(tokenFile)

					time.Sleep(3 * time.Minute)
					if id, _ := k.read(); tolerated != (id != "") {
						c.Errorf("the file has a token: %v, want %v", id != "", tolerated)
					}
					w.end()
					k.newer("")
					time.Sleep(time.Minute)

					first, end := k.read()
					w.begin(f, apiHost)
					from, began := w.count(), time.Now()
					k.watch(time.Until(end)+4*time.Minute, func(id string, end time.Time) {
						switch {
						case !tolerated && id != first:
							c.Errorf("the file has another token: %q", id)
						case tolerated && !w.now().Before(end):
							c.Errorf("the token in the file expired %v ago", w.now().Sub(end))
						}
					})
					requests, took := w.count()-from, time.Since(began)
					if float64(requests) > 10+took.Seconds()/2 {
						c.Errorf("%d requests in %v: too many", requests, took)
					}
					w.end()
					k.newer(first)
					c.note("%d requests in %v", requests, took.Round(time.Minute))
					k.checkFresh()
					k.finish()
				})
			})
		})
	}
}
