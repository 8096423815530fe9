package idptest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDefaultIssuer(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{
		Audiences: []string{idp.AudienceAWS}, Organizations: []string{idptest.OrganizationID},
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := iss.TokenSource(idp.AudienceAWS).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Verify(t.Context(), tok.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != idptest.Subject || c.Expiry.Sub(c.IssuedAt) != time.Hour || tok.Header().KeyID != "k0" || tok.Header().Algorithm != "RS256" {
		t.Errorf("claims %+v, header %+v: not those of an Ona token", c, tok.Header())
	}
	if _, err := iss.Verifier(idp.AudienceAWS).Verify(t.Context(), tok.Raw()); err != nil {
		t.Errorf("Verifier: %v", err)
	}
	if n := iss.Issued(); n != 1 {
		t.Errorf("Issued() = %d, want 1", n)
	}
}

func TestEveryAlgorithm(t *testing.T) {
	t.Parallel()
	for _, alg := range []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"} {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://issuer.example/path", Algorithm: alg, Lifetime: time.Minute})
		v := iss.Verifier("a")
		tok := iss.Token("a")
		if c, err := v.Verify(t.Context(), tok.Raw()); err != nil || tok.Header().Algorithm != alg || c.Expiry.Sub(c.IssuedAt) != time.Minute {
			t.Errorf("%s: %v", alg, err)
		}
		if alg[0] == 'E' {
			if kid := iss.RotateKey(); kid != "k1" || iss.Token("a").Header().KeyID != "k1" {
				t.Errorf("%s: rotated to %q", alg, kid)
			}
			if _, err := v.Verify(t.Context(), tok.Raw()); err != nil {
				t.Errorf("%s: the old token after a rotation: %v", alg, err)
			}
			iss.RemoveKey("k0")
			if _, err := v.Verify(t.Context(), tok.Raw()); err == nil {
				t.Errorf("%s: the old token after its key was removed", alg)
			}
		}
	}
}

func TestStart(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "https://issuer.example"} {
		iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: url, Algorithm: "ES256"})
		base := iss.Start()
		if want := url; want == "" && iss.URL != base || want != "" && iss.URL != want {
			t.Errorf("URL %q after Start, server %q, option %q", iss.URL, base, url)
		}
		keys, err := issuer.NewRemoteKeySet(base+idptest.JWKSPath, &issuer.RemoteKeySetOptions{InsecureLoopbackHTTP: true, HTTPClient: client(t)})
		if err != nil {
			t.Fatal(err)
		}
		v, err := issuer.NewVerifier(iss.URL, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Algorithms: []string{"ES256"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), iss.Sign(iss.Claims("a"))); err != nil {
			t.Error(err)
		}
		if url == "" {
			m, err := issuer.Discover(t.Context(), base, &issuer.DiscoverOptions{InsecureLoopbackHTTP: true, HTTPClient: client(t)})
			if err != nil || m.JWKSURI != base+idptest.JWKSPath {
				t.Errorf("Discover = %+v, %v", m, err)
			}
		}
	}
}

// client returns a client that closes its connections at the end of the test.
func client(t *testing.T) *http.Client {
	t.Helper()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// A client in memory and a client over a connection see the same faults.
func TestFaults(t *testing.T) {
	t.Parallel()
	cause := errors.New("broken wire")
	for name, tt := range map[string]struct {
		fault  idptest.Fault
		status int // 0: no response
		body   string
	}{
		"none":      {idptest.Fault{Path: "/elsewhere", Status: 500}, 200, `{"keys":[`},
		"status":    {idptest.Fault{Status: 503}, 503, ""},
		"body":      {idptest.Fault{Body: []byte("<html>")}, 200, "<html>"},
		"both":      {idptest.Fault{Status: 418, Body: []byte("tea")}, 418, "tea"},
		"error":     {idptest.Fault{Err: cause}, 0, ""},
		"truncated": {idptest.Fault{Body: []byte("0123456789"), Truncate: true}, 200, "01234"},
		"hang":      {idptest.Fault{Hang: true}, 0, ""},
		"delay":     {idptest.Fault{Delay: time.Millisecond, Body: []byte("x")}, 200, "x"},
		"once":      {idptest.Fault{Status: 500, Times: 1}, 500, ""},
	} {
		for _, way := range []string{"in memory", "loopback"} {
			t.Run(name+" "+way, func(t *testing.T) {
				t.Parallel()
				iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
				iss.Inject(tt.fault)
				c, base := iss.Client(), iss.URL
				if way == "loopback" {
					c, base = client(t), iss.Start()
				}
				timeout := 5 * time.Second
				if tt.fault.Hang {
					timeout = time.Second
				}
				status, body, err := getJWKS(t, c, base, timeout)
				if status != tt.status || !strings.HasPrefix(body, tt.body) || (err != nil) != (tt.fault.Truncate || tt.status == 0) {
					t.Errorf("status %d, body %q, %v; want %d, %q", status, body, err, tt.status, tt.body)
				}
				if tt.fault.Hang && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want the error of the context", err)
				}
				if tt.fault.Err != nil && way == "in memory" && !errors.Is(err, cause) {
					t.Errorf("error %v, want %v", err, cause)
				}
				if got := iss.Requests(); len(got) == 0 || got[0].Path != idptest.JWKSPath || got[0].Method != http.MethodGet || got[0].Status != tt.status {
					t.Errorf("Requests() = %+v", got)
				}
				if name == "once" {
					if status, _, err := getJWKS(t, c, base, timeout); status != http.StatusOK || err != nil {
						t.Errorf("second request: %d, %v", status, err)
					}
				}
			})
		}
	}
}

