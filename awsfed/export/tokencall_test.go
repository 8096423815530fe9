package export_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
)

// Run does not wait for a source that ignores its context, does not call it again while it hangs,
// and uses its late answer.
func TestTokenFileSourceIgnoresContext(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "own", "token")
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		hang := make(chan struct{})
		src := idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
			n := int(calls.Add(1))
			<-hang
			return idToken(t, n, time.Hour), nil
		})
		f := newTokenFile(t, path, src, nil)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		if calls.Load() != 1 {
			t.Errorf("%d calls of a source that hangs, want 1", calls.Load())
		}
		hang <- struct{}{}
		time.Sleep(2 * time.Minute)
		if calls.Load() != 1 || !strings.Contains(read(t, path), ".") {
			t.Errorf("%d calls after the answer, want 1 and the token in the file", calls.Load())
		}
		time.Sleep(40 * time.Minute) // the next call is due and hangs
		if calls.Load() != 2 {
			t.Errorf("%d calls, want 2", calls.Load())
		}
		cancel()
		begin := time.Now()
		if err := <-done; err != nil || time.Since(begin) > time.Second {
			t.Errorf("Run = %v after %v", err, time.Since(begin))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin = time.Now()
		if _, err := f.Write(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 2*time.Second {
			t.Errorf("Write = %v after %v", err, time.Since(begin))
		}
		close(hang)
	})
}

// A panic or Goexit in the source is an error of that attempt.
func TestTokenFileSourcePanics(t *testing.T) {
	t.Parallel()
	for rule, end := range map[string]func(){"panic": func() { panic("s3cr3t") }, "Goexit": runtime.Goexit} {
		f := newTokenFile(t, filepath.Join(t.TempDir(), "own", "token"), idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
			end()
			return nil, nil
		}), nil)
		if _, err := f.Write(t.Context()); err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", rule, err)
		}
	}
}
