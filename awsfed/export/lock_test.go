package export_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

// A goroutine waits for another one of its process no longer than for another process.
func TestLockTimeoutWithinAProcess(t *testing.T) {
	t.Parallel()
	c := export.OpenCache(&export.CacheOptions{Dir: filepath.Join(t.TempDir(), "cache"), LockTimeout: 3 * time.Second})
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
		begin := time.Now()
		if err := c.Remove(t.Context(), cacheKey()); !errors.Is(err, export.ErrLocked) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v, want ErrLocked after 3s", err, time.Since(begin))
		}
		close(hang)
		if err := <-done; err == nil {
			t.Error("no error of the fetch")
		}
		if err := c.Remove(t.Context(), cacheKey()); err != nil {
			t.Errorf("after the other has gone: %v", err)
		}
	})
}
