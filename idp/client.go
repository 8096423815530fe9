package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

// DefaultBaseURL is where the Ona API answers. The vendor's newer clients name app.ona.com, which redirects here.
const DefaultBaseURL = "https://app.gitpod.io/api"

// A TokenVersion is a form of ID tokens, as the API's enumeration spells it. The newest form, V3, is not among them: an administrator
// switches it on for the organization, and then the API returns V3 tokens whatever it is asked for.
type TokenVersion string

// The versions that the API knows.
const (
	VersionUnspecified TokenVersion = "ID_TOKEN_VERSION_UNSPECIFIED" // the same as V1 by the API's documentation
	VersionV1          TokenVersion = "ID_TOKEN_VERSION_V1"
	VersionV2          TokenVersion = "ID_TOKEN_VERSION_V2"
)

// Defaults of [ClientOptions].
const (
	defaultAttempts       = 3
	defaultAttemptTimeout = 10 * time.Second
)

const (
	// maxAnswer is room for the largest token in JSON, and for an error that explains itself at length.
	maxAnswer = 64 << 10
	// maxAudiences and maxAudience bound the request; real ones have one short audience.
	maxAudiences = 32
	maxAudience  = 1024
	// clockSkew is by how much a clock must be off before an error mentions it.
	clockSkew = time.Minute

	methodPath = "/gitpod.v1.IdentityService/GetIDToken"
)

// onaHosts are the hosts of the vendor's one API. A token for one of them may be sent to the others.
func onaHosts() []string { return []string{"app.gitpod.io", "app.ona.com"} }

// ClientOptions are the options of [NewClient]. Only Bearer is required.
type ClientOptions struct {
	// Bearer returns the API token, an opaque value or a JWT that is not an ID token. It is called for each request, so it may read
	// a file that changes; see [BearerFile] and [BearerEnv]. It must be safe for concurrent use.
	Bearer func(ctx context.Context) (string, error)
	// BaseURL is where the API answers, without the method; "" means [DefaultBaseURL]. The API token is sent to its host.
	BaseURL string
	// AllowedHosts are further hosts, as "name" or "name:port", to which the API token may be sent when BaseURL's host redirects
	// there. BaseURL's host is always allowed, and when that is app.gitpod.io or app.ona.com then both are. A redirect to any
	// other host, or from https to http, is an error, and the API token is not sent.
	AllowedHosts []string
	// Version is the form of token to ask for; "" means [VersionV2]. An organization set to V3 gets V3 tokens anyway.
	Version TokenVersion
	// HTTPClient sends the requests; nil means http.DefaultClient. Its CheckRedirect is not used.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP lets BaseURL be http when its host is a loopback address written as a literal, for tests.
	InsecureLoopbackHTTP bool
	// MaxAttempts is how often one call asks at most; 0 means 3, 1 means that nothing is tried again.
	MaxAttempts int
	// AttemptTimeout bounds each request; 0 means 10 seconds. The whole call is bounded by its context.
	AttemptTimeout time.Duration
	// Logger gets each request at level Debug, without secrets; nil means silence.
	Logger *slog.Logger
}

// A Client asks the Ona API for ID tokens. It keeps no token: each call is a request. It is safe for concurrent use, starts nothing and
// needs no closing.
type Client struct {
	opts     ClientOptions
	endpoint string
	allowed  map[string]bool // "host:port" in lower case
}

