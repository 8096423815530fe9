package export_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

func cacheKey() export.CacheKey {
	return export.CacheKey{
		Source: "api", SourceFingerprint: export.Fingerprint("bearer"), APIHost: "app.gitpod.io", Audience: "sts.amazonaws.com",
		RoleARN: "arn:aws:iam::123456789012:role/r", PolicyARNs: []string{"a", "b"}, SessionName: "env-1", Duration: time.Hour, Endpoint: "eu-west-1",
	}
}

// counted returns a fetch that counts its calls and fails with err if that is not nil.
func counted(calls *int, err error) func(context.Context) (export.CacheEntry, error) {
	return func(context.Context) (export.CacheEntry, error) {
		*calls++
		if err != nil {
			return export.CacheEntry{}, err
		}
		return export.NewCacheEntry(export.CacheIdentity{Issuer: "https://app.gitpod.io", Subject: "org:1"}, credentials(*calls)), nil
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

// entryFile returns the path of the cache's only entry.
func entryFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("entries %q, %v; want one", files, err)
	}
	return files[0]
}

// Each field of the key selects another entry.
func TestCacheComparesTheWholeKey(t *testing.T) {
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
		func(k *export.CacheKey) { chain(k, func(*awsfed.NextRole) {}) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.SessionName = "x" }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.ExternalID = "x" }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.Duration = time.Hour }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.Policy = "{}" }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.PolicyARNs = []string{"a"} }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.Tags = map[string]string{"a": "b"} }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.Tags = map[string]string{"a": ""} }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.TransitiveTagKeys = []string{"a"} }) },
		func(k *export.CacheKey) { chain(k, func(r *awsfed.NextRole) { r.SourceIdentity = "x" }) },
		func(k *export.CacheKey) {
			chain(k, func(*awsfed.NextRole) {})
			k.Chain = append(k.Chain, k.Chain[0])
		},
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

// chain sets a chain of one more role, changed by change.
func chain(k *export.CacheKey, change func(*awsfed.NextRole)) {
	next := awsfed.NextRole{RoleARN: "arn:aws:iam::123456789012:role/next"}
	change(&next)
	k.Chain = []awsfed.NextRole{next}
}

