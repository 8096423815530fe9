package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// An error has one prefix, says what failed and why, and quotes and cuts untrusted text.
func TestErrorTexts(t *testing.T) {
	t.Parallel()
	evil := "\x1b[31m\u202e" + strings.Repeat("x", 1000)
	cause := errors.New("cause")
	for want, err := range map[string]error{
		`issuer: the key set has no usable key`:                                                      &issuer.KeyNotFoundError{},
		`issuer: the key set has no usable key "k1"`:                                                 &issuer.KeyNotFoundError{KeyID: "k1"},
		`issuer: key set at "https://a.example/jwks": cause`:                                         &issuer.FetchError{Document: "key set", URL: "https://a.example/jwks", Err: cause},
		`issuer: the key set was not fetched since 2026-11-22T10:00:00Z: cause`:                      &issuer.StaleKeysError{Fetched: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), Err: cause},
		`issuer: the discovery document of "https://a.example" names the issuer "https://b.example"`: &issuer.MismatchError{Requested: "https://a.example", Discovered: "https://b.example"},
		`issuer: NewVerifier: Audiences: cause`:                                                      &issuer.OptionError{Func: "NewVerifier", Option: "Audiences", Err: cause},
		`issuer: token refused: expired: cause`:                                                      &issuer.VerifyError{Reason: issuer.ReasonExpired, Err: cause},
	} {
		if err.Error() != want {
			t.Errorf("%T: %s, want %s", err, err, want)
		}
		if strings.HasSuffix(want, ": cause") && !errors.Is(err, cause) {
			t.Errorf("%T does not wrap its cause", err)
		}
	}
	for _, err := range []error{&issuer.KeyNotFoundError{KeyID: evil}, &issuer.MismatchError{Requested: evil, Discovered: evil}, &issuer.FetchError{URL: evil, Err: cause}} {
		if s := err.Error(); len(s) > 600 || strings.ContainsAny(s, "\x1b\u202e") {
			t.Errorf("%T: %q", err, s)
		}
	}
	for _, tt := range []struct {
		err  interface{ Temporary() bool }
		want bool
	}{
		{&issuer.FetchError{StatusCode: 500, Err: cause}, true},
		{&issuer.FetchError{StatusCode: 503, Err: cause}, true},
		{&issuer.FetchError{StatusCode: 429, Err: cause}, true},
		{&issuer.FetchError{StatusCode: 404, Err: cause}, false},
		{&issuer.FetchError{Err: cause}, false},
		{&issuer.FetchError{Err: context.DeadlineExceeded}, true},
		{&issuer.VerifyError{Reason: issuer.ReasonSignature, Err: cause}, false},
		{&issuer.VerifyError{Reason: issuer.ReasonNotYetValid, Err: cause}, true},
		{&issuer.VerifyError{Reason: issuer.ReasonKeysUnavailable, Err: cause}, true},
	} {
		if got := tt.err.Temporary(); got != tt.want {
			t.Errorf("%v: Temporary() = %v, want %v", tt.err, got, tt.want)
		}
	}
}

// Without keys a token is neither accepted nor refused, for known and unknown kids.
func TestOutageIsNotARefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss, keys := remote(t, issuer.RemoteKeySetOptions{})
		v := newVerifier(t, iss.URL, keys, issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true, Algorithms: []string{"ES256"}})
		old := iss.Sign(iss.Claims("a"))
		if _, err := v.Verify(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		iss.RotateKey()
		raw := iss.Sign(iss.Claims("a"))
		iss.Inject(idptest.Fault{Status: http.StatusServiceUnavailable})
		time.Sleep(time.Minute)
		for range 3 { // the first call fetches; the others get its error
			_, err := v.Verify(t.Context(), raw)
			if _, ok := errors.AsType[*issuer.FetchError](err); !ok || reasonOf(err) != issuer.ReasonKeysUnavailable {
				t.Errorf("a token of an unknown key: %v, want reason %q", err, issuer.ReasonKeysUnavailable)
			}
		}
		wantRequests(t, iss, 2)
		if _, err := v.Verify(t.Context(), old); err != nil {
			t.Errorf("a token of a known key: %v", err)
		}
		iss.ClearFaults()
		time.Sleep(30 * time.Second)
		if _, err := v.Verify(t.Context(), raw); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

// Another attempt may succeed after an overload, an error of the server and a failure of the network.
func TestFetchErrorTemporary(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  issuer.FetchError
		want bool
	}{
		{issuer.FetchError{StatusCode: 400}, false},
		{issuer.FetchError{StatusCode: 404}, false},
		{issuer.FetchError{StatusCode: 408}, true},
		{issuer.FetchError{StatusCode: 429}, true},
		{issuer.FetchError{StatusCode: 499}, false},
		{issuer.FetchError{StatusCode: 500}, true},
		{issuer.FetchError{StatusCode: 503}, true},
		{issuer.FetchError{Err: context.DeadlineExceeded}, true},
		{issuer.FetchError{Err: fmt.Errorf("get: %w", &net.DNSError{IsTemporary: true})}, true},
		{issuer.FetchError{Err: &net.DNSError{IsNotFound: true}}, false},
		{issuer.FetchError{Err: errors.New("not JSON")}, false},
		{issuer.FetchError{StatusCode: 404, Err: context.DeadlineExceeded}, false},
	} {
		if got := tt.err.Temporary(); got != tt.want {
			t.Errorf("%+v: Temporary() = %v, want %v", tt.err, got, tt.want)
		}
	}
}
