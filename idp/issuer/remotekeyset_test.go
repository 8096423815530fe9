package issuer_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// remote returns an issuer and a key set that fetches its keys.
func remote(t *testing.T, o issuer.RemoteKeySetOptions) (*idptest.Issuer, *issuer.RemoteKeySet) {
	t.Helper()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"}) // ECDSA keys are fast to generate
	if o.HTTPClient == nil {
		o.HTTPClient = iss.Client()
	}
	keys, err := issuer.NewRemoteKeySet(iss.URL+idptest.JWKSPath, &o)
	if err != nil {
		t.Fatal(err)
	}
	return iss, keys
}

func wantKey(t *testing.T, keys issuer.KeySet, kid string) {
	t.Helper()
	got, err := keys.Keys(t.Context(), kid)
	if err != nil || len(got) != 1 || got[0].ID != kid {
		t.Errorf("Keys(%q) = %v, %v; want that key", kid, got, err)
	}
}

func wantNoKey(t *testing.T, keys issuer.KeySet, kid string) {
	t.Helper()
	got, err := keys.Keys(t.Context(), kid)
	notFound, ok := errors.AsType[*issuer.KeyNotFoundError](err)
	if !ok || notFound.KeyID != kid || got != nil {
		t.Errorf("Keys(%q) = %v, %v; want a *KeyNotFoundError", kid, got, err)
	}
}

func wantRequests(t *testing.T, iss *idptest.Issuer, n int) {
	t.Helper()
	if got := len(iss.Requests()); got != n {
		t.Errorf("%d requests, want %d", got, n)
	}
}

func TestRemoteOptions(t *testing.T) {
	t.Parallel()
	for option, o := range map[string]issuer.RemoteKeySetOptions{"MaxStale": {MaxStale: -7}, "Timeout": {Timeout: -7}} {
		for function, construct := range map[string]func(string, *issuer.RemoteKeySetOptions) (*issuer.RemoteKeySet, error){
			"NewRemoteKeySet": issuer.NewRemoteKeySet, "NewIssuerKeySet": issuer.NewIssuerKeySet,
		} {
			s, err := construct("https://a.example", &o)
			refused, ok := errors.AsType[*issuer.OptionError](err)
			if !ok || s != nil || refused.Func != function || refused.Option != option || !strings.Contains(err.Error(), "got -7ns") {
				t.Errorf("%s(%+v) = %v, %v; want an *OptionError", function, o, s, err)
			}
		}
	}
	iss, keys := remote(t, issuer.RemoteKeySetOptions{MaxStale: math.MaxInt64, Timeout: math.MaxInt64})
	for range 2 {
		if got, err := keys.Keys(t.Context(), "k0"); err != nil || len(got) != 1 {
			t.Errorf("with the largest durations: Keys = %v, %v", got, err)
		}
	}
	wantRequests(t, iss, 1)
}

func TestTheZeroRemoteKeySetFails(t *testing.T) {
	t.Parallel()
	if got, err := new(issuer.RemoteKeySet).Keys(t.Context(), "k0"); err == nil || got != nil || !strings.Contains(err.Error(), "call NewRemoteKeySet") {
		t.Errorf("Keys = %v, %v; want an error that names the constructors", got, err)
	}
}

