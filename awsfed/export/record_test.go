package export_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/export"
)

// A bad entry is ignored and replaced; it is never an error.
func TestCacheIgnoresBadEntries(t *testing.T) {
	t.Parallel()
	for rule, change := range badEntries() {
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
				if err != nil || e.Credentials().AccessKeyID != credentials(2).AccessKeyID {
					t.Fatalf("Entry = %q, %v; want a new one", e.Credentials().AccessKeyID, err)
				}
			}
			if calls != 2 {
				t.Errorf("%d calls, want 2: the entry was not replaced", calls)
			}
		})
	}
}

func TestCacheIgnoresEntriesThatOthersMayRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes")
	}
	dir := filepath.Join(t.TempDir(), "cache")
	var log strings.Builder
	c := export.OpenCache(&export.CacheOptions{Dir: dir, Logger: debugLogger(&log)})
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
	if got := strings.Count(log.String(), "other users may read it"); got != 2 { // before and under the lock
		t.Errorf("the log has the reason %d times, want 2: %s", got, log.String())
	}
}

// An entry of the largest size is used, and one byte more is not.
func TestCacheEntrySize(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	calls := 0
	r := export.CacheRequest{Key: cacheKey(), Fetch: counted(&calls, nil)}
	if _, err := c.Entry(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	path := entryFile(t, dir)
	text := read(t, path)
	for _, tt := range []struct{ size, calls int }{{1 << 20, 1}, {1<<20 + 1, 2}} {
		write(t, path, text+strings.Repeat(" ", tt.size-len(text)), 0o600)
		if _, err := c.Entry(t.Context(), r); err != nil || calls != tt.calls {
			t.Errorf("an entry of %d bytes: %d calls, %v, want %d", tt.size, calls, err, tt.calls)
		}
	}
}

// JSON shows bytes that are not UTF-8 alike. Policies with such names have different entries.
func TestCacheKeysThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	calls := 0
	for i, name := range []string{"\xff", "\xfe"} {
		r := export.CacheRequest{Key: export.CacheKey{PolicyARNs: []string{name}}, Fetch: counted(&calls, nil)}
		if _, err := c.Entry(t.Context(), r); err != nil || calls != i+1 {
			t.Errorf("%q: %d calls, %v, want %d", name, calls, err, i+1)
		}
	}
}

// A failure dated in the future is ignored: the clock was set back.
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
		t.Errorf("%d calls, %v; want a fetch by the caller", calls, err)
	}
}

// The bearer token is not in the entry.
func TestCacheEntryHasNoSourceSecret(t *testing.T) {
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

func FuzzCacheEntry(f *testing.F) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	good := `{"version":1,"key":{"source":"s"},"issuer":"i","fetched":"2026-11-21T23:50:00Z","credentials":{"AccessKeyID":"A","SecretAccessKey":"S","SessionToken":"T","CanExpire":true,"Expires":"2026-11-22T00:50:00Z"}}`
	f.Add(good)
	f.Add(good[:40])
	f.Add(good + " x")
	f.Add(strings.Replace(good, `"T"`, strconv.Quote("T\n[x]"), 1))
	f.Add(`{}`)
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := export.ParseRecord(text, export.CacheRequest{Key: export.CacheKey{Source: "s"}, Expect: export.CacheIdentity{Issuer: "i"}}, now)
		if !ok {
			if e.Credentials() != (aws.Credentials{}) || e.CacheIdentity != (export.CacheIdentity{}) {
				t.Error("a refused entry is not the zero value")
			}
			return
		}
		if e.Issuer != "i" || !e.Credentials().Expires.After(now) || e.Credentials().SessionToken == "" || strings.ContainsAny(e.Credentials().SessionToken, "\n \"") {
			t.Errorf("accepted %q", text)
		}
	})
}

// badEntries returns functions that make a good entry unusable.
func badEntries() map[string]func(string) string {
	return map[string]func(string) string{
		"empty":            func(string) string { return "" },
		"cut":              func(s string) string { return s[:len(s)/2] },
		"text after":       func(s string) string { return s + "{}" },
		"other version":    withMember("version", 2),
		"other key":        withMember("key", map[string]any{"roleArn": "other"}),
		"other role":       withMember("key", map[string]any{"roleArn": "other", "policyArns": cacheKey().PolicyARNs}),
		"unknown member":   withMember("new", 1),
		"no credentials":   withMember("credentials", nil),
		"from the future":  withMember("fetched", time.Now().Add(time.Hour)),
		"other issuer":     withMember("issuer", "https://evil.example"),
		"other subject":    withMember("subject", "org:2"),
		"other account":    withMember("accountId", "210987654321"),
		"too large":        func(s string) string { return s + strings.Repeat(" ", 1<<20) },
		"expired":          func(s string) string { return strings.Replace(s, `"Expires":"20`, `"Expires":"19`, 1) },
		"permanent":        func(s string) string { return strings.Replace(s, `"CanExpire":true`, `"CanExpire":false`, 1) },
		"newline in a key": func(s string) string { return strings.Replace(s, `"AccessKeyID":"`, `"AccessKeyID":"\n`, 1) },
	}
}

// withMember returns a function that changes one member of an entry.
func withMember(name string, value any) func(string) string {
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
