package faults_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gofrs/flock"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// A breakage is a folder that can be made unusable for writing.
type breakage struct {
	on, off func() error // begins and ends it
}

const (
	fullRow     = "full disk"
	readOnlyRow = "read-only folder"
	lockRow     = "lock held by a process that hangs"
)

// fileColumns are the components that write files, each with what a disk does to it.
func fileColumns() map[string]func(*cell, breakage) {
	return map[string]func(*cell, breakage){credFile: diskCredentials, tokenFile: diskTokens, credCache: diskCache}
}

// diskCredentials: an edit that cannot be written is an error, and the file stays as it was.
func diskCredentials(c *cell, b breakage) {
	path := filepath.Join(c.dir, "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		c.Fatal(err)
	}
	for n := range 20 { // larger than what is free on a disk that is nearly full
		if err := f.WriteCredentials(c.Context(), "profile-"+string(rune('a'+n)), fakeCredentials(n)); err != nil {
			c.Fatal(err)
		}
	}
	before, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	c.must(b.on())
	for range 3 {
		err := f.WriteCredentials(c.Context(), "profile-a", fakeCredentials(100))
		if _, ok := errors.AsType[*export.FileError](err); !ok {
			c.Errorf("the edit: %v, want a *export.FileError", err)
		}
		c.nothingOf(err, fakeCredentials(100).SessionToken)
		c.nothingOf(err, fakeCredentials(0).SessionToken)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		c.Errorf("the file is no longer what it was: %v", err)
	}
	if id, _, err := f.Lookup("profile-a", "aws_access_key_id"); err != nil || id != fakeCredentials(0).AccessKeyID {
		c.Errorf("Lookup = %q, %v", id, err)
	}
	c.onlyFiles(c.dir, "credentials")
	c.must(b.off())
	if err := f.WriteCredentials(c.Context(), "profile-a", fakeCredentials(100)); err != nil {
		c.Errorf("after that: %v", err)
	}
	if id, _, err := f.Lookup("profile-a", "aws_access_key_id"); err != nil || id != fakeCredentials(100).AccessKeyID {
		c.Errorf("after that Lookup = %q, %v", id, err)
	}
	c.onlyFiles(c.dir, "credentials")
}

// diskTokens: the file keeps the token that it has.
func diskTokens(c *cell, b breakage) {
	n := 1
	f, err := export.NewTokenFile(filepath.Join(c.dir, "web-identity"), idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return numbered(n) }), nil)
	if err != nil {
		c.Fatal(err)
	}
	holds := func(want int) {
		raw, err := os.ReadFile(f.Path())
		token, perr := numbered(want)
		if err = errors.Join(err, perr); err != nil || len(raw) != len(token.Raw()) || tokenNumber(c, string(raw)) != want {
			c.Errorf("the file does not hold token %d: %v", want, err)
		}
		c.onlyFiles(c.dir, "web-identity")
	}
	if _, err := f.Write(c.Context()); err != nil {
		c.Fatal(err)
	}
	holds(1)
	c.must(b.on())
	for n = 2; n < 5; n++ {
		_, err := f.Write(c.Context())
		if _, ok := errors.AsType[*export.FileError](err); !ok {
			c.Errorf("Write: %v, want a *export.FileError", err)
		}
		holds(1)
	}
	c.must(b.off())
	n = 5
	if _, err := f.Write(c.Context()); err != nil {
		c.Errorf("after that: %v", err)
	}
	holds(5)
}

