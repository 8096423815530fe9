package httpjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// DefaultLimit is the largest body of an answer in bytes when [Request.Limit] is zero. A large key set has some 100 KiB.
	DefaultLimit = 1 << 20
	// MaxRequestBody is the largest body of a request in bytes.
	MaxRequestBody = 1 << 20
	// DefaultTimeout bounds an exchange when [Request.Timeout] is zero.
	DefaultTimeout = 30 * time.Second

	// maxRedirects is how often one request is sent on. The vendor's own clients follow as many.
	maxRedirects = 5
)

// A Request is one question to one server. The zero value of every field but URL has a meaning.
type Request struct {
	// Client sends the request; nil means http.DefaultClient. Its Transport, Jar and Timeout are used, its CheckRedirect is not:
	// redirects follow the rules of this package. It is not written to.
	Client *http.Client
	// Method is the HTTP method; "" means GET, or POST when there is a Body.
	Method string
	// URL is where to ask; it must pass [CheckURL].
	URL string
	// Header is sent with the request, also after an allowed redirect. A credential in it goes nowhere else. It is not written to.
	// "Accept: application/json" is added when there is no Accept, and "Content-Type: application/json" when there is a Body and
	// no Content-Type. A conditional request is one with If-None-Match here; its answer has StatusCode 304 and no Body.
	Header http.Header
	// Body is sent as it is; nil sends none. At most MaxRequestBody bytes.
	Body []byte
	// Limit is the largest body of the answer in bytes, after decompression; 0 means DefaultLimit.
	Limit int64
	// Timeout bounds the exchange from the first byte sent to the last byte read, redirects included; 0 means DefaultTimeout,
	// less than 0 means that only the context bounds it.
	Timeout time.Duration
	// InsecureLoopbackHTTP admits http to loopback literals, see [CheckURL].
	InsecureLoopbackHTTP bool
	// AllowRedirect says whether the request with all its headers may be sent on to another URL, which has passed CheckURL.
	// Nil means: to the same origin (scheme, host and port) only.
	AllowRedirect func(to *url.URL) bool
}

// A Response is a complete answer of any status.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte
	// URL is who answered, which differs from the request's after a redirect.
	URL *url.URL
}

// IsJSON reports whether the answer calls itself JSON: its media type is application/json or ends in +json (RFC 6839 section 3.1).
func (r *Response) IsJSON() bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

// Do sends r and returns the answer, whatever its status. The body is read to its end, so the connection can be used again.
//
// The error is a [*URLError], a [*TransportError], a [*RedirectError] or a [*LimitError]. No error repeats a header of the
// request.
//
// Do is safe for concurrent use, as far as the client is.
func Do(ctx context.Context, r Request) (*Response, error) {
	u, err := CheckURL(r.URL, r.InsecureLoopbackHTTP)
	if err != nil {
		return nil, err
	}
	if len(r.Body) > MaxRequestBody {
		return nil, &LimitError{Host: u.Host, What: "request", Limit: MaxRequestBody}
	}
	if timeout := r.timeout(); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	client := r.client()
	for hop := 0; ; hop++ {
		resp, err := r.send(ctx, client, u)
		if err != nil {
			return nil, err
		}
		if !redirects(resp) {
			return r.read(ctx, resp, u)
		}
		_ = resp.Body.Close() // not drained: a server that sends us away may send a body that never ends
		next, err := r.follow(resp, u, hop)
		if err != nil {
			return nil, err
		}
		u = next
	}
}

func (r *Request) timeout() time.Duration {
	if r.Timeout == 0 {
		return DefaultTimeout
	}
	return r.Timeout
}

func (r *Request) method() string {
	switch {
	case r.Method != "":
		return r.Method
	case r.Body != nil:
		return http.MethodPost
	default:
		return http.MethodGet
	}
}