// getJWKS requests the key set. The status is 0 if there is no response.
func getJWKS(t *testing.T, c *http.Client, base string, timeout time.Duration) (status int, body string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+idptest.JWKSPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestRemoveAndClearFaults(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
	status := func() int {
		got, _, err := getJWKS(t, iss.Client(), iss.URL, time.Minute)
		if err != nil {
			t.Error(err)
		}
		return got
	}
	remove := iss.Inject(idptest.Fault{Status: 500})
	iss.Inject(idptest.Fault{Status: 503})
	if got := status(); got != 500 {
		t.Errorf("status %d, want 500 of the earliest fault", got)
	}
	remove()
	if got := status(); got != 503 {
		t.Errorf("status %d after the first fault was removed, want 503", got)
	}
	iss.ClearFaults()
	if got := status(); got != 200 {
		t.Errorf("status %d after ClearFaults, want 200", got)
	}
}

func TestClientReachesOnlyTheIssuer(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	for _, url := range []string{"https://example.com/", "http://app.gitpod.io/", "https://app.gitpod.io:8443/"} {
		resp, err := iss.Client().Get(url)
		if err == nil {
			resp.Body.Close()
			t.Errorf("GET %s: %d", url, resp.StatusCode)
		}
	}
	resp, err := iss.Client().Head(iss.URL + idptest.DiscoveryPath)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("HEAD: %v, %v", resp, err)
	}
	resp.Body.Close()
	resp, err = iss.Client().Post(iss.URL+idptest.JWKSPath, "text/plain", strings.NewReader("x"))
	if err != nil || resp.StatusCode != http.StatusMethodNotAllowed {
		t.Fatalf("POST: %v, %v", resp, err)
	}
	resp.Body.Close()
}

// The issuer starts no goroutine and uses the clock of the bubble.
func TestIssuerInSynctestBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
		if err != nil {
			t.Fatal(err)
		}
		v, err := issuer.NewVerifier(iss.URL, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, AnyOrganization: true})
		if err != nil {
			t.Fatal(err)
		}
		iss.Inject(idptest.Fault{Delay: 3 * time.Second})
		start, raw := time.Now(), iss.Sign(iss.Claims("a"))
		if _, err := v.Verify(t.Context(), raw); err != nil || time.Since(start) != 6*time.Second {
			t.Errorf("Verify: %v after %v, want the delays of both requests", err, time.Since(start))
		}
		iss.ClearFaults() // the next call fetches the keys in the background
		time.Sleep(2 * time.Hour)
		if _, err := v.Verify(t.Context(), raw); err == nil {
			t.Error("an expired token was accepted")
		}
	})
}

func TestWithOfNilClaims(t *testing.T) {
	t.Parallel()
	if got := idptest.With(nil, "a", 1, "b", nil); len(got) != 1 || got["a"] != 1 {
		t.Errorf("With = %v", got)
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	base := map[string]any{"a": 1, "b": 2}
	got := idptest.With(base, "a", nil, "c", 3)
	if fmt.Sprint(got) != "map[b:2 c:3]" || fmt.Sprint(base) != "map[a:1 b:2]" {
		t.Errorf("With = %v, base %v", got, base)
	}
	for _, pairs := range [][]any{{"a"}, {1, 2}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("With(%v) did not panic", pairs)
				}
			}()
			idptest.With(base, pairs...)
		}()
	}
}