// A chain with the longest options is cached.
func TestCacheKeepsLongChains(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	k := cacheKey()
	for range 10 {
		r := awsfed.NextRole{RoleARN: k.RoleARN, Policy: strings.Repeat("<", 2048), ExternalID: strings.Repeat("x", 1224), Tags: map[string]string{}}
		for i := range 50 {
			r.Tags[strings.Repeat("\u5927", 126)+fmt.Sprint(10+i)] = strings.Repeat("\u5927", 256)
		}
		k.Chain = append(k.Chain, r)
	}
	calls := 0
	for range 2 {
		if _, err := c.Entry(t.Context(), export.CacheRequest{Key: k, Fetch: counted(&calls, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

// The account of an entry is that of the last role of a chain.
func TestCacheKnowsTheAccountOfAChain(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	for first, ok := range map[string]bool{"arn:aws:iam::210987654321:role/r": true, "arn:aws:iam::123456789012:role/r": false} {
		k := export.CacheKey{RoleARN: first}
		chain(&k, func(r *awsfed.NextRole) {
			if !ok {
				r.RoleARN = "arn:aws:iam::210987654321:role/r"
			}
		})
		calls := 0
		if _, err := c.Entry(t.Context(), export.CacheRequest{Key: k, Fetch: counted(&calls, nil)}); (err == nil) != ok {
			t.Errorf("%s, then %s: Entry = %v, want an entry: %v", first, k.Chain[0].RoleARN, err, ok)
		}
	}
}

func TestCacheRefusesUnexpectedIdentity(t *testing.T) {
	t.Parallel()
	c, dir := openCache(t)
	for _, tt := range []struct {
		r    export.CacheRequest
		want string
	}{
		{export.CacheRequest{Expect: export.CacheIdentity{Issuer: "https://other.example"}}, `Issuer is "https://app.gitpod.io", want "https://other.example"`},
		{export.CacheRequest{Expect: export.CacheIdentity{Subject: "jane@example.com"}}, "Subject differs; check"},
		{export.CacheRequest{Expect: export.CacheIdentity{AccountID: "210987654321"}}, `AccountID is "123456789012", want "210987654321"`},
		{export.CacheRequest{Key: export.CacheKey{RoleARN: "arn:aws:iam::210987654321:role/r"}}, `for account "123456789012", and the role "arn:aws:iam::210987654321:role/r" is in another one`},
	} {
		calls := 0
		tt.r.Fetch = counted(&calls, nil)
		if _, err := c.Entry(t.Context(), tt.r); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "jane") {
			t.Errorf("Entry = %v, want %q", err, tt.want)
		}
	}
	for _, f := range glob(t, filepath.Join(dir, "*.json")) {
		if text := read(t, f); strings.Contains(text, "210987654321") && strings.Contains(text, "ASIA") {
			t.Errorf("credentials that are refused for every caller are in %s", f)
		}
	}
}

// What one caller expects makes no other caller fail, and costs no call where it waited for one.
func TestCacheExpectIsOfOneCaller(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		c := export.OpenCache(&export.CacheOptions{Dir: dir})
		calls := 0
		right := export.CacheRequest{Key: cacheKey(), Fetch: func(ctx context.Context) (export.CacheEntry, error) {
			time.Sleep(time.Second) // a slow STS
			return counted(&calls, nil)(ctx)
		}}
		wrong := right
		wrong.Expect.AccountID = "210987654321"
		check := func(r export.CacheRequest, wantCalls int) {
			_, err := c.Entry(t.Context(), r)
			if (err != nil) != (r.Expect.AccountID != "") || calls != wantCalls {
				t.Errorf("expecting account %q: %v after %d calls, want %d", r.Expect.AccountID, err, calls, wantCalls)
			}
		}
		var wg sync.WaitGroup
		wg.Go(func() { check(wrong, 1) })
		time.Sleep(time.Second / 2)
		wg.Go(func() { check(right, 1) })
		wg.Go(func() { check(wrong, 1) })
		wg.Wait()
		check(right, 1)
		check(wrong, 2)
		check(right, 2)
	})
}

// The cache fetches again when little lifetime is left, and returns the old credentials while that
// fails.
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
			{2 * time.Minute, bad, 2, false},          // 19 minutes left: the fetch fails, the old credentials are returned
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

func TestCacheNeedsFetch(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	if _, err := c.Entry(t.Context(), export.CacheRequest{}); err == nil {
		t.Error("no error without Fetch")
	}
}

// Credentials with a short life are used for half of it.
func TestCacheOfShortSessions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "cache")
	synctest.Test(t, func(t *testing.T) {
		c := export.OpenCache(&export.CacheOptions{Dir: dir})
		calls := 0
		r := export.CacheRequest{Key: cacheKey(), Fetch: func(context.Context) (export.CacheEntry, error) {
			calls++
			short := credentials(calls)
			short.Expires = time.Now().Add(15 * time.Minute)
			return export.NewCacheEntry(export.CacheIdentity{}, short), nil
		}}
		for _, step := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {7*time.Minute + 30*time.Second - 1, 1}, {1, 2}} {
			time.Sleep(step.after)
			if _, err := c.Entry(t.Context(), r); err != nil || calls != step.calls {
				t.Errorf("%d calls, %v, want %d", calls, err, step.calls)
			}
		}
	})
}

// The account in a role of Ceph is the name of a tenant, and not compared with that of an entry.
func TestCacheOfARoleWithoutAnAccountID(t *testing.T) {
	t.Parallel()
	c, _ := openCache(t)
	calls := 0
	if _, err := c.Entry(t.Context(), export.CacheRequest{Key: export.CacheKey{RoleARN: "arn:aws:iam::tenant:role/r"}, Fetch: counted(&calls, nil)}); err != nil {
		t.Errorf("Entry = %v", err)
	}
}