// client returns a copy of the caller's client that hands redirects to us. net/http would follow them by its own rules: it drops
// Authorization when the host changes and keeps every other header whatever the host is. We need the opposite of both.
func (r *Request) client() *http.Client {
	c := http.DefaultClient
	if r.Client != nil {
		c = r.Client
	}
	return &http.Client{
		Transport:     c.Transport,
		Jar:           c.Jar,
		Timeout:       c.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (r *Request) send(ctx context.Context, client *http.Client, u *url.URL) (*http.Response, error) {
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body) // net/http knows how to rewind this one when a kept connection turns out to be dead
	}
	req, err := http.NewRequestWithContext(ctx, r.method(), u.String(), body)
	if err != nil {
		return nil, &TransportError{Method: r.method(), Host: u.Host, Err: err}
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if r.Body != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, r.transportError(ctx, u, err)
	}
	return resp, nil
}

// read turns resp into a Response and closes its body.
func (r *Request) read(ctx context.Context, resp *http.Response, u *url.URL) (*Response, error) {
	defer resp.Body.Close()
	limit := r.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	tooLarge := &LimitError{Host: u.Host, What: "answer", Limit: limit}
	if resp.ContentLength > limit {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, r.transportError(ctx, u, err)
	}
	if int64(len(body)) > limit {
		return nil, tooLarge
	}
	return &Response{StatusCode: resp.StatusCode, Header: resp.Header, Body: body, URL: u}, nil
}

// transportError drops what net/http wraps around a cause, the method and the whole URL, and says so when it was the clock.
func (r *Request) transportError(ctx context.Context, u *url.URL, err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	// A transport may report a closed connection when the context ended; the context knows better.
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = cause
	}
	return &TransportError{Method: r.method(), Host: u.Host, Err: r.discreet(err)}
}

// discreet returns err, or one like it when its text has the credential of the request: transports that log or retry put whole
// requests into their errors.
func (r *Request) discreet(err error) error {
	text := err.Error()
	clean := r.withoutCredential(text)
	if clean == text {
		return err
	}
	out := errors.New(clean)
	// The cause itself is dropped, since whoever unwraps it could print it; whether time ran out is kept.
	for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %w", known, out)
		}
	}
	return out
}

// withoutCredential returns text from outside without the credential of the request, which it may repeat.
func (r *Request) withoutCredential(text string) string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if credential == "" {
		return text
	}
	return strings.ReplaceAll(text, credential, "[redacted]")
}

// redirects reports whether resp points elsewhere. 300, 304 and the reserved codes are answers.
func redirects(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns the URL that resp, an answer from u, points to, or why the request must not go there.
func (r *Request) follow(resp *http.Response, u *url.URL, hop int) (*url.URL, error) {
	location := resp.Header.Get("Location")
	no := func(reason string) (*url.URL, error) {
		return nil, &RedirectError{StatusCode: resp.StatusCode, From: u.Host, To: r.withoutCredential(location), Reason: reason}
	}
	if location == "" {
		return no("no Location")
	}
	if hop >= maxRedirects {
		return no("too many redirects")
	}
	// RFC 9110 section 15.4: 307 and 308 keep the method and the body, the others may turn a POST into a GET, and a GET of an
	// API method is a different question.
	if resp.StatusCode < http.StatusTemporaryRedirect && r.method() != http.MethodGet && r.method() != http.MethodHead {
		return no("the status does not keep the method")
	}
	to, err := u.Parse(location)
	if err != nil {
		return no("not a URL")
	}
	to.Fragment, to.RawFragment = "", ""
	to, err = CheckURL(to.String(), r.InsecureLoopbackHTTP)
	if err != nil {
		if ue, ok := errors.AsType[*URLError](err); ok {
			return no(ue.Reason)
		}
		return nil, err
	}
	if u.Scheme == "https" && to.Scheme != "https" {
		return no("from https to http")
	}
	switch {
	case r.AllowRedirect == nil && origin(to) != origin(u):
		return no("another host")
	case r.AllowRedirect != nil && !r.AllowRedirect(to):
		return no("the host is not one that is allowed")
	}
	return to, nil
}
