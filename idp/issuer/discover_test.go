package issuer_test

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

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestDiscover(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	o := &issuer.DiscoverOptions{HTTPClient: iss.Client()}
	m, err := issuer.Discover(t.Context(), iss.URL, o)
	if err != nil || m.Issuer != idp.Issuer || m.JWKSURI != idp.Issuer+idptest.JWKSPath || len(m.Algorithms) != 1 || m.Algorithms[0] != "RS256" {
		t.Fatalf("Discover = %+v, %v", m, err)
	}
	doc := func(iss, jwks string) string { return fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, iss, jwks) }
	for name, tt := range map[string]struct {
		fault    idptest.Fault
		mismatch bool
	}{
		"another issuer":       {idptest.Fault{Body: []byte(doc("https://evil.example", "https://evil.example/jwks"))}, true},
		"slash at the end":     {idptest.Fault{Body: []byte(doc(idp.Issuer+"/", "https://a.example"))}, true},
		"other letter case":    {idptest.Fault{Body: []byte(doc("https://APP.gitpod.io", "https://a.example"))}, true},
		"no issuer":            {idptest.Fault{Body: []byte(`{"jwks_uri":"https://a.example"}`)}, false},
		"issuer null":          {idptest.Fault{Body: []byte(`{"issuer":null,"jwks_uri":"https://a.example"}`)}, false},
		"issuer a number":      {idptest.Fault{Body: []byte(`{"issuer":1,"jwks_uri":"https://a.example"}`)}, false},
		"issuer twice":         {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io","issuer":"https://app.gitpod.io","jwks_uri":"https://a"}`)}, false},
		"no jwks_uri":          {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io"}`)}, false},
		"jwks_uri http":        {idptest.Fault{Body: []byte(doc(idp.Issuer, "http://app.gitpod.io/jwks"))}, false},
		"jwks_uri a file":      {idptest.Fault{Body: []byte(doc(idp.Issuer, "file:///etc/passwd"))}, false},
		"jwks_uri relative":    {idptest.Fault{Body: []byte(doc(idp.Issuer, "/jwks.json"))}, false},
		"algorithms a string":  {idptest.Fault{Body: []byte(`{"issuer":"https://app.gitpod.io","jwks_uri":"https://a","id_token_signing_alg_values_supported":"RS256"}`)}, false},
		"not JSON":             {idptest.Fault{Body: []byte(`<html>`)}, false},
		"an array":             {idptest.Fault{Body: []byte(`[]`)}, false},
		"too large":            {idptest.Fault{Body: []byte(doc(idp.Issuer, "https://a.example") + strings.Repeat(" ", 1<<20))}, false},
		"404":                  {idptest.Fault{Status: 404}, false},
		"redirect to a host":   {idptest.Fault{Status: 308, Header: http.Header{"Location": {"https://app.ona.com/.well-known/openid-configuration"}}}, false},
		"redirect to http":     {idptest.Fault{Status: 301, Header: http.Header{"Location": {"http://app.gitpod.io/.well-known/openid-configuration"}}}, false},
		"truncated":            {idptest.Fault{Truncate: true}, false},
		"connection is broken": {idptest.Fault{Err: io.ErrUnexpectedEOF}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := idptest.NewIssuer(t, nil)
			iss.Inject(tt.fault)
			m, err := issuer.Discover(t.Context(), iss.URL, &issuer.DiscoverOptions{HTTPClient: iss.Client()})
			var f *issuer.FetchError
			var mis *issuer.MismatchError
			if m != nil || errors.As(err, &mis) != tt.mismatch || errors.As(err, &f) == tt.mismatch {
				t.Errorf("Discover = %+v, %v; want an error, mismatch %v", m, err, tt.mismatch)
			}
		})
	}
}

func TestDiscoverTimeout(t *testing.T) {
	t.Parallel()
	hanging := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})}
	for timeout, want := range map[time.Duration]time.Duration{0: 10 * time.Second, -1: 10 * time.Second, time.Minute: time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			_, err := issuer.Discover(t.Context(), "https://issuer.example", &issuer.DiscoverOptions{
				HTTPClient: hanging, Timeout: timeout,
			})
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took != want {
				t.Errorf("Timeout %v: %v after %v, want a timeout after %v", timeout, err, took, want)
			}
		})
	}
}