func TestConstructorsFetchNothing(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"", "x", "http://app.gitpod.io", "http://localhost:1", "http://127.0.0.1:1", "https://", "ftp://a", "https://a#f", "https://u:p@a"} {
		if s, err := issuer.NewRemoteKeySet(raw, nil); err == nil || s != nil {
			t.Errorf("NewRemoteKeySet(%q) = %v, %v; want an error", raw, s, err)
		}
		if s, err := issuer.NewIssuerKeySet(raw, nil); err == nil || s != nil {
			t.Errorf("NewIssuerKeySet(%q) = %v, %v; want an error", raw, s, err)
		}
	}
	o := &issuer.RemoteKeySetOptions{InsecureLoopbackHTTP: true}
	for raw, want := range map[string]bool{"http://127.0.0.1:1": true, "http://[::1]:1": true, "http://localhost:1": false, "http://10.0.0.1:1": false, "http://a.example": false} {
		if _, err := issuer.NewRemoteKeySet(raw, o); (err == nil) != want {
			t.Errorf("InsecureLoopbackHTTP: NewRemoteKeySet(%q): %v, want ok %v", raw, err, want)
		}
	}
	if _, err := issuer.NewIssuerKeySet("https://a?q=1", nil); err == nil {
		t.Error("an issuer with a query was accepted")
	}
	iss, _ := remote(t, issuer.RemoteKeySetOptions{})
	wantRequests(t, iss, 0)
}

func TestKnownKeyIsFetchedOnce(t *testing.T) {
	t.Parallel()
	for range 20 { // so that some calls start when the fetch ends
		synctest.Test(t, func(t *testing.T) {
			iss, keys := remote(t, issuer.RemoteKeySetOptions{})
			var wg sync.WaitGroup
			for range 100 {
				wg.Go(func() { wantKey(t, keys, "k0") })
			}
			wg.Wait()
			wantRequests(t, iss, 1)
			// If the keys are too old, all calls return them, and one fetch runs in the background.
			time.Sleep(11 * time.Minute)
			for range 100 {
				wg.Go(func() { wantKey(t, keys, "k0") })
			}
			wg.Wait()
			synctest.Wait()
			wantRequests(t, iss, 2)
			all, err := keys.Keys(t.Context(), "")
			if err != nil || len(all) != 1 {
				t.Errorf("Keys(\"\") = %v, %v; want one", all, err)
			}
		})
	}
}

// While a fetch for an unknown kid hangs, known keys are found, and callers can be canceled.
func TestKnownKeysDoNotWaitForUnknownKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		time.Sleep(time.Minute)
		iss.Inject(idptest.Fault{Hang: true})
		start := time.Now()
		done := make(chan error)
		go func() {
			_, err := keys.Keys(t.Context(), "unknown")
			done <- err
		}()
		synctest.Wait()
		wantKey(t, keys, "k0")
		if d := time.Since(start); d != 0 {
			t.Errorf("a known key waited %v", d)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := keys.Keys(ctx, "unknown"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Keys = %v after %v, want the error of its context after 1s", err, time.Since(start))
		}
		var f *issuer.FetchError
		if err := <-done; !errors.As(err, &f) || !f.Temporary() || time.Since(start) != 10*time.Second {
			t.Errorf("Keys = %v after %v, want a temporary *FetchError after 10s", err, time.Since(start))
		}
		wantRequests(t, iss, 2)
	})
}

func TestFetchInTheBackground(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		header http.Header
		ttl    time.Duration
	}{
		{"no Cache-Control", http.Header{"Cache-Control": nil}, 10 * time.Minute},
		{"max-age", http.Header{"Cache-Control": {"public, max-age=300"}}, 5 * time.Minute},
		{"max-age in capitals and quotes", http.Header{"Cache-Control": {`Public, Max-Age="300"`}}, 5 * time.Minute},
		{"max-age on a second line", http.Header{"Cache-Control": {"public", "max-age=300"}}, 5 * time.Minute},
		{"max-age minus Age", http.Header{"Cache-Control": {"max-age=300"}, "Age": {"100"}}, 200 * time.Second},
		{"at least a minute", http.Header{"Cache-Control": {"max-age=1"}}, time.Minute},
		{"max-age 0", http.Header{"Cache-Control": {"max-age=0"}}, time.Minute},
		{"no-store", http.Header{"Cache-Control": {"no-store, max-age=600"}}, time.Minute},
		{"at most an hour", http.Header{"Cache-Control": {"max-age=31536000"}}, time.Hour},
		{"max-age of int64", http.Header{"Cache-Control": {"max-age=9223372036854775807"}}, time.Hour},
		{"max-age beyond int64", http.Header{"Cache-Control": {"max-age=99999999999999999999"}}, 10 * time.Minute},
		{"negative max-age", http.Header{"Cache-Control": {"max-age=-5"}}, 10 * time.Minute},
		{"max-age is not a number", http.Header{"Cache-Control": {"max-age=soon"}}, 10 * time.Minute},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss, keys := remote(t, issuer.RemoteKeySetOptions{})
				iss.Inject(idptest.Fault{Header: tt.header})
				wantKey(t, keys, "k0")
				time.Sleep(tt.ttl - time.Millisecond)
				wantKey(t, keys, "k0")
				synctest.Wait()
				wantRequests(t, iss, 1)
				time.Sleep(time.Millisecond)
				iss.ClearFaults()
				iss.Inject(idptest.Fault{Delay: 5 * time.Second})
				start := time.Now()
				for range 10 {
					wantKey(t, keys, "k0")
				}
				if d := time.Since(start); d != 0 {
					t.Errorf("the callers waited %v", d)
				}
				time.Sleep(6 * time.Second)
				wantRequests(t, iss, 2)
			})
		})
	}
}

func TestRemovedKeyIsDroppedByTheNextFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		kid := iss.RotateKey()
		wantKey(t, keys, "k0")
		iss.RemoveKey("k0")
		time.Sleep(10 * time.Minute) // the TTL
		iss.Inject(idptest.Fault{Status: 503})
		wantKey(t, keys, "k0")
		time.Sleep(time.Minute)
		wantKey(t, keys, "k0") // no fetch has succeeded yet
		synctest.Wait()
		iss.ClearFaults()
		time.Sleep(time.Minute)
		wantKey(t, keys, "k0") // starts the fetch
		synctest.Wait()
		wantKey(t, keys, kid)
		wantNoKey(t, keys, "k0")
	})
}

// An empty key set is valid: the issuer has withdrawn all keys.
func TestAllKeysWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		wantKey(t, keys, "k0")
		iss.Inject(idptest.Fault{Body: []byte(`{"keys":[]}`)})
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0")
		synctest.Wait()
		wantNoKey(t, keys, "k0")
		wantNoKey(t, keys, "")
	})
}

// A canceled caller does not cancel the fetch that other callers wait for.
func TestCanceledCallerDoesNotStopTheFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		iss.Inject(idptest.Fault{Delay: 5 * time.Second})
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error)
		go func() {
			_, err := keys.Keys(ctx, "k0")
			first <- err
		}()
		synctest.Wait()
		second := make(chan error)
		go func() {
			_, err := keys.Keys(t.Context(), "k0")
			second <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the canceled caller: %v, want %v", err, context.Canceled)
		}
		if err := <-second; err != nil {
			t.Errorf("the other caller: %v", err)
		}
		wantRequests(t, iss, 1)
	})
}

func TestIssuerKeySetFollowsDiscovery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
		keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
		if err != nil {
			t.Fatal(err)
		}
		paths := func() string {
			var b strings.Builder
			for _, r := range iss.Requests() {
				b.WriteString(r.Path[len("/.well-known/"):][:1])
			}
			return b.String()
		}
		wantKey(t, keys, "k0")
		time.Sleep(10 * time.Minute)
		wantKey(t, keys, "k0")
		synctest.Wait()
		if got := paths(); got != "ojj" { // openid-configuration, jwks.json
			t.Errorf("requests %q, want discovery once", got)
		}
		time.Sleep(time.Hour)
		wantKey(t, keys, "k0")
		synctest.Wait()
		if got := paths(); got != "ojjoj" {
			t.Errorf("requests %q, want discovery again after an hour", got)
		}
		// If discovery fails, the last URL of the keys is used.
		iss.Inject(idptest.Fault{Path: idptest.DiscoveryPath, Status: 503})
		kid := iss.RotateKey()
		time.Sleep(2 * time.Hour)
		wantKey(t, keys, kid)
	})
}
