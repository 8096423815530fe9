package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

func cacheKey() export.CacheKey {
	return export.CacheKey{
		Source: "api", SourceFingerprint: export.Fingerprint("bearer"), APIHost: "app.gitpod.io", Audience: "sts.amazonaws.com",
		RoleARN: "arn:aws:iam::123456789012:role/r", PolicyARNs: []string{"a", "b"}, SessionName: "env-1", Duration: time.Hour, Endpoint: "eu-west-1",
	}
}

// counted is a fetch that counts its calls and fails with err.
func counted(calls *int, err error) func(context.Context) (export.CacheEntry, error) {
	return func(context.Context) (export.CacheEntry, error) {
		*calls++
		if err != nil {
			return export.CacheEntry{}, err
		}
		return export.CacheEntry{
			CacheIdentity: export.CacheIdentity{Issuer: "https://app.gitpod.io", Subject: "org:1"},
			Credentials:   credentials(*calls),
		}, nil
	}
}

func openCache(t *testing.T) (*export.Cache, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cache")
	c := export.OpenCache(&export.CacheOptions{Dir: dir})
	if err := c.Off(); err != nil {
		t.Fatal(err)
	}
	return c, dir
}

// entryFile is the cache's one entry.
func entryFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("entries %q, %v; want one", files, err)
	}
	return files[0]
}

// childCache asks the cache in args[0] and appends a line to args[1] for each fetch.
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
		time.Sleep(300 * time.Millisecond) // the latency of STS, in which the others arrive
		if args[2] == "fail" {
			return export.CacheEntry{}, errors.New("STS said no")
		}
		return export.CacheEntry{Credentials: credentials(os.Getpid())}, nil
	}})
	return export.Process(context.Background(), os.Stdout, src)
}

// Many processes that ask at once make one call, and all get the same.
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
				// A process that began after the failure tries again itself.
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

// A process that dies while it fetches leaves no lock.
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

// One that lives but hangs costs the others LockTimeout, not their credentials.
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

