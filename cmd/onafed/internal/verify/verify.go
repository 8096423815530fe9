// Package verify checks ID tokens against the published keys of an issuer.
package verify

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// Issuer is an issuer and the address of its documents.
type Issuer struct {
	URL string
	// At is the address on this host that has the documents instead of the host of the URL, such as
	// that of onafed dev. Empty means none.
	At string
}

// Check returns an error for an address that is not on this host, and for a URL with a user or a
// password, which no message may repeat. The rest of the URL is checked when it is used.
func (i Issuer) Check() error {
	if err := CheckURL(i.URL); err != nil || i.At == "" {
		return err
	}
	at, err := url.Parse(i.At)
	if err != nil || at.Scheme != "http" || at.User != nil || strings.Trim(at.Path, "/") != "" || !net.ParseIP(at.Hostname()).IsLoopback() {
		return errors.New("--issuer-at takes an address of this host, such as http://127.0.0.1:8080")
	}
	return nil
}

// CheckURL returns an error for a URL with a user or a password.
func CheckURL(url string) error {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		rest = url
	}
	if authority, _, _ := strings.Cut(rest, "/"); strings.Contains(authority, "@") {
		return errors.New("--issuer has a user or password in it: an issuer is https://host and a path, as tokens name it")
	}
	return nil
}

// Client returns the HTTP client for the documents. It must have passed [Issuer.Check].
func (i Issuer) Client() *http.Client {
	at, err := url.Parse(i.At)
	if i.At == "" || err != nil {
		return http.DefaultClient
	}
	return &http.Client{Transport: redirected{at}}
}

// Discover returns the discovery document.
func (i Issuer) Discover(ctx context.Context) (*issuer.Metadata, error) {
	return issuer.Discover(ctx, i.URL, &issuer.DiscoverOptions{HTTPClient: i.Client(), InsecureLoopbackHTTP: i.At != ""})
}

// Verify checks the signature of a token against the keys of the issuer, and its other claims as
// opts requires. The algorithms in opts are replaced by those that the issuer may use.
func (i Issuer) Verify(ctx context.Context, token *idp.Token, opts issuer.VerifierOptions) error {
	keys, err := issuer.NewIssuerKeySet(i.URL, &issuer.RemoteKeySetOptions{HTTPClient: i.Client(), InsecureLoopbackHTTP: i.At != ""})
	if err != nil {
		return err
	}
	opts.Algorithms = algorithms(i.URL)
	v, err := issuer.NewVerifier(i.URL, keys, &opts)
	if err != nil {
		return err
	}
	_, err = v.Verify(ctx, token.Raw())
	return err
}

// algorithms returns the signature algorithms of an issuer: the default of the verifier for Ona's
// issuer, and all algorithms that AWS accepts for others.
func algorithms(url string) []string {
	if url == idp.Issuer {
		return nil
	}
	return []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}
}

// redirected sends every request to one address. The path stays.
type redirected struct{ at *url.URL }

// RoundTrip implements http.RoundTripper.
func (t redirected) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = t.at.Scheme, t.at.Host, t.at.Host
	return http.DefaultTransport.RoundTrip(r)
}
