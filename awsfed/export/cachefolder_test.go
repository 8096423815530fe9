package export_test

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

func TestCacheOff(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	base := t.TempDir()
	folder := func(name string, mode os.FileMode) string {
		path := filepath.Join(base, name)
		if err := os.Mkdir(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := folder("good", 0o700)
	link := filepath.Join(base, "link")
	if err := os.Symlink(good, link); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(base, "file")
	write(t, file, "x", 0o600)
	bad := map[string]string{
		"open folder":               folder("open", 0o755),
		"link":                      link,
		"file":                      file,
		"in a world-writable place": filepath.Join(folder("tmp", 0o777|os.ModeSticky), "cache"),
	}
	if foreign := folder("foreign", 0o700); os.Chown(foreign, 12345, -1) == nil {
		bad["another user's"] = foreign
	}
	for rule, dir := range bad {
		var log strings.Builder
		c := export.OpenCache(&export.CacheOptions{Dir: dir, Logger: debugLogger(&log)})
		if !strings.Contains(log.String(), "credentials cache: off") {
			t.Errorf("%s: the log does not say that the cache is off: %s", rule, log.String())
		}
		if c.Off() == nil {
			t.Errorf("%s: the cache is on", rule)
		}
		calls := 0
		for range 2 {
			if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil {
				t.Errorf("%s: %v", rule, err)
			}
		}
		if calls != 2 || len(glob(t, filepath.Join(dir, "*.json"))) > 0 {
			t.Errorf("%s: %d calls, want 2 and no entry", rule, calls)
		}
	}
	var log strings.Builder
	if c := export.OpenCache(&export.CacheOptions{Dir: good, Logger: debugLogger(&log)}); c.Off() != nil || log.Len() > 0 {
		t.Errorf("good folder: %v, %s", c.Off(), log.String())
	}
}

// A refused folder is not created, because its parent is checked first.
func TestCacheOffCreatesNothing(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	above := t.TempDir()
	if err := os.Chmod(above, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	c := export.OpenCache(&export.CacheOptions{Dir: filepath.Join(above, "cache")})
	if err := c.Off(); err == nil || !strings.Contains(err.Error(), "all users may write") {
		t.Errorf("Off = %v", err)
	}
	if left, err := os.ReadDir(above); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if c := export.OpenCache(&export.CacheOptions{Dir: filepath.Join(t.TempDir(), "a", "b", "cache")}); c.Off() != nil {
		t.Errorf("in new folders: %v", c.Off())
	}
}

// Old entries and temporary files are removed. Other files in the folder stay.
func TestCacheSweep(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	var log strings.Builder
	c := export.OpenCache(&export.CacheOptions{Dir: dir, Logger: debugLogger(&log)})
	young := filepath.Join(dir, strings.Repeat("1b", 32)+".json")
	write(t, young, "x", 0o600)
	digits := strings.Repeat("0a", 32)
	removed := []string{digits + ".json", "." + digits + ".json.onafed.tmp"}
	kept := []string{"notes.json", "package.onafed.tmp", digits + ".txt", digits + "0.json", strings.Repeat("0B", 32) + ".json", "." + digits + ".json", digits + ".json.onafed.tmp", "lock-0a"}
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range append(removed, kept...) {
		path := filepath.Join(dir, name)
		write(t, path, "x", 0o600)
		if err := os.Chtimes(path, long, long); err != nil {
			t.Fatal(err)
		}
	}
	calls := 0
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil {
		t.Fatal(err)
	}
	for _, name := range removed {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was not removed: %v", name, err)
		}
	}
	for _, name := range append(kept, filepath.Base(young)) {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed", name)
		}
	}
	if log.Len() > 0 {
		t.Errorf("the log has %s", log.String())
	}
}

// debugLogger returns a logger that writes lines of every level to out.
func debugLogger(out io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The zero value stores nothing.
func TestZeroCacheIsOff(t *testing.T) {
	t.Parallel()
	var c export.Cache
	if err := c.Off(); err == nil || !strings.Contains(err.Error(), "OpenCache") {
		t.Errorf("Off = %v, want the function that makes a Cache", err)
	}
	calls := 0
	for range 2 {
		if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls, want 2: nothing is stored", calls)
	}
}
