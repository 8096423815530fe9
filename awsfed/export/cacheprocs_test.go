package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

// childCache requests an entry of the cache in args[0], and appends a line to args[1] for each
// fetch.
func childCache(args []string) error {
	c := export.OpenCache(&export.CacheOptions{Dir: args[0], LockTimeout: time.Minute})
	if err := c.Off(); err != nil {
		return err
	}
	src := c.Source(export.CacheRequest{Key: cacheKey(), Fetch: func(context.Context) (export.CacheEntry, error) {
		calls, err := os.OpenFile(args[1], os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return export.CacheEntry{}, err
		}
		defer calls.Close()
		if _, err := calls.WriteString("call\n"); err != nil {
			return export.CacheEntry{}, err
		}
		if args[2] == "hang" {
			fmt.Println("ready")
			time.Sleep(time.Hour) // not select {}: without cgo the runtime ends such a process
		}
		time.Sleep(300 * time.Millisecond) // the latency of STS, while the others start
		if args[2] == "fail" {
			return export.CacheEntry{}, errors.New("STS said no")
		}
		return export.NewCacheEntry(export.CacheIdentity{}, credentials(os.Getpid())), nil
	}})
	return export.Process(context.Background(), os.Stdout, src)
}

// Many processes that ask at once make one call, and all get its result.
func TestCacheSharedByProcesses(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"work", "fail"} {
		t.Run(outcome, func(t *testing.T) {
			t.Parallel()
			const processes = 20
			dir := t.TempDir()
			cache, calls := filepath.Join(dir, "cache"), filepath.Join(dir, "calls")
			outputs := make([]string, processes)
			failed := make([]bool, processes)
			var wg sync.WaitGroup
			for n := range processes {
				wg.Go(func() {
					var out, errs strings.Builder
					cmd := child(t.Context(), t, "cache", cache, calls, outcome)
					cmd.Stdout, cmd.Stderr = &out, &errs
					failed[n] = cmd.Run() != nil
					outputs[n] = out.String()
					if failed[n] {
						outputs[n] = errs.String()
					}
				})
			}
			wg.Wait()
			made := strings.Count(read(t, calls), "call")
			if outcome == "fail" {
				for n := range processes {
					if !failed[n] || !strings.Contains(outputs[n], "STS said no") {
						t.Errorf("process %d: failed %v, %q; want the error of the call", n, failed[n], outputs[n])
					}
				}
				// A process that started after the failure makes its own call.
				if made > processes/2 {
					t.Errorf("%d failing calls by %d processes", made, processes)
				}
				return
			}
			for n := range processes {
				if failed[n] || outputs[n] != outputs[0] {
					t.Errorf("process %d: failed %v, %q, want %q", n, failed[n], outputs[n], outputs[0])
				}
			}
			if made != 1 {
				t.Errorf("%d calls, want 1", made)
			}
		})
	}
}

// The lock of a process that dies during a fetch is released.
func TestCacheHolderKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filepath.Join(dir, "cache")
	kill := start(t, "cache", cache, filepath.Join(dir, "calls"), "hang")
	c := export.OpenCache(&export.CacheOptions{Dir: cache})
	time.AfterFunc(20*time.Millisecond, kill)
	calls := 0
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil || calls != 1 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil || calls != 1 {
		t.Errorf("%d calls, %v: the entry was not kept", calls, err)
	}
}

// While a process hangs in a fetch, others wait for LockTimeout and then get credentials
// themselves.
func TestCacheHolderHangs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := filepath.Join(dir, "cache")
	start(t, "cache", cache, filepath.Join(dir, "calls"), "hang")
	c := export.OpenCache(&export.CacheOptions{Dir: cache, LockTimeout: 10 * time.Millisecond})
	calls := 0
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil || calls != 1 {
		t.Fatalf("%d calls, %v", calls, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Entry(ctx, export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("with a context that has ended: %d calls, %v", calls, err)
	}
}

// A caller that waited for a failed fetch gets the text of its error, with the same Retryable()
// bool.
func TestCacheSharesAFailure(t *testing.T) {
	t.Parallel()
	for _, permanent := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "cache")
		synctest.Test(t, func(t *testing.T) {
			c := export.OpenCache(&export.CacheOptions{Dir: dir})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: func(context.Context) (export.CacheEntry, error) {
					time.Sleep(time.Second)
					err := errors.New("STS said no")
					if permanent {
						err = fmt.Errorf("role: %w", permanentError{err})
					}
					return export.CacheEntry{}, err
				}})
			}()
			synctest.Wait()
			calls := 0
			_, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)})
			var shared interface{ Retryable() bool }
			if !errors.As(err, &shared) || shared.Retryable() == permanent || calls != 0 || !strings.Contains(err.Error(), "STS said no") {
				t.Errorf("%d calls, %v; want the shared error with Retryable() %v", calls, err, !permanent)
			}
			<-ended
		})
	}
}
