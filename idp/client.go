package idp

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
)

// DefaultBaseURL is the base URL of the Ona API. The vendor's newer clients use app.ona.com, which
// redirects to it.
const DefaultBaseURL = "https://app.gitpod.io/api"

// A TokenVersion is a format of ID tokens, in the spelling of the API. There is no version for the
// newest format, V3: an administrator enables it for the organization, and then the API returns V3
// tokens for every version.
type TokenVersion string

// The token versions of the API.
const (
	VersionV1 TokenVersion = "ID_TOKEN_VERSION_V1"
	VersionV2 TokenVersion = "ID_TOKEN_VERSION_V2"
)

const (
	defaultAttempts       = 3
	defaultAttemptTimeout = 10 * time.Second

	methodPath = "/gitpod.v1.IdentityService/GetIDToken"
)

// onaHosts are the two host names of the vendor's API. A client of one of them may send the API
// token to the other.
func onaHosts() []string { return []string{"app.gitpod.io", "app.ona.com"} }

// ClientOptions are the options of [NewClient]. Only Bearer is required.
type ClientOptions struct {
	// Bearer returns the API token: an opaque value or a JWT that is not an ID token. It is called
	// for each request, so that it can read a file that changes; see [BearerFile] and [BearerEnv].
	// It must be safe for concurrent use.
	Bearer func(ctx context.Context) (string, error)
	// BaseURL is the URL of the API, without the method; "" means [DefaultBaseURL]. Its host
	// receives the API token.
	BaseURL string
	// AllowedHosts lists more hosts, as "name" or "name:port", that may receive the API token if the
	// host of BaseURL redirects there. app.gitpod.io and app.ona.com always allow each other. A
	// redirect to another host, or from https to http, is an error.
	AllowedHosts []string
	// Version is the token version to request; "" means [VersionV2].
	Version TokenVersion
	// HTTPClient sends the requests; nil means http.DefaultClient. Its CheckRedirect is not used.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP allows a BaseURL with http if its host is a loopback address such as
	// 127.0.0.1. The name localhost is not enough. It is meant for tests.
	InsecureLoopbackHTTP bool
	// MaxAttempts is the largest number of requests of one call; 0 means 3, and 1 means no retries.
	MaxAttempts int
	// AttemptTimeout bounds each request; 0 means 10 seconds. The context bounds the whole call.
	AttemptTimeout time.Duration
	// Logger gets each request at level Debug, without secrets; nil means no logs.
	Logger *slog.Logger
}

// A Client requests ID tokens from the Ona API. It sends a request for each call and keeps no
// token. It is safe for concurrent use and needs no closing. The zero value is not usable; call
// [NewClient].
type Client struct {
	opts     ClientOptions
	endpoint string
	allowed  map[string]bool // "host:port" in lower case
}

// NewClient returns a client. It sends nothing. The error is an [*OptionError].
func NewClient(opts *ClientOptions) (*Client, error) {
	const function = "NewClient"
	if opts == nil || opts.Bearer == nil {
		return nil, refuse(function, "Bearer", "not set; the API requires an API token")
	}
	c := &Client{opts: *opts}
	c.opts.AllowedHosts = slices.Clone(opts.AllowedHosts)
	c.opts.setDefaults()
	o := &c.opts
	base, err := httpjson.CheckURL(o.BaseURL, o.InsecureLoopbackHTTP)
	switch {
	case err != nil:
		return nil, &OptionError{Func: function, Option: "BaseURL", Err: err}
	case base.RawQuery != "" || base.ForceQuery:
		return nil, refuse(function, "BaseURL", "URL "+shown(o.BaseURL)+": a query in the URL")
	case !isVersionName(o.Version):
		return nil, refuse(function, "Version", shown(string(o.Version))+" is not a name such as "+string(VersionV2))
	case o.MaxAttempts < 0:
		return nil, refuse(function, "MaxAttempts", fmt.Sprintf("must not be negative, got %d", o.MaxAttempts))
	case o.AttemptTimeout < 0:
		return nil, refuse(function, "AttemptTimeout", "must not be negative, got "+o.AttemptTimeout.String())
	}
	c.endpoint = strings.TrimRight(base.String(), "/") + methodPath
	if c.allowed, err = allowedHosts(base, o.AllowedHosts); err != nil {
		return nil, &OptionError{Func: function, Option: "AllowedHosts", Err: err}
	}
	return c, nil
}

func (o *ClientOptions) setDefaults() {
	o.BaseURL = cmp.Or(o.BaseURL, DefaultBaseURL)
	o.Version = cmp.Or(o.Version, VersionV2)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, defaultAttempts)
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, defaultAttemptTimeout)
	o.HTTPClient = cmp.Or(o.HTTPClient, http.DefaultClient)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
}

// allowedHosts returns the hosts that may receive the API token. base has passed CheckURL, so it is
// https if its host is one of Ona's.
func allowedHosts(base *url.URL, more []string) (map[string]bool, error) {
	allowed := map[string]bool{httpjson.HostPort(base): true}
	if slices.Contains(onaHosts(), strings.ToLower(base.Hostname())) {
		for _, h := range onaHosts() {
			allowed[h+":443"] = true
		}
	}
	return allowed, addHosts(allowed, more)
}

// isVersionName accepts every name in the style of the API, because the API may add versions.
func isVersionName(v TokenVersion) bool {
	rest, ok := strings.CutPrefix(string(v), "ID_TOKEN_VERSION_")
	return ok && rest != "" && len(v) <= 64 && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// Source returns a source of tokens for one audience. Each call of its Token sends a request; wrap
// it in [Cached] unless the caller keeps tokens.
func (c *Client) Source(audience string) TokenSource { return clientSource{c, audience} }

type clientSource struct {
	client   *Client
	audience string
}

// Source returns the name of the API.
func (s clientSource) Source() string {
	return "Ona API " + strings.TrimSuffix(s.client.endpoint, methodPath)
}

// Token requests a token.
func (s clientSource) Token(ctx context.Context) (*Token, error) {
	return s.client.IDToken(ctx, s.audience)
}

// bearer returns the API token.
func (c *Client) bearer(ctx context.Context) (string, error) {
	b, err := c.opts.Bearer(ctx)
	if err == nil {
		err = checkBearer(b)
	}
	if err != nil {
		return "", fail("API token", err)
	}
	return b, nil
}
