package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/loopback"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// handlerWait is how long a request waits for the source. The SDK for
	// JavaScript gives up after a second and botocore after two, so the answer
	// must be on its way well before.
	handlerWait = 700 * time.Millisecond
	// handlerFlight bounds one question to the source. A source bounds itself;
	// this is for one that does not.
	handlerFlight = time.Minute
	// handlerPause is how long a failure is answered from memory, so that
	// clients that try again at once do not become calls.
	handlerPause = time.Second
)

// HandlerOptions are the options of [NewHandler]. Nil means all defaults.
type HandlerOptions struct {
	// RoleARN is shown to clients as RoleArn, as ECS does. Empty leaves it out.
	RoleARN string
	// Logger gets refused requests (Warn, with the reason, without any header's
	// value) and failures of the source. Nil means silence.
	Logger *slog.Logger
}

// Handler is the container credentials endpoint: the HTTP server behind
// AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN (or
// ..._TOKEN_FILE, whose file must not end in a newline). SDKs ask it again
// before their credentials expire. Make one with [NewHandler]; it is safe for
// concurrent use and starts nothing until it is asked.
//
// It answers GET on every path that it is mounted at, from the machine's own
// loopback only. Refused are: a connection whose local or remote address is not
// loopback; a Host other than a loopback literal or localhost with the port
// that was connected to (DNS rebinding); a request that a browser sends for a
// page (Origin, Sec-Fetch-...) or that a proxy passed on (Forwarded, Via,
// X-Forwarded-...); a missing, doubled or wrong Authorization, compared in
// constant time. There is no way to switch the token off.
//
// The answer comes within a second: the source is asked beside the request,
// and when it is slow or fails, the credentials it gave last are handed out
// while they are valid. While there are none the answer is 503 with a JSON
// error, at once when the source has just failed or is known to hang; 403 when
// the source's error says that trying again is of no use (Retryable() bool).
type Handler struct {
	src     CredentialsSource
	token   [sha256.Size]byte // a hash has one length, so comparing tells nothing about the token's
	roleARN string
	log     *slog.Logger

	mu     sync.Mutex       // guards what follows; never held while the source works
	last   *aws.Credentials // nil before there are any; behind a pointer, where fmt does not look even as a field of another struct
	flight *flight
	err    error // of the last question, nil after a good one
	failed time.Time
}

type flight struct {
	done    chan struct{}
	started time.Time
}

// NewHandlerToken returns a new random token for [NewHandler], 26 letters and
// digits with at least 128 random bits.
func NewHandlerToken() string { return rand.Text() }

// NewHandler makes an endpoint that hands src's credentials to whoever has the
// token. A token of fewer than 16 characters, or with any that are not
// printable ASCII, is an error.
func NewHandler(src CredentialsSource, token string, opts *HandlerOptions) (*Handler, error) {
	if src == nil {
		return nil, errors.New("export: NewHandler: the source is nil")
	}
	if len(token) < 16 {
		return nil, errors.New("export: NewHandler: the token has fewer than 16 characters: use NewHandlerToken")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] >= 0x7f {
			return nil, fmt.Errorf("export: NewHandler: the token has a character at offset %d that SDKs do not send in a header", i)
		}
	}
	h := &Handler{src: src, token: sha256.Sum256([]byte(token)), log: slog.New(slog.DiscardHandler)}
	if opts != nil {
		h.roleARN = opts.RoleARN
		if opts.Logger != nil {
			h.log = opts.Logger
		}
	}
	return h, nil
}

// containerCredentials is the answer's form. It is "Token" here, and
// "SessionToken" in a credential_process.
type containerCredentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
	RoleARN         string `json:"RoleArn,omitempty"`
}

// containerError is the form in which the Go SDK reads an error's reason.
type containerError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ServeHTTP answers one request; see [Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, reason := h.refuse(r); status != 0 {
		h.log.WarnContext(r.Context(), "container endpoint: request refused", "status", status, "reason", reason)
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodGet)
		}
		// The reason stays in the log: whoever is refused is not helped to get in.
		writeJSON(w, status, containerError{"AccessDenied", "the request was refused"})
		return
	}
	c, err := h.credentials(r.Context())
	if err != nil {
		status, code := http.StatusServiceUnavailable, "CredentialsUnavailable"
		if isDenial(err) {
			status, code = http.StatusForbidden, "AccessDenied"
		} else {
			w.Header().Set("Retry-After", "1")
		}
		writeJSON(w, status, containerError{code, quote.Clean(err.Error(), 500)})
		return
	}
	writeJSON(w, http.StatusOK, containerCredentials{
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey,
		Token:           c.SessionToken,
		Expiration:      timestamp(c.Expires),
		AccountID:       c.AccountID,
		RoleARN:         h.roleARN,
	})
}

