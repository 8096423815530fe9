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
)

// testLock runs the writers of files while another process holds the lock. Their wait is bounded.
func testLock(t *testing.T, r *report) {
	t.Helper()
	r.add(lockRow, "it does not release the lock, then it dies")
	tests := map[string]func(*cell){credFile: lockCredentials, tokenFile: lockTokens, credCache: lockCache}
	for column, test := range tests {
		t.Run(column, func(t *testing.T) {
			dir := quickDir(t)
			synctest.Test(t, func(t *testing.T) { r.cell(t, column, lockRow, dir, test) })
		})
	}
}

// holdLock locks a file as another process would.
func holdLock(c *cell, path string) (release func()) {
	l := flock.New(path)
	if err := l.Lock(); err != nil {
		c.Fatal(err)
	}
	return func() { _ = l.Unlock() }
}

// lockCredentials checks that a write fails with ErrLocked after LockTimeout.
func lockCredentials(c *cell) {
	f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
	if err != nil {
		c.Fatal(err)
	}
	release := holdLock(c, filepath.Join(c.dir, ".credentials.onafed.lock"))
	begin := time.Now()
	err = f.WriteCredentials(c.Context(), "default", fakeCredentials(1))
	if took := time.Since(begin); !errors.Is(err, export.ErrLocked) || took > 11*time.Second {
		c.Errorf("%v after %v, want ErrLocked after LockTimeout", err, took)
	}
	c.onlyFiles(c.dir, "credentials")
	release()
	if err := f.WriteCredentials(c.Context(), "default", fakeCredentials(1)); err != nil {
		c.Errorf("after the fault: %v", err)
	}
}

// lockCache checks that a caller gets credentials after LockTimeout while another process fetches
// them.
func lockCache(c *cell) {
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
		c.Errorf("the caller that held the lock: %v", err)
	}
}

// lockTokens checks that the token file is not written without the lock, and is written after the
// lock is free.
func lockTokens(c *cell) {
	w := newWorld(c, inMemory, time.Hour)
	dir := filepath.Join(c.dir, "tokens")
	if err := os.Mkdir(dir, 0o700); err != nil {
		c.Fatal(err)
	}
	release := holdLock(c, filepath.Join(dir, ".web-identity.onafed.lock"))
	k := runTokenFile(c, w)
	time.Sleep(10 * time.Minute)
	if id, _ := k.read(); id != "" {
		c.Errorf("the file was written without the lock")
	}
	if n := w.count(); n > 60 {
		c.Errorf("%d requests in ten minutes", n)
	}
	release()
	k.newer("")
	k.finish()
}
