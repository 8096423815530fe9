package issuer

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
)

const (
	// maxDiscovery and maxKeySet are the largest documents in bytes. A set of 200 keys with
	// certificates has some 400 KiB.
	maxDiscovery = 256 << 10
	maxKeySet    = 1 << 20

	defaultTimeout = 10 * time.Second
)

// DiscoverOptions are the options of [Discover]. The zero value can be used.
type DiscoverOptions struct {
	// HTTPClient sends the request; nil means http.DefaultClient. Its CheckRedirect is not used:
	// redirects to another host are refused.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP allows http URLs whose host is a loopback IP address, such as
	// http://127.0.0.1:8080, for tests and development. All other URLs must be https.
	InsecureLoopbackHTTP bool
	// Timeout is the time limit of the request. Zero or less means 10 seconds.
	Timeout time.Duration
}

// Discover fetches the discovery document of an issuer from issuerURL +
// "/.well-known/openid-configuration" and checks that it names the same issuer. The issuer and the
// jwks_uri must be https URLs. Nil options mean the zero value.
//
// The error is a *[FetchError] or a *[MismatchError].
func Discover(ctx context.Context, issuerURL string, opts *DiscoverOptions) (*Metadata, error) {
	o := *cmp.Or(opts, &DiscoverOptions{})
	url := documentURL(issuerURL, discoveryPath)
	fail := func(err error) (*Metadata, error) {
		return nil, &FetchError{Document: "discovery document", URL: url, Err: err}
	}
	if _, err := checkIssuerURL(issuerURL, o.InsecureLoopbackHTTP); err != nil {
		return fail(err)
	}
	o.Timeout = cmp.Or(max(o.Timeout, 0), defaultTimeout)
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: o.HTTPClient, URL: url, Limit: maxDiscovery,
		Timeout: o.Timeout, InsecureLoopbackHTTP: o.InsecureLoopbackHTTP,
	})
	if err != nil {
		return fail(err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, newStatusError("discovery document", url, resp)
	}
	m, err := parseMetadata(resp.Body)
	if err != nil {
		return fail(err)
	}
	if m.Issuer != issuerURL {
		return nil, &MismatchError{Requested: issuerURL, Discovered: m.Issuer}
	}
	if _, err := httpjson.CheckURL(m.JWKSURI, o.InsecureLoopbackHTTP); err != nil {
		return fail(fmt.Errorf("jwks_uri: %w", err))
	}
	return m, nil
}