// diskCache: who asks gets credentials all the same; they are not kept.
func diskCache(c *cell, b breakage) {
	cache := export.OpenCache(&export.CacheOptions{Dir: c.dir})
	if err := cache.Off(); err != nil {
		c.Fatal(err)
	}
	get := func(n, wantCalls int) {
		calls := 0
		e, err := cache.Entry(c.Context(), numberedEntry("", n, &calls))
		if err != nil || e.Credentials.SessionToken != fakeCredentials(n).SessionToken || calls != wantCalls {
			c.Errorf("entry %d: %d calls, want %d, %v", n, calls, wantCalls, err)
		}
		if left, _ := filepath.Glob(filepath.Join(c.dir, ".*.tmp")); len(left) > 0 {
			c.Errorf("%q are left", left)
		}
	}
	get(1, 1)
	get(1, 0)
	c.must(b.on())
	get(1, 0) // it is there
	get(2, 1)
	get(2, 1) // it was not kept
	c.must(b.off())
	get(1, 0)
	get(2, 1)
	get(2, 0)
}

// must ends a cell that cannot be played.
func (c *cell) must(err error) {
	if err != nil {
		c.Fatal(err)
	}
}

// nothingOf checks that an error has no secret.
func (c *cell) nothingOf(err error, secret string) {
	c.checkErrorOf(&world{bearer: secret}, err)
}

// testLock has another holder of the lock, for which the wait is bounded.
func testLock(t *testing.T, r *report) {
	t.Helper()
	r.add(lockRow, "it never gives it up, then it dies")
	hold := func(c *cell, path string) (release func()) {
		l := flock.New(path)
		if err := l.Lock(); err != nil {
			c.Fatal(err)
		}
		return func() { _ = l.Unlock() }
	}
	plays := map[string]func(*cell){
		credFile: func(c *cell) {
			f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
			if err != nil {
				c.Fatal(err)
			}
			release := hold(c, filepath.Join(c.dir, ".credentials.onafed.lock"))
			begin := time.Now()
			err = f.WriteCredentials(c.Context(), "default", fakeCredentials(1))
			if took := time.Since(begin); !errors.Is(err, export.ErrLocked) || took > 11*time.Second {
				c.Errorf("%v after %v, want ErrLocked after LockTimeout", err, took)
			}
			c.onlyFiles(c.dir, "credentials")
			release()
			if err := f.WriteCredentials(c.Context(), "default", fakeCredentials(1)); err != nil {
				c.Errorf("after that: %v", err)
			}
		},
		credCache: func(c *cell) {
			hanging := make(chan struct{})
			dir, done := filepath.Join(c.dir, "cache"), make(chan error, 1)
			request := numberedEntry("", 1, nil)
			fetch := request.Fetch
			request.Fetch = func(ctx context.Context) (export.CacheEntry, error) {
				<-hanging
				return fetch(ctx)
			}
			go func() {
				_, err := export.OpenCache(&export.CacheOptions{Dir: dir}).Entry(c.Context(), request)
				done <- err
			}()
			synctest.Wait()
			calls, begin := 0, time.Now()
			_, err := export.OpenCache(&export.CacheOptions{Dir: dir}).Entry(c.Context(), numberedEntry("", 1, &calls))
			if took := time.Since(begin); err != nil || calls != 1 || took > 21*time.Second {
				c.Errorf("%d calls after %v, %v, want credentials after LockTimeout", calls, took, err)
			}
			close(hanging)
			if err := <-done; err != nil {
				c.Errorf("the one who held it: %v", err)
			}
		},
		tokenFile: func(c *cell) {
			w := newWorld(c, inMemory, time.Hour)
			dir := filepath.Join(c.dir, "tokens")
			if err := os.Mkdir(dir, 0o700); err != nil {
				c.Fatal(err)
			}
			release := hold(c, filepath.Join(dir, ".web-identity.onafed.lock"))
			k := keep(c, w)
			time.Sleep(10 * time.Minute)
			if id, _ := k.read(); id != "" {
				c.Errorf("written without the lock")
			}
			if n := w.count(); n > 60 {
				c.Errorf("%d requests in ten minutes", n)
			}
			release()
			k.newer("")
			k.finish()
		},
	}
	for column, play := range plays {
		t.Run(column, func(t *testing.T) {
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) { r.cell(t, column, lockRow, dir, play) })
		})
	}
}
