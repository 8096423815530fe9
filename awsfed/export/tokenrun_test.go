package export_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

// Run renews the token after half of its lifetime, keeps the file during an outage, writes a
// removed file again, and ends with its context.
func TestTokenFileRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "own", "token")
	synctest.Test(t, func(t *testing.T) {
		src := &tokenServer{t: t}
		var written atomic.Int32
		f := newTokenFile(t, path, src, &export.TokenFileOptions{OnWrite: func(time.Time) { written.Add(1) }})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()

		synctest.Wait()
		first := read(t, path)
		time.Sleep(23 * time.Minute)
		if src.count() != 1 {
			t.Errorf("%d calls after 23 minutes, want 1", src.count())
		}
		time.Sleep(8 * time.Minute) // 31
		if src.count() != 2 || read(t, path) == first || written.Load() != 2 {
			t.Errorf("%d calls after 31 minutes, %d writes; want 2 and a new token", src.count(), written.Load())
		}

		second := read(t, path)
		src.fail(errors.New("down"))
		time.Sleep(32 * time.Minute) // due again, and failing from then on
		attempts := src.count()
		if attempts < 4 || attempts > 80 || read(t, path) != second {
			t.Errorf("%d calls in an outage, want a few, and an unchanged file", attempts)
		}
		src.fail(nil)
		time.Sleep(2 * time.Minute)
		if src.count() != attempts+1 || read(t, path) == second {
			t.Errorf("%d calls after the outage, want %d and a new token", src.count(), attempts+1)
		}

		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(31 * time.Second)
		if !strings.Contains(read(t, path), ".") {
			t.Error("a removed file was not written again")
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v", err)
		}
	})
}

func TestTokenFileRunReturnsPermanentErrors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "own", "token")
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		f := newTokenFile(t, path, &tokenServer{t: t, err: permanentSourceError{errors.New("revoked")}}, nil)
		if err := f.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "revoked") || time.Since(begin) != 0 {
			t.Errorf("Run = %v after %v, want the error of the source at once", err, time.Since(begin))
		}
	})
}

// While an environment starts, a token source fails with a missing file or a refused connection.
func TestTokenFileRunWaitsForTheSource(t *testing.T) {
	t.Parallel()
	for _, err := range []error{&fs.PathError{Op: "open", Path: "token", Err: syscall.ENOENT}, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}} {
		f := newTokenFile(t, filepath.Join(t.TempDir(), "own", "token"), &tokenServer{t: t, err: err}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := f.Run(ctx); err != nil {
			t.Errorf("Run = %v, want it to continue", err)
		}
		cancel()
	}
}

// Run returns at its start only for a permanent error.
func TestTokenFilePermanentErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err       error
		permanent bool
	}{
		{&export.FileError{Reason: "a folder that is refused"}, true},
		{&export.FileError{Err: syscall.EACCES}, true},
		{&export.FileError{Err: &fs.PathError{Op: "open", Path: "x", Err: syscall.EPERM}}, true},
		{&export.FileError{Reason: "a mount of its own", Err: syscall.EBUSY}, true},
		{&export.FileError{Err: syscall.ENOSPC}, false},
		{&export.FileError{Err: &fs.PathError{Op: "open", Path: "x", Err: syscall.EMFILE}}, false},
		{&export.FileError{Err: export.ErrLocked}, false},
		{fmt.Errorf("token: %w", permanentSourceError{errors.New("revoked")}), true},
		{errors.New("down"), false},
		// A client that is told to stop while it retries joins both errors.
		{errors.Join(errors.New("environment file is missing"), permanentSourceError{errors.New("revoked")}), true},
		{fmt.Errorf("%w; not retried: %w", permanentSourceError{errors.New("revoked")}, context.Canceled), true},
		{fmt.Errorf("%w; not retried: %w", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, context.DeadlineExceeded), false},
	} {
		if got := export.IsPermanent(tt.err); got != tt.permanent {
			t.Errorf("%v: permanent %v, want %v", tt.err, got, tt.permanent)
		}
	}
}

type permanentSourceError struct{ error }

func (permanentSourceError) Temporary() bool { return false }

func TestTokenDue(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0)
	tests := []struct {
		rule   string
		issued time.Duration // before now
		expiry time.Duration // after now
		share  float64
		want   time.Duration
	}{
		{"half of a new token's lifetime", 0, time.Hour, 0, 30 * time.Minute},
		{"a tenth earlier at most", 0, time.Hour, 1, 24 * time.Minute},
		{"an older token is due earlier", 20 * time.Minute, 40 * time.Minute, 0, 10 * time.Minute},
		{"issued in the future counts from now", -time.Minute, time.Hour, 0, 30 * time.Minute},
		{"the same token again: after a tenth of the rest", 40 * time.Minute, 20 * time.Minute, 0, time.Minute},
		{"a tenth of a shorter rest", 58 * time.Minute, 2 * time.Minute, 0, 12 * time.Second},
		{"at least five seconds", 3599 * time.Second, time.Second, 0, 5 * time.Second},
	}
	for _, tt := range tests {
		if got := export.TokenDue(now, now.Add(-tt.issued), now.Add(tt.expiry), tt.share).Sub(now); got != tt.want {
			t.Errorf("%s: due in %v, want %v", tt.rule, got, tt.want)
		}
	}
}
