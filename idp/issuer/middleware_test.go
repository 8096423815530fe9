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

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestMiddleware(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	good := iss.Sign(iss.Claims("a"))
	expired := iss.Sign(idptest.With(iss.Claims("a"), "exp", time.Now().Add(-time.Hour).Unix()))
	const none, invalid = "Bearer", `Bearer error="invalid_token"`
	for name, tt := range map[string]struct {
		url    string
		header []string
		want   int
		auth   string
		log    string
	}{
		"good":                {"/", []string{"Bearer " + good}, 200, "", ""},
		"scheme in small":     {"/", []string{"bearer " + good}, 200, "", ""},
		"several spaces":      {"/", []string{"Bearer   " + good}, 200, "", ""},
		"no header":           {"/", nil, 401, none, ""},
		"in the query":        {"/?access_token=" + good, nil, 401, none, ""},
		"empty":               {"/", []string{""}, 401, none, ""},
		"Basic":               {"/", []string{"Basic dTpw"}, 401, none, ""},
		"another scheme":      {"/", []string{"Bearerx " + good}, 401, none, ""},
		"the scheme alone":    {"/", []string{"Bearer"}, 401, invalid, "malformed"},
		"nothing behind it":   {"/", []string{"Bearer "}, 401, invalid, "malformed"},
		"two headers":         {"/", []string{"Bearer " + good, "Bearer " + good}, 401, invalid, "malformed"},
		"two tokens":          {"/", []string{"Bearer " + good + ", Bearer " + good}, 401, invalid, "malformed"},
		"a tail":              {"/", []string{"Bearer " + good + " x"}, 401, invalid, "malformed"},
		"expired":             {"/", []string{"Bearer " + expired}, 401, invalid, "expired"},
		"for another service": {"/", []string{"Bearer " + iss.Sign(iss.Claims("b"))}, 401, invalid, "claim"},
		"garbage":             {"/", []string{"Bearer \x1b[31mred"}, 401, invalid, "malformed"},
		"a token of 100 KB":   {"/", []string{"Bearer " + strings.Repeat("x", 100_000)}, 401, invalid, "malformed"},
		"changed":             {"/", []string{"Bearer " + good[:len(good)-8] + "AAAAAAAA"}, 401, invalid, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
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
				t.Errorf("body %q gives a reason away", body)
			}
			if tt.log != "" && !strings.Contains(log.String(), `"reason":"`+tt.log+`"`) {
				t.Errorf("log %s, want the reason %q", log.String(), tt.log)
			}
			if tt.auth != invalid && log.Len() > 0 {
				t.Errorf("logged %s", log.String())
			}
			idptest.AssertNoSecret(t, log.String(), good)
			idptest.AssertNoSecret(t, log.String(), expired)
		})
	}
	if c, ok := issuer.ClaimsFromContext(t.Context()); ok {
		t.Errorf("claims %+v out of nothing", c)
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
	if resp := record(h, r); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("status %d, want 503: the token may be good", resp.StatusCode)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if resp := record(h, r.WithContext(ctx)); resp.StatusCode != http.StatusServiceUnavailable { // a deadline of the server's own: the client is still there
		t.Errorf("status %d when the context has ended, want 503", resp.StatusCode)
	}
}

// FuzzAuthorization holds that the header is a token or not, that a refusal is one of two challenges, and that nothing of the header
// comes back.
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
			t.Fatalf("%q was let in", header)
		case resp.StatusCode != http.StatusUnauthorized:
			t.Fatalf("%q: status %d", header, resp.StatusCode)
		case auth != "Bearer" && auth != `Bearer error="invalid_token"`:
			t.Fatalf("%q: WWW-Authenticate %q", header, auth)
		}
	})
}