// NewClient returns a client, or an error that names the option that is wrong. It sends nothing.
func NewClient(opts *ClientOptions) (*Client, error) {
	if opts == nil || opts.Bearer == nil {
		return nil, errors.New("idp: NewClient: Bearer is not set: without an API token the API answers nobody")
	}
	c := &Client{opts: *opts}
	c.opts.AllowedHosts = slices.Clone(opts.AllowedHosts)
	o := &c.opts
	if o.BaseURL == "" {
		o.BaseURL = DefaultBaseURL
	}
	base, err := httpjson.CheckURL(o.BaseURL, o.InsecureLoopbackHTTP)
	if err != nil {
		return nil, fmt.Errorf("idp: NewClient: BaseURL: %w", err)
	}
	if base.RawQuery != "" || base.ForceQuery {
		return nil, fmt.Errorf("idp: NewClient: BaseURL: URL %s: a query in the URL", quote.Text(o.BaseURL, nameText))
	}
	c.endpoint = strings.TrimRight(base.String(), "/") + methodPath
	if c.allowed, err = allowList(base, o.AllowedHosts); err != nil {
		return nil, err
	}
	if o.Version == "" {
		o.Version = VersionV2
	}
	if !versionSpelling(o.Version) {
		return nil, fmt.Errorf("idp: NewClient: Version %s: want a name such as %s", quote.Text(string(o.Version), nameText), VersionV2)
	}
	if o.MaxAttempts < 0 || o.AttemptTimeout < 0 {
		return nil, errors.New("idp: NewClient: MaxAttempts and AttemptTimeout must not be negative")
	}
	if o.MaxAttempts == 0 {
		o.MaxAttempts = defaultAttempts
	}
	if o.AttemptTimeout == 0 {
		o.AttemptTimeout = defaultAttemptTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// allowList returns the hosts that may see the API token. base has passed CheckURL, so if its host is one of Ona's it is https.
func allowList(base *url.URL, more []string) (map[string]bool, error) {
	list := map[string]bool{hostPort(base): true}
	if slices.Contains(onaHosts(), strings.ToLower(base.Hostname())) {
		for _, h := range onaHosts() {
			list[h+":443"] = true
		}
	}
	for _, h := range more {
		u, err := httpjson.CheckURL("https://"+h, false)
		if err != nil || u.Path != "" || u.RawQuery != "" {
			return nil, fmt.Errorf("idp: NewClient: AllowedHosts: %s is not a host name, or one with a port", quote.Text(h, nameText))
		}
		list[hostPort(u)] = true
	}
	return list, nil
}

// hostPort returns host and port of u in lower case, with the port that the scheme stands for when none is written.
func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = "443"
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}

// versionSpelling accepts versions that the API may learn later, but nothing that is not a name.
func versionSpelling(v TokenVersion) bool {
	rest, ok := strings.CutPrefix(string(v), "ID_TOKEN_VERSION_")
	return ok && rest != "" && len(v) <= 64 && strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// tokenRequest is the body of the one request.
type tokenRequest struct {
	Audience []string     `json:"audience"`
	Version  TokenVersion `json:"version"`
}

// IDToken returns a new ID token for the given audiences, at least one. It is a token of whoever the API token belongs to: an
// environment's gives the environment's, a personal one gives the user's.
//
// A failure that may pass is tried again, up to MaxAttempts requests in all, with random pauses, or the pause that the server asks for
// when it is at most 30 seconds. It never sleeps into the deadline of ctx: then the last failure is returned at once.
//
// The error is, or wraps, a [*RequestError] for an answer other than a token, or [*NotTokenError], [claims.ErrExpired] and
// [*claims.ValidationError] for an answer that is no token, an expired one, or one without an audience that was asked for.
func (c *Client) IDToken(ctx context.Context, audiences ...string) (*Token, error) {
	if err := checkAudiences(audiences); err != nil {
		return nil, err
	}
	body, err := json.Marshal(tokenRequest{Audience: audiences, Version: c.opts.Version})
	if err != nil {
		return nil, fmt.Errorf("idp: the request: %w", err)
	}
	var (
		last error
		sent string
	)
	for attempt := 1; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("idp: no ID token: %w", err)
		}
		bearer, err := c.bearer(ctx)
		switch {
		case err != nil:
			return nil, err
		case bearer == sent && errors.Is(last, ErrUnauthenticated):
			return nil, last
		}
		start := time.Now()
		t, err := c.attempt(ctx, body, bearer, audiences)
		if err == nil {
			c.opts.Logger.DebugContext(ctx, "idp: got an ID token", "attempt", attempt, "duration", time.Since(start), "token", t)
			return t, nil
		}
		c.opts.Logger.DebugContext(ctx, "idp: got no ID token", "attempt", attempt, "duration", time.Since(start), "error", err.Error())
		if attempt >= c.opts.MaxAttempts || !c.again(ctx, attempt, err) {
			if gone := ctx.Err(); gone != nil && !errors.Is(err, gone) {
				return nil, fmt.Errorf("%w; not asked again: %w", err, gone)
			}
			return nil, err
		}
		last, sent = err, bearer
	}
}

// again reports whether to ask once more after err, and has then waited as long as that needs.
func (c *Client) again(ctx context.Context, attempt int, err error) bool {
	var pause time.Duration
	if re, ok := errors.AsType[*RequestError](err); ok {
		switch {
		case re.Code == codeUnauthenticated:
			// A resumed environment has a new API token. When the old one was refused while its file was being replaced, the new one
			// is there now, and waiting would not make it newer. IDToken stops when it is still the same.
			return true
		case !re.retry() || re.RetryAfter > retryAfterCap:
			return false
		}
		pause = re.RetryAfter
	} else if _, ok := errors.AsType[*httpjson.TransportError](err); !ok {
		return false
	}
	if errors.Is(err, context.DeadlineExceeded) {
		// The connection may be one that died while the machine slept: without this the next try would wait on it again.
		c.httpClient().CloseIdleConnections()
	}
	return retry.Pause(ctx, pause+backoff(attempt))
}