// An entry is for one key: whatever differs, it is another one.
func TestCacheKeyIsWhole(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	calls := 0
	ask := func(k export.CacheKey) {
		t.Helper()
		if _, err := c.Entry(t.Context(), export.CacheRequest{Key: k, Fetch: counted(&calls, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	changes := []func(*export.CacheKey){
		func(*export.CacheKey) {},
		func(k *export.CacheKey) { k.Source = "file" },
		func(k *export.CacheKey) { k.SourceFingerprint = export.Fingerprint("other") },
		func(k *export.CacheKey) { k.APIHost = "x" },
		func(k *export.CacheKey) { k.Audience = "x" },
		func(k *export.CacheKey) { k.RoleARN = "arn:aws:iam::123456789012:role/s" },
		func(k *export.CacheKey) { k.Policy = "{}" },
		func(k *export.CacheKey) { k.PolicyARNs = []string{"a"} },
		func(k *export.CacheKey) { k.PolicyARNs = []string{"a,b"} },
		func(k *export.CacheKey) { k.SessionName = "x" },
		func(k *export.CacheKey) { k.Duration++ },
		func(k *export.CacheKey) { k.Endpoint = "x" },
	}
	for i, change := range changes {
		k := cacheKey()
		change(&k)
		for range 2 {
			ask(k)
		}
		if calls != i+1 {
			t.Fatalf("change %d: %d calls, want %d", i, calls, i+1)
		}
	}
}

// What is wrong with an entry makes it a miss and is mended, never an error.
func TestCacheIgnoresBadEntries(t *testing.T) {
	t.Parallel()
	member := func(name string, value any) func(string) string {
		return func(text string) string {
			var m map[string]any
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				panic(err)
			}
			m[name] = value
			out, err := json.Marshal(m)
			if err != nil {
				panic(err)
			}
			return string(out)
		}
	}
	spoil := map[string]func(string) string{
		"empty":            func(string) string { return "" },
		"cut":              func(s string) string { return s[:len(s)/2] },
		"text behind":      func(s string) string { return s + "{}" },
		"other version":    member("version", 2),
		"other key":        member("key", map[string]any{"roleArn": "other"}),
		"unknown member":   member("new", 1),
		"no credentials":   member("credentials", nil),
		"from the future":  member("fetched", time.Now().Add(time.Hour)),
		"other issuer":     member("issuer", "https://evil.example"),
		"other subject":    member("subject", "org:2"),
		"other account":    member("accountId", "210987654321"),
		"too large":        func(s string) string { return s + strings.Repeat(" ", 100<<10) },
		"expired":          func(s string) string { return strings.Replace(s, `"expires":"20`, `"expires":"19`, 1) },
		"newline in a key": func(s string) string { return strings.Replace(s, `"accessKeyId":"`, `"accessKeyId":"\n`, 1) },
	}
	for rule, change := range spoil {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			c, dir := openCache(t)
			calls := 0
			r := export.CacheRequest{Key: cacheKey(), Expect: export.CacheIdentity{Issuer: "https://app.gitpod.io", Subject: "org:1"}, Fetch: counted(&calls, nil)}
			for range 2 {
				if _, err := c.Entry(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			if calls != 1 {
				t.Fatalf("%d calls with a good entry, want 1", calls)
			}
			path := entryFile(t, dir)
			write(t, path, change(read(t, path)), 0o600)
			for range 2 {
				e, err := c.Entry(t.Context(), r)
				if err != nil || e.Credentials.AccessKeyID != credentials(2).AccessKeyID {
					t.Fatalf("Entry = %q, %v; want a new one", e.Credentials.AccessKeyID, err)
				}
			}
			if calls != 2 {
				t.Errorf("%d calls, want 2: the entry was not replaced", calls)
			}
		})
	}
	t.Run("readable by others", func(t *testing.T) {
		t.Parallel()
		if runtime.GOOS == "windows" {
			t.Skip("modes are access control lists there")
		}
		c, dir := openCache(t)
		calls := 0
		r := export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}
		for range 2 {
			if _, err := c.Entry(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(entryFile(t, dir), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if calls != 2 {
			t.Errorf("%d calls, want 2", calls)
		}
	})
}

func TestCacheRefusesUnexpectedIdentity(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	for _, r := range []export.CacheRequest{
		{Expect: export.CacheIdentity{Issuer: "https://other.example"}},
		{Expect: export.CacheIdentity{Subject: "jane@example.com"}},
		{Expect: export.CacheIdentity{AccountID: "210987654321"}},
		{Key: export.CacheKey{RoleARN: "arn:aws:iam::210987654321:role/r"}},
	} {
		calls := 0
		r.Fetch = counted(&calls, nil)
		if _, err := c.Entry(t.Context(), r); err == nil || strings.Contains(err.Error(), "jane") {
			t.Errorf("%+v: %v, want an error without the subject", r.Expect, err)
		}
	}
	for _, f := range glob(t, filepath.Join(dir, "*.json")) {
		if strings.Contains(read(t, f), "ASIA") {
			t.Errorf("refused credentials are in %s", f)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// The cache asks anew when the life left is short, and does with the old ones
// while that fails.
func TestCacheLifetimes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		c := export.OpenCache(&export.CacheOptions{Dir: dir})
		calls := 0
		good := export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}
		bad := export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, errors.New("down"))}
		steps := []struct {
			after time.Duration
			r     export.CacheRequest
			calls int
			fails bool
		}{
			{0, good, 1, false},
			{39 * time.Minute, good, 1, false},
			{2 * time.Minute, bad, 2, false},          // 19 minutes left: asked, failed, the old ones do
			{18 * time.Minute, bad, 3, false},         // one minute left
			{time.Minute + time.Second, bad, 4, true}, // expired
			{time.Second, good, 5, false},
		}
		for i, s := range steps {
			time.Sleep(s.after)
			_, err := c.Entry(t.Context(), s.r)
			if calls != s.calls || (err != nil) != s.fails {
				t.Fatalf("step %d: %d calls, error %v; want %d, %v", i, calls, err, s.calls, s.fails)
			}
		}
	})
}

func TestCacheOff(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are access control lists there")
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
		c := export.OpenCache(&export.CacheOptions{Dir: dir})
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
	if c := export.OpenCache(&export.CacheOptions{Dir: good}); c.Off() != nil {
		t.Errorf("good folder: %v", c.Off())
	}
}

// A refused folder is not made: what is above it is looked at first.
func TestCacheOffMakesNothing(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are access control lists there")
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
		t.Errorf("in folders that are made: %v", c.Off())
	}
}

// A failure that is told from the future, as after the clock was set back, is nobody's.
func TestCacheFailureFromTheFuture(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	calls := 0
	down := export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, errors.New("down"))}
	if _, err := c.Entry(t.Context(), down); err == nil {
		t.Fatal("no error")
	}
	path := entryFile(t, dir)
	var m map[string]any
	if err := json.Unmarshal([]byte(read(t, path)), &m); err != nil {
		t.Fatal(err)
	}
	m["failed"] = time.Now().Add(time.Hour)
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text), 0o600)
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}); err != nil || calls != 2 {
		t.Errorf("%d calls, %v; want the caller's own", calls, err)
	}
}

