package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

const (
	discoveryPath = "/.well-known/openid-configuration"
	jwksPath      = "/.well-known/jwks.json"

	// maxDiscovery and maxKeySet bound what is read, in bytes. A set of 200 keys with certificates has some 400 KiB.
	maxDiscovery = 256 << 10
	maxKeySet    = 1 << 20

	fetchTimeout = 10 * time.Second
)

// Metadata is what an issuer says of itself in its discovery document (OpenID Connect Discovery 1.0, section 3). Members that are
// absent are zero.
type Metadata struct {
	Issuer        string   // equal to the URL that was asked for, byte for byte
	JWKSURI       string   // where the keys are
	Algorithms    []string // id_token_signing_alg_values_supported
	ResponseTypes []string // response_types_supported
	SubjectTypes  []string // subject_types_supported
	Claims        []string // claims_supported
}

// DiscoverOptions are the choices of [Discover]. The zero value is fit for use.
type DiscoverOptions struct {
	// HTTPClient sends the request; nil means http.DefaultClient. Its CheckRedirect is not used: redirects stay on the host.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP admits http URLs of loopback addresses written as literals, such as http://127.0.0.1:8080, for tests
	// and development. Nothing else is ever fetched without TLS.
	InsecureLoopbackHTTP bool
	// Timeout bounds the request; 0 means 10 seconds. STS gives an issuer about 5.
	Timeout time.Duration
}

// A MismatchError says that the document at an issuer's URL names another issuer. Both are compared byte for byte, so a
// trailing slash is a difference (OpenID Connect Discovery 1.0, section 4.3).
type MismatchError struct {
	Asked      string // the URL that was asked for
	Discovered string // what the document says: untrusted text
}

// Error quotes both.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("issuer: the discovery document of %s is of %s", quote.Text(e.Asked, maxURL), quote.Text(e.Discovered, maxURL))
}

// maxURL is how many bytes of a URL an error repeats.
const maxURL = 200

// A FetchError says that a document of an issuer could not be had or is of no use.
type FetchError struct {
	// Document is "discovery document" or "key set".
	Document string
	// URL is where it should be.
	URL string
	// StatusCode is the HTTP status if that is the reason, else 0.
	StatusCode int
	// Err is the reason.
	Err error

	retryAfter time.Duration // how long the server asked to be left alone
}

// refused is the error of an answer with another status than the one that was wanted.
func refused(document, from string, r *httpjson.Response) *FetchError {
	return &FetchError{
		Document: document, URL: from, StatusCode: r.StatusCode, Err: fmt.Errorf("the server answered %d", r.StatusCode),
		retryAfter: retry.After(r.Header, time.Now()),
	}
}

// Error says what could not be had, from where, and why. The body of an answer is not in it; what a header says is, such as a
// Content-Type that is not JSON or the target of a redirect, quoted and cut.
func (e *FetchError) Error() string {
	return fmt.Sprintf("issuer: %s at %s: %v", e.Document, quote.Text(e.URL, maxURL), e.Err)
}

// Unwrap returns Err, so that errors.Is finds the end of a context.
func (e *FetchError) Unwrap() error { return e.Err }

// Temporary reports whether asking again may help: the network failed, or the server is busy or broken.
func (e *FetchError) Temporary() bool {
	if e.StatusCode != 0 {
		return e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests || e.StatusCode == http.StatusRequestTimeout
	}
	var t interface{ Temporary() bool }
	return errors.Is(e.Err, context.DeadlineExceeded) || errors.As(e.Err, &t) && t.Temporary()
}

// Discover fetches the discovery document of an issuer from issuerURL + "/.well-known/openid-configuration" and checks that it is of
// that issuer. Both the issuer and its jwks_uri must be https. Nil options mean the zero value.
//
// The error is a *[FetchError] or a *[MismatchError].
func Discover(ctx context.Context, issuerURL string, opts *DiscoverOptions) (*Metadata, error) {
	var o DiscoverOptions
	if opts != nil {
		o = *opts
	}
	from := wellKnown(issuerURL, discoveryPath)
	fail := func(err error) (*Metadata, error) {
		return nil, &FetchError{Document: "discovery document", URL: from, Err: err}
	}
	if err := checkIssuerURL(issuerURL, o.InsecureLoopbackHTTP); err != nil {
		return fail(err)
	}
	if o.Timeout <= 0 {
		o.Timeout = fetchTimeout
	}
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: o.HTTPClient, URL: from, Limit: maxDiscovery, Timeout: o.Timeout, InsecureLoopbackHTTP: o.InsecureLoopbackHTTP,
	})
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refused("discovery document", from, resp)
	}
	m, err := ParseMetadata(resp.Body)
	if err != nil {
		return fail(errors.Unwrap(err))
	}
	if m.Issuer != issuerURL {
		return nil, &MismatchError{Asked: issuerURL, Discovered: m.Issuer}
	}
	if _, err := httpjson.CheckURL(m.JWKSURI, o.InsecureLoopbackHTTP); err != nil {
		return fail(fmt.Errorf("jwks_uri: %w", err))
	}
	return m, nil
}

// ParseMetadata reads a discovery document. It must have an issuer and a jwks_uri; whose they are is not checked, see [Discover].
func ParseMetadata(data []byte) (*Metadata, error) {
	members, err := jose.Members(data)
	if err != nil {
		return nil, fmt.Errorf("issuer: discovery document: %w", err)
	}
	var m Metadata
	for _, f := range []struct {
		name     string
		to       any
		required bool
	}{
		{"issuer", &m.Issuer, true},
		{"jwks_uri", &m.JWKSURI, true},
		{"id_token_signing_alg_values_supported", &m.Algorithms, false},
		{"response_types_supported", &m.ResponseTypes, false},
		{"subject_types_supported", &m.SubjectTypes, false},
		{"claims_supported", &m.Claims, false},
	} {
		raw, ok := members[f.name]
		if !ok || string(raw) == "null" {
			if f.required {
				return nil, fmt.Errorf("issuer: discovery document: %w", errors.New(f.name+" is missing"))
			}
			continue
		}
		if err := json.Unmarshal(raw, f.to); err != nil {
			return nil, fmt.Errorf("issuer: discovery document: %w", errors.New(f.name+" has the wrong type"))
		}
	}
	return &m, nil
}

// wellKnown is the place of a document of an issuer. One slash at the end of the issuer is not doubled, as Discovery 1.0 section 4
// says; the issuer itself keeps it.
func wellKnown(issuerURL, path string) string { return strings.TrimSuffix(issuerURL, "/") + path }

func checkIssuerURL(raw string, insecureLoopback bool) error {
	u, err := httpjson.CheckURL(raw, insecureLoopback)
	if err != nil {
		return err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return errors.New("an issuer has no query")
	}
	return nil
}