// writeJSON sends a whole answer. The content type has no charset: SDKs compare it.
func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"code":"InternalError","message":"the answer cannot be encoded"}`)
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone when this fails
}

// refuse is why the request gets nothing, or status 0. The token is looked at
// last, so that nobody beyond loopback can try one.
func (h *Handler) refuse(r *http.Request) (status int, reason string) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !loopback.IsAddr(local) {
		return http.StatusForbidden, "the connection did not come in on a loopback address"
	}
	if remote, _, err := net.SplitHostPort(r.RemoteAddr); err != nil || !loopback.IsLiteral(remote) {
		return http.StatusForbidden, "the client is not on this machine"
	}
	if !isLoopbackHost(r.Host, local.Port) {
		return http.StatusForbidden, "Host is not the loopback address that was connected to"
	}
	for name := range r.Header {
		if isForeignHeader(name) {
			return http.StatusForbidden, "header " + name + " is sent by browsers and proxies, not by SDKs"
		}
	}
	if r.Method != http.MethodGet {
		return http.StatusMethodNotAllowed, "the method is not GET"
	}
	given := r.Header["Authorization"]
	if len(given) != 1 {
		return http.StatusUnauthorized, "Authorization is missing or there more than once"
	}
	sum := sha256.Sum256([]byte(given[0]))
	if subtle.ConstantTimeCompare(sum[:], h.token[:]) != 1 {
		return http.StatusUnauthorized, "wrong token"
	}
	return 0, ""
}

// isLoopbackHost reports whether a Host header names this machine and the port of the connection.
func isLoopbackHost(hostport string, port int) bool {
	host, p, err := net.SplitHostPort(hostport)
	if err != nil { // no port: the scheme's
		host, p = strings.TrimSuffix(strings.TrimPrefix(hostport, "["), "]"), "80"
	}
	return p == strconv.Itoa(port) && loopback.IsHost(host)
}

// isForeignHeader takes the canonical name of a header.
func isForeignHeader(name string) bool {
	switch name {
	case "Origin", "Referer", "Forwarded", "Via", "X-Real-Ip", "Proxy-Connection", "Access-Control-Request-Method":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "Sec-")
}

// credentials asks the source, beside the request, and waits a little.
func (h *Handler) credentials(ctx context.Context) (aws.Credentials, error) {
	h.mu.Lock()
	if h.flight == nil && (h.err == nil || time.Since(h.failed) >= handlerPause) {
		h.flight = h.ask(ctx)
	}
	f := h.flight
	h.mu.Unlock()

	if f != nil {
		// Measured from the start of the question, so that a source that hangs
		// costs its first clients a second and those after them nothing.
		timer := time.NewTimer(handlerWait - time.Since(f.started))
		select {
		case <-f.done:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	if h.last != nil && checkCredentials(*h.last, time.Now()) == nil {
		return *h.last, nil
	}
	if h.err != nil {
		return aws.Credentials{}, h.err
	}
	return aws.Credentials{}, errors.New("export: the source has no credentials yet")
}

// ask starts a call of the source, which the canceled request of a client does not end.
func (h *Handler) ask(ctx context.Context) *flight {
	f := &flight{done: make(chan struct{}), started: time.Now()}
	ctx, cancel := detach.WithTimeout(ctx, handlerFlight)
	go detach.Run(func() (aws.Credentials, error) { return h.src.Credentials(ctx) }, func(c aws.Credentials, err error) {
		defer cancel()
		h.settle(ctx, f, c, err)
	})
	return f
}

// settle keeps the result of a call.
func (h *Handler) settle(ctx context.Context, f *flight, c aws.Credentials, err error) {
	if err == nil {
		if bad := checkCredentials(c, time.Now()); bad != nil {
			err = fmt.Errorf("export: credentials refused: %w", bad)
		}
	}
	if err != nil {
		h.log.WarnContext(ctx, "container endpoint: no new credentials", "error", err)
	}

	h.mu.Lock()
	defer h.mu.Unlock()
	h.flight, h.err = nil, err
	switch {
	case err == nil:
		h.last = &c
	case isDenial(err):
		h.last, h.failed = nil, time.Now() // the source itself would have kept them if it wanted to
	default:
		h.failed = time.Now()
	}
	close(f.done)
}

// Serve answers requests on l until ctx ends, then gives those under way two
// seconds and returns nil. A listener on anything but a loopback TCP address is
// refused. Serve closes l.
func (h *Handler) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if !loopback.IsAddr(l.Addr()) {
		return fmt.Errorf("export: the endpoint serves loopback addresses only, not %s: listen on 127.0.0.1", quoted(l.Addr().String()))
	}
	server := &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true, // it answers "OPTIONS *" before any check of ours
		ReadHeaderTimeout:            5 * time.Second,
		ReadTimeout:                  5 * time.Second,
		WriteTimeout:                 10 * time.Second,
		IdleTimeout:                  time.Minute,
		MaxHeaderBytes:               16 << 10,
		ErrorLog:                     slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		err := server.Shutdown(grace)
		if err != nil {
			err = server.Close()
		}
		stopped <- err
	})
	err := server.Serve(l)
	if stop() { // ctx has not ended: the listener failed
		return fmt.Errorf("export: serving credentials: %w", err)
	}
	return <-stopped
}