// Who waited for a fetch that failed is told its text, and whether trying again is of no use.
func TestCacheTellsTheFailureOfAnother(t *testing.T) {
	t.Parallel()
	for _, denied := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "cache")
		synctest.Test(t, func(t *testing.T) {
			c := export.OpenCache(&export.CacheOptions{Dir: dir})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: func(context.Context) (export.CacheEntry, error) {
					time.Sleep(time.Second)
					err := errors.New("STS said no")
					if denied {
						err = fmt.Errorf("role: %w", finalError{err})
					}
					return export.CacheEntry{}, err
				}})
			}()
			synctest.Wait()
			calls := 0
			_, err := c.Entry(t.Context(), export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)})
			var final interface{ Retryable() bool }
			if !errors.As(err, &final) || final.Retryable() == denied || calls != 0 || !strings.Contains(err.Error(), "STS said no") {
				t.Errorf("%d calls, %v; want the error of the other with Retryable() %v", calls, err, !denied)
			}
			<-ended
		})
	}
}

// Old entries and temporary files go, and nothing else that is in the folder.
func TestCacheSweep(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	digits := strings.Repeat("0a", 32)
	gone := []string{digits + ".json", "." + digits + ".json.onafed.tmp"}
	kept := []string{"notes.json", "package.onafed.tmp", digits + ".txt", digits + "0.json", strings.ToUpper(digits) + ".json", "." + digits + ".json", digits + ".json.onafed.tmp", "lock-0a"}
	long := time.Now().Add(-48 * time.Hour)
	for _, name := range append(gone, kept...) {
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
	for _, name := range gone {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s was kept: %v", name, err)
		}
	}
	for _, name := range kept {
		if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
			t.Errorf("%s was removed", name)
		}
	}
}

// The entry tells no more than it must: the bearer token is not in it.
func TestCacheEntryHoldsNoSourceSecret(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	calls := 0
	k := cacheKey()
	k.SourceFingerprint = export.Fingerprint("s3cr3t-bearer")
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: k, Fetch: counted(&calls, nil)}); err != nil {
		t.Fatal(err)
	}
	path := entryFile(t, dir)
	if strings.Contains(read(t, path), "s3cr3t-bearer") {
		t.Error("the bearer token is in the entry")
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
}

func TestCacheNeedsFetch(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	if _, err := c.Entry(t.Context(), export.CacheRequest{}); err == nil {
		t.Error("no error without Fetch")
	}
}

func FuzzCacheEntry(f *testing.F) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	good := `{"version":1,"key":{"source":"s"},"issuer":"i","fetched":"2026-11-21T23:50:00Z","credentials":{"accessKeyId":"A","secretAccessKey":"S","sessionToken":"T","expires":"2026-11-22T00:50:00Z"}}`
	f.Add(good)
	f.Add(good[:40])
	f.Add(good + " x")
	f.Add(strings.Replace(good, `"T"`, strconv.Quote("T\n[x]"), 1))
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := export.ParseRecord(text, export.CacheRequest{Key: export.CacheKey{Source: "s"}, Expect: export.CacheIdentity{Issuer: "i"}}, now)
		if !ok {
			if e != (export.CacheEntry{}) {
				t.Error("a refused entry is not the zero value")
			}
			return
		}
		if e.Issuer != "i" || !e.Credentials.Expires.After(now) || e.Credentials.SessionToken == "" || strings.ContainsAny(e.Credentials.SessionToken, "\n \"") {
			t.Errorf("accepted %q", text)
		}
	})
}
