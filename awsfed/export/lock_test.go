package export_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

// A goroutine waits for another goroutine no longer than for another process.
func TestLockTimeoutWithinAProcess(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	c := export.OpenCache(&export.CacheOptions{
		Dir:         filepath.Join(t.TempDir(), "cache"),
		LockTimeout: 3 * time.Second,
		Logger:      debugLogger(&log),
	})
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		done := make(chan error, 1)
		go func() {
			_, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: func(context.Context) (export.CacheEntry, error) {
				<-hang
				return export.CacheEntry{}, errors.New("too late")
			}})
			done <- err
		}()
		synctest.Wait()
		begin, calls := time.Now(), 0
		if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil || calls != 1 || time.Since(begin) != 3*time.Second {
			t.Errorf("%d calls, %v after %v, want one without the lock after 3s", calls, err, time.Since(begin))
		}
		if !strings.Contains(log.String(), "this process did not release the lock") {
			t.Errorf("the log does not name the holder of the lock: %s", log.String())
		}
		close(hang)
		if err := <-done; err == nil {
			t.Error("no error of the fetch")
		}
	})
}

// The error contains the whole timeout, also after a goroutine waited for its turn.
func TestLockErrorHasTheWholeTimeout(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credentials")
	start(t, "hold", path)
	f, err := export.NewCredentialsFile(path, &export.FileOptions{LockTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 { // these get the first turns and give up before the timeout
		wg.Go(func() { _ = f.Edit(ctx, "p", export.Set("region", "x")) })
	}
	runtime.Gosched()
	for range 8 {
		wg.Go(func() {
			err := f.Edit(t.Context(), "p", export.Set("region", "x"))
			if !errors.Is(err, export.ErrLocked) || !strings.Contains(err.Error(), "within 50ms: still locked; ") {
				t.Errorf("%v, want an error with 50ms and ErrLocked once", err)
			}
		})
	}
	wg.Wait()
}

// lockedFile returns the path of a file whose lock is held until the end of the test.
func lockedFile(t *testing.T) string {
	t.Helper()
	holder := credentialsFile(t, "[p]\n", nil)
	release, err := holder.HoldLock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return holder.Path()
}

// A call that waits for another process ends with its context, and with the error of the context.
func TestLockEndsWithTheContext(t *testing.T) {
	t.Parallel()
	path := lockedFile(t)
	synctest.Test(t, func(t *testing.T) {
		f, err := export.NewCredentialsFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		err = f.Edit(ctx, "p", export.Set("region", "x"))
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, export.ErrLocked) || time.Since(begin) != time.Second {
			t.Errorf("Edit = %v after %v, want the error of the context after 1s", err, time.Since(begin))
		}
		begin = time.Now()
		if err := f.Edit(t.Context(), "p", export.Set("region", "x")); !errors.Is(err, export.ErrLocked) || time.Since(begin) != 10*time.Second {
			t.Errorf("Edit = %v after %v, want ErrLocked after 10s", err, time.Since(begin))
		}
	})
}

// The time that a goroutine waits for its turn counts for the timeout.
func TestLockTimeoutIsForBothWaits(t *testing.T) {
	t.Parallel()
	path := lockedFile(t)
	synctest.Test(t, func(t *testing.T) {
		f, err := export.NewCredentialsFile(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan time.Time, 2)
		for range 2 { // the second one has its turn when the first one gives up
			go func() {
				if err := f.Edit(t.Context(), "p", export.Set("region", "x")); !errors.Is(err, export.ErrLocked) {
					t.Errorf("Edit = %v, want ErrLocked", err)
				}
				ended <- time.Now()
			}()
			time.Sleep(5 * time.Second)
		}
		if took := (<-ended).Sub(<-ended).Abs(); took != 5*time.Second {
			t.Errorf("the edits ended %v one after the other, want 5s", took)
		}
	})
}