// attempt is one request.
func (c *Client) attempt(ctx context.Context, body []byte, bearer string, audiences []string) (*Token, error) {
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: c.opts.HTTPClient,
		Method: http.MethodPost,
		URL:    c.endpoint,
		Header: http.Header{
			"Authorization":            {"Bearer " + bearer},
			"Connect-Protocol-Version": {"1"}, // the protocol asks for it, so that a proxy can tell the request from others
			"User-Agent":               {"onafed-go"},
		},
		Body:                 body,
		Limit:                maxAnswer,
		Timeout:              c.opts.AttemptTimeout,
		InsecureLoopbackHTTP: c.opts.InsecureLoopbackHTTP,
		AllowRedirect:        func(to *url.URL) bool { return c.allowed[hostPort(to)] },
	})
	if err != nil {
		return nil, fmt.Errorf("idp: no ID token: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		e := parseError(resp.URL.Host, resp.StatusCode, resp.Header, resp.Body, bearer, time.Now())
		if t, err := ParseToken(bearer); err == nil {
			e.sentAudience = t.held().claims.Audience
		}
		return nil, e
	}
	t, err := parseAnswer(resp, bearer, audiences, time.Now())
	if err != nil {
		return nil, fmt.Errorf("idp: %s answered without a usable ID token: %w", resp.URL.Host, unprefixed{err})
	}
	return t, nil
}

// parseAnswer returns the token of a 200 answer. secret is removed from the server's text.
func parseAnswer(resp *httpjson.Response, secret string, audiences []string, now time.Time) (*Token, error) {
	if !resp.IsJSON() {
		return nil, fmt.Errorf("the content type is %s, want JSON (a login page or a proxy?)", quote.Text(quote.Scrub(resp.Header.Get("Content-Type"), secret), nameText))
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.Unmarshal(resp.Body, &answer); err != nil {
		return nil, errors.New("the answer is not the JSON object that was expected") // encoding/json may quote the token
	}
	t, err := ParseToken(answer.Token)
	if err != nil {
		return nil, err
	}
	if err := checkFresh(t, now); err != nil {
		if server, perr := http.ParseTime(resp.Header.Get("Date")); perr == nil && now.Sub(server).Abs() > clockSkew {
			return nil, fmt.Errorf("%w; the server's clock says %s, this machine's %s", err, server.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
		}
		return nil, err
	}
	if err := checkAudience(t, audiences); err != nil {
		return nil, err
	}
	return t, nil
}

// checkAudience returns a *claims.ValidationError when one of the audiences is missing.
func checkAudience(t *Token, audiences []string) error {
	got := t.held().claims.Audience
	for _, a := range audiences {
		if !slices.Contains(got, a) {
			return &claims.ValidationError{Claim: "aud", Got: strings.Join(got, " "), Want: a}
		}
	}
	return nil
}

func checkAudiences(audiences []string) error {
	if len(audiences) == 0 {
		return errors.New("idp: no audience: name who the token is for, such as " + AudienceAWS)
	}
	if len(audiences) > maxAudiences {
		return fmt.Errorf("idp: %d audiences, more than %d", len(audiences), maxAudiences)
	}
	for _, a := range audiences {
		if err := checkAudienceName(a); err != nil {
			return err
		}
	}
	return nil
}

func checkAudienceName(a string) error {
	switch {
	case a == "":
		return errors.New("idp: an audience is empty: name who the token is for, such as " + AudienceAWS)
	case len(a) > maxAudience:
		return fmt.Errorf("idp: audience %s: longer than %d bytes", quote.Text(a, nameText), maxAudience)
	case !utf8.ValidString(a):
		return fmt.Errorf("idp: audience %s: not UTF-8", quote.Text(a, nameText))
	}
	return nil
}

// Source returns a source of tokens for one audience. Each call of its Token is a request; wrap it in [Cached] unless what
// you hand it to caches.
func (c *Client) Source(audience string) TokenSource { return clientSource{c, audience} }

type clientSource struct {
	client   *Client
	audience string
}

// Source names the API and not the API token.
func (s clientSource) Source() string {
	return "Ona API " + strings.TrimSuffix(s.client.endpoint, methodPath)
}

// Token asks the API.
func (s clientSource) Token(ctx context.Context) (*Token, error) {
	return s.client.IDToken(ctx, s.audience)
}

func (c *Client) httpClient() *http.Client {
	if c.opts.HTTPClient != nil {
		return c.opts.HTTPClient
	}
	return http.DefaultClient
}

// bearerName is the source that fails when there is nothing to ask with.
const bearerName = "API token"

// bearer returns the API token. Without one nothing is sent: a request that cannot succeed would only hide the reason.
func (c *Client) bearer(ctx context.Context) (string, error) {
	b, err := c.opts.Bearer(ctx)
	if err != nil {
		return "", fail(bearerName, err)
	}
	if err := checkBearer(b); err != nil {
		return "", fail(bearerName, err)
	}
	return b, nil
}
