package issuer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

type authorizationTest struct {
	url    string
	header []string
	want   int
	auth   string // WWW-Authenticate
	log    string // reason
}

func TestMiddleware(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	good := iss.Sign(iss.Claims("a"))
	expired := iss.Sign(idptest.With(iss.Claims("a"), "exp", time.Now().Add(-time.Hour).Unix()))
	const none, invalid = "Bearer", `Bearer error="invalid_token"`
	for name, tt := range map[string]authorizationTest{
		"valid":                {"/", []string{"Bearer " + good}, 200, "", ""},
		"scheme in lower case": {"/", []string{"bearer " + good}, 200, "", ""},
		"several spaces":       {"/", []string{"Bearer   " + good}, 200, "", ""},
		"no header":            {"/", nil, 401, none, ""},
		"in the query":         {"/?access_token=" + good, nil, 401, none, ""},
		"empty":                {"/", []string{""}, 401, none, ""},
		"Basic":                {"/", []string{"Basic dTpw"}, 401, none, ""},
		"another scheme":       {"/", []string{"Bearerx " + good}, 401, none, ""},
		"only the scheme":      {"/", []string{"Bearer"}, 401, invalid, "malformed"},
		"no token":             {"/", []string{"Bearer "}, 401, invalid, "malformed"},
		"two headers":          {"/", []string{"Bearer " + good, "Bearer " + good}, 401, invalid, "malformed"},
		"two tokens":           {"/", []string{"Bearer " + good + ", Bearer " + good}, 401, invalid, "malformed"},
		"text after the token": {"/", []string{"Bearer " + good + " x"}, 401, invalid, "malformed"},
		"expired":              {"/", []string{"Bearer " + expired}, 401, invalid, "expired"},
		"for another service":  {"/", []string{"Bearer " + iss.Sign(iss.Claims("b"))}, 401, invalid, "claim"},
		"escape sequence":      {"/", []string{"Bearer \x1b[31mred"}, 401, invalid, "malformed"},
		"token of 100 KB":      {"/", []string{"Bearer " + strings.Repeat("x", 100_000)}, 401, invalid, "malformed"},
		"changed signature":    {"/", []string{"Bearer " + good[:len(good)-8] + "AAAAAAAA"}, 401, invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := tt.run(t, iss)
			if tt.log != "" && !strings.Contains(log, `"reason":"`+tt.log+`"`) {
				t.Errorf("log %s, want the reason %q", log, tt.log)
			}
			if tt.auth != invalid && log != "" {
				t.Errorf("logged %s", log)
			}
			idptest.AssertNoSecret(t, log, good)
			idptest.AssertNoSecret(t, log, expired)
		})
	}
	if c, ok := issuer.ClaimsFromContext(t.Context()); ok {
		t.Errorf("claims %+v in a context without claims", c)
	}
}

// run sends a request and returns the log of the verifier.
func (tt authorizationTest) run(t *testing.T, iss *idptest.Issuer) string {
	t.Helper()
	var log bytes.Buffer
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{
		Audiences: []string{"a"}, AnyOrganization: true, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	called := false
	h := v.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		called = true
		c, ok := issuer.ClaimsFromContext(r.Context())
		if !ok || c.Subject != idptest.Subject {
			t.Errorf("ClaimsFromContext = %+v, %v", c, ok)
		}
	}))
	r := httptest.NewRequest(http.MethodGet, tt.url, nil)
	if tt.header != nil {
		r.Header["Authorization"] = tt.header
	}
	resp := record(h, r)
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != tt.want || resp.Header.Get("WWW-Authenticate") != tt.auth || called != (tt.want == 200) {
		t.Errorf("status %d, WWW-Authenticate %q, handler called %v", resp.StatusCode, resp.Header.Get("WWW-Authenticate"), called)
	}
	if tt.want != 200 && string(body) != "unauthorized\n" {
		t.Errorf("body %q reveals a reason", body)
	}
	return log.String()
}

func TestContextWithClaims(t *testing.T) {
	t.Parallel()
	ctx := issuer.ContextWithClaims(t.Context(), claims.Claims{Subject: "a"})
	ctx = issuer.ContextWithClaims(ctx, claims.Claims{Subject: "b"})
	if c, ok := issuer.ClaimsFromContext(ctx); !ok || c.Subject != "b" {
		t.Errorf("ClaimsFromContext = %v, %v", c, ok)
	}
}

func TestMiddlewareWithoutKeys(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	v := newVerifier(t, iss.URL, keySetFunc(func(ctx context.Context, _ string) ([]issuer.Key, error) {
		return nil, errors.Join(errors.New("down"), ctx.Err())
	}), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	h := v.Middleware(http.NotFoundHandler())
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer "+iss.Sign(iss.Claims("a")))
	if resp := record(h, r); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("WWW-Authenticate") != "" || resp.Header.Get("Retry-After") != "5" {
		t.Errorf("status %d, want 503, because the token may be valid", resp.StatusCode)
	}
	v = newVerifier(t, iss.URL, keySetFunc(func(context.Context, string) ([]issuer.Key, error) {
		return nil, &issuer.FetchError{StatusCode: http.StatusBadGateway} // which did not ask for a pause
	}), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	if resp := record(v.Middleware(http.NotFoundHandler()), r); resp.Header.Get("Retry-After") != "5" {
		t.Errorf("Retry-After = %q after a failed fetch, want 5", resp.Header.Get("Retry-After"))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// The context may end by a timeout of the server, while the client waits for the response.
	if resp := record(h, r.WithContext(ctx)); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d when the context has ended, want 503", resp.StatusCode)
	}
}

// Each header that is not a valid token gets one of two challenges, which contain nothing of the
// header.
func FuzzAuthorization(f *testing.F) {
	iss := idptest.NewIssuer(f, nil)
	v := iss.Verifier("a")
	for _, s := range []string{
		"", "Bearer", "Bearer ", "bearer x", "Basic dTpw", "Bearer a.b.c", "Bearer  a.b.c ", "Bearer\ta.b.c", "Bearer a.b.c,Bearer a.b.c",
		"Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer \r\nSet-Cookie: a=b", "BEARER \x00", `Bearer "`, "Bearer " + iss.Sign(iss.Claims("b")),
	} {
		f.Add(s)
	}
	h := v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header["Authorization"] = []string{header}
		resp := record(h, r)
		auth := resp.Header.Get("WWW-Authenticate")
		switch {
		case resp.StatusCode == http.StatusTeapot:
			t.Fatalf("%q was accepted", header)
		case resp.StatusCode != http.StatusUnauthorized:
			t.Fatalf("%q: status %d", header, resp.StatusCode)
		case auth != "Bearer" && auth != `Bearer error="invalid_token"`:
			t.Fatalf("%q: WWW-Authenticate %q", header, auth)
		}
	})
}
