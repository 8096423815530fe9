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

// A keeper is an export.TokenFile that keeps a file fresh, and those who read the file.
type keeper struct {
	*cell
	*world
	path    string
	stop    func() error
	written bool
}

// keep starts the keeper of a token file.
func keep(c *cell, w *world) *keeper {
	k := &keeper{cell: c, world: w, path: filepath.Join(c.dir, "tokens", "web-identity")}
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

// read is what another program does: it finds a whole token, and once there was one there is always one. "" is none yet.
func (k *keeper) read() (id string, end time.Time) {
	raw, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) && !k.written {
		return "", time.Time{}
	}
	if err != nil {
		k.Errorf("the file cannot be read any more: %v", err)
		return "", time.Time{}
	}
	k.written = true
	t, err := idp.ParseToken(string(raw))
	if err != nil {
		k.Errorf("half a token in the file: %v", err)
		return "", time.Time{}
	}
	end, ok := k.endOf(t.Fingerprint())
	if !ok {
		k.Errorf("a token that was never given out is in the file")
	}
	return t.Fingerprint(), end
}

// watch reads the file again and again for a time.
func (k *keeper) watch(d time.Duration, check func(id string, end time.Time)) {
	for stop := time.Now().Add(d); time.Now().Before(stop) && !k.bad; time.Sleep(20 * time.Second) {
		check(k.read())
	}
}

// newer waits for a token other than the old one.
func (k *keeper) newer(old string) {
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

// fresh lets two hours pass in which the token in the file is always good.
func (k *keeper) fresh() {
	from := k.count()
	k.watch(2*time.Hour, func(id string, end time.Time) {
		if !k.now().Before(end) {
			k.Errorf("%s is in the file %v after its end", id, k.now().Sub(end))
		}
	})
	if n := k.count() - from; n > 10 {
		k.Errorf("%d requests in two hours without a fault", n)
	}
}

// finish ends the keeper and looks at what it leaves.
func (k *keeper) finish() {
	if err := k.stop(); err != nil {
		k.Errorf("Run: %v", err)
	}
	k.onlyFiles(filepath.Dir(k.path), filepath.Base(k.path))
	k.leaveNothing(k.world)
}

// onlyFiles checks that nothing is in the folder but these files and the locks of the library.
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
			c.Errorf("%s is left behind", e.Name())
		}
	}
}

// testTokenFile takes the keeper of a token file through the faults of the network.
func testTokenFile(t *testing.T, r *report) {
	t.Helper()
	for _, f := range networkFaults(late) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) {
				r.cell(t, tokenFile, f.name, dir, func(c *cell) {
					w := newWorld(t, inMemory, time.Hour)
					w.begin(f, apiHost)
					k := keep(c, w)
					passes := f.passable(tokenFile)

					time.Sleep(3 * time.Minute)
					if id, _ := k.read(); passes != (id != "") {
						c.Errorf("a token is in the file: %v, want %v", id != "", passes)
					}
					w.end()
					k.newer("")
					time.Sleep(time.Minute)

					first, end := k.read()
					w.begin(f, apiHost)
					from, began := w.count(), time.Now()
					k.watch(time.Until(end)+4*time.Minute, func(id string, end time.Time) {
						switch {
						case !passes && id != first:
							c.Errorf("another token is in the file: %q", id)
						case passes && !w.now().Before(end):
							c.Errorf("the token in the file ended %v ago", w.now().Sub(end))
						}
					})
					requests, took := w.count()-from, time.Since(began)
					if float64(requests) > 10+took.Seconds()/2 {
						c.Errorf("%d requests in %v: that is a loop", requests, took)
					}
					w.end()
					k.newer(first)
					c.note("%d requests in %v", requests, took.Round(time.Minute))
					k.fresh()
					k.finish()
				})
			})
		})
	}
}
