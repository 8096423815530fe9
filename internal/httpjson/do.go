package httpjson

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
)

const (
	// DefaultLimit is the largest body of an answer in bytes if [Request.Limit] is zero. A large key
	// set has about 100 KiB.
	DefaultLimit = 1 << 20
	// DefaultTimeout bounds an exchange if [Request.Timeout] is zero.
	DefaultTimeout = 30 * time.Second

	// maxRedirects is the largest number of redirects that Do follows. The vendor's own clients use
	// the same number.
	maxRedirects = 5
)

// A Request is a request to one server. Only URL is required.
type Request struct {
	// Client sends the request; nil means http.DefaultClient. Do uses its Transport, Jar and Timeout,
	// but not its CheckRedirect. Do does not change it.
	Client *http.Client
	// URL must pass [CheckURL].
	URL string
	// Header is sent with the request, also after an allowed redirect, and to no other host. Do does
	// not change it, and sends "Accept: application/json" and, with a Body, "Content-Type:
	// application/json" if they are missing. With If-None-Match the answer may have StatusCode 304
	// and no Body.
	Header http.Header
	// Body is sent with POST. Nil means GET.
	Body []byte
	// Limit is the largest body of the answer in bytes after decompression; 0 means DefaultLimit.
	Limit int64
	// Timeout bounds the exchange including redirects, from the first byte sent to the last byte
	// read. 0 means DefaultTimeout. With a negative value only the context bounds the exchange.
	Timeout time.Duration
	// InsecureLoopbackHTTP allows http to loopback literals, see [CheckURL].
	InsecureLoopbackHTTP bool
	// AllowRedirect reports whether the request and its headers may be sent to another URL, which has
	// passed CheckURL. Nil allows the same origin only: scheme, host and port.
	AllowRedirect func(to *url.URL) bool
}

// A Response is a complete answer with any status.
type Response struct {
	StatusCode int
	Header     http.Header
	Body       []byte
	// URL is the URL that answered, after redirects.
	URL *url.URL
}

// IsJSON reports whether the media type of the answer is application/json or ends in +json (RFC 6839
// section 3.1).
func (r *Response) IsJSON() bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

// Do sends r and returns the answer with any status. It reads the body to its end, so the connection
// can be used again.
//
// The error is a [*URLError], a [*TransportError], a [*RedirectError] or a [*LimitError]. No error
// contains a header of the request.
//
// Do is safe for concurrent use if the client is.
func Do(ctx context.Context, r Request) (*Response, error) {
	u, err := CheckURL(r.URL, r.InsecureLoopbackHTTP)
	if err != nil {
		return nil, err
	}
	if timeout := cmp.Or(r.Timeout, DefaultTimeout); timeout > 0 {
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
		if !isRedirect(resp) {
			return r.read(ctx, resp, u)
		}
		_ = resp.Body.Close() // not read: the body of a redirect may never end
		next, err := r.follow(resp, u, hop)
		if err != nil {
			return nil, err
		}
		u = next
	}
}

func (r *Request) method() string {
	if r.Body != nil {
		return http.MethodPost
	}
	return http.MethodGet
}

// client returns a copy of the caller's client that does not follow redirects. net/http would remove
// Authorization if the host changes, also for an allowed host, and send all other headers to any
// host.
func (r *Request) client() *http.Client {
	c := cmp.Or(r.Client, http.DefaultClient)
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
		body = bytes.NewReader(r.Body) // net/http can rewind this type if a kept connection is dead
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

// read returns resp with its body, and closes it.
func (r *Request) read(ctx context.Context, resp *http.Response, u *url.URL) (*Response, error) {
	defer resp.Body.Close()
	limit := cmp.Or(r.Limit, DefaultLimit)
	tooLarge := &LimitError{Host: u.Host, Limit: limit}
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

// transportError replaces the method and the whole URL that net/http adds to an error.
func (r *Request) transportError(ctx context.Context, u *url.URL, err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		err = ue.Err
	}
	// If the context ended, a transport may report a closed connection instead.
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = cause
	}
	// Transports that log or retry put whole requests into their errors.
	return &TransportError{Method: r.method(), Host: u.Host, Err: quote.ErrorWithoutSecrets(err, r.credential())}
}

// credential returns the Authorization header without its scheme, or "".
func (r *Request) credential() string {
	_, credential, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return credential
}

// isRedirect reports whether resp is a redirect. 300, 304 and the reserved codes are answers.
func isRedirect(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// follow returns the target of resp, a redirect from u. The error is the reason why the request
// must not be sent there.
func (r *Request) follow(resp *http.Response, u *url.URL, hop int) (*url.URL, error) {
	location := resp.Header.Get("Location")
	refused := func(reason string) (*url.URL, error) {
		return nil, &RedirectError{StatusCode: resp.StatusCode, From: u.Host, To: quote.Scrub(location, r.credential()), Reason: reason}
	}
	if location == "" {
		return refused("no Location")
	}
	if hop >= maxRedirects {
		return refused("too many redirects")
	}
	// RFC 9110 section 15.4: only 307 and 308 keep the method and the body. The others may turn a POST
	// into a GET, which is another request.
	if resp.StatusCode < http.StatusTemporaryRedirect && r.Body != nil {
		return refused("the status does not keep the method")
	}
	to, err := u.Parse(location)
	if err != nil {
		return refused("not a URL")
	}
	to.Fragment, to.RawFragment = "", ""
	to, err = CheckURL(to.String(), r.InsecureLoopbackHTTP)
	if err != nil {
		if ue, ok := errors.AsType[*URLError](err); ok {
			return refused(ue.Reason)
		}
		return nil, err
	}
	if u.Scheme == "https" && to.Scheme != "https" {
		return refused("from https to http")
	}
	switch {
	case r.AllowRedirect == nil && origin(to) != origin(u):
		return refused("another host")
	case r.AllowRedirect != nil && !r.AllowRedirect(to):
		return refused("the host is not allowed")
	}
	return to, nil
}
