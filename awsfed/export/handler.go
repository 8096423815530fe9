package export

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/loopback"
	"github.com/onafed/onafed/internal/quote"
)

// HandlerOptions are the options of [NewHandler]. Nil means the defaults.
type HandlerOptions struct {
	// RoleARN is returned to clients as RoleArn, as ECS does. It is left out if empty.
	RoleARN string
	// Logger receives rejected requests (Warn, with the reason, without the value of any header)
	// and failures of the source (Warn). Nil means silence.
	Logger *slog.Logger
}

// Handler is the container credentials endpoint: the HTTP server for
// AWS_CONTAINER_CREDENTIALS_FULL_URI and AWS_CONTAINER_AUTHORIZATION_TOKEN (or ..._TOKEN_FILE,
// whose file must not end with a newline). SDKs ask it again before their credentials expire. Make
// one with [NewHandler]. A Handler is safe for concurrent use, and starts nothing before the first
// request.
//
// It answers GET on every path where it is mounted, for clients on this machine only. It rejects:
//
//   - a connection whose local or remote address is not a loopback address
//   - a Host other than localhost or a loopback IP address with the port of the connection (DNS
//     rebinding)
//   - a request from a browser (Origin, Sec-Fetch-...) or a proxy (Forwarded, Via, X-Forwarded-...)
//   - a missing, repeated or wrong Authorization, which is compared in constant time. It is the
//     token alone, without "Bearer"
//
// The token cannot be switched off.
//
// The answer comes within one second. If the source is slow or fails, the last credentials are
// returned while they are valid. Without valid credentials the answer is a JSON error: 403 if the
// source's error has Retryable() == false or, without that method, Temporary() == false, otherwise
// 503. It comes at once if the source has just
// failed or already hangs.
type Handler struct {
	source  slowSource
	token   [sha256.Size]byte // hashes have equal lengths, so a comparison does not reveal the token's length
	roleARN string
}

// NewHandlerToken returns a new random token for [NewHandler]: 26 letters and digits with at least
// 128 random bits.
func NewHandlerToken() string { return rand.Text() }

// NewHandler returns an endpoint that gives src's credentials to clients that have the token. The
// token needs at least 16 characters, all printable ASCII. An error is an [*OptionError] for "src"
// or "token".
func NewHandler(src CredentialsSource, token string, opts *HandlerOptions) (*Handler, error) {
	if src == nil {
		return nil, &OptionError{"NewHandler", "src", errNil}
	}
	if len(token) < 16 {
		return nil, &OptionError{"NewHandler", "token", errors.New("fewer than 16 characters: use NewHandlerToken")}
	}
	if i := strings.IndexFunc(token, func(c rune) bool { return c <= ' ' || c >= 0x7f }); i >= 0 {
		return nil, &OptionError{"NewHandler", "token", fmt.Errorf("the character at offset %d cannot be sent in a header: use NewHandlerToken", i)}
	}
	if opts == nil {
		opts = new(HandlerOptions)
	}
	return &Handler{source: slowSource{src: src, log: loggerOf(opts.Logger)}, token: sha256.Sum256([]byte(token)), roleARN: opts.RoleARN}, nil
}

// Format writes the name of the type, for every verb: the handler contains credentials.
func (h *Handler) Format(state fmt.State, _ rune) { redact(state, "export.Handler") }

// LogValue returns the same text as Format.
func (h *Handler) LogValue() slog.Value { return slog.StringValue("export.Handler") }

// containerCredentials is the answer. Its "Token" is the "SessionToken" of a credential_process.
type containerCredentials struct {
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
	RoleARN         string `json:"RoleArn,omitempty"`
}

// containerError is the form of an error that the Go SDK reads.
type containerError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// ServeHTTP answers one request; see [Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, reason := h.reject(r); status != 0 {
		h.source.log.WarnContext(r.Context(), "container endpoint: request refused", "status", status, "reason", reason)
		if status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", http.MethodGet)
		}
		// The reason is only logged, because it would help an attacker.
		writeJSON(w, status, containerError{"AccessDenied", "the request was refused"})
		return
	}
	c, err := h.source.credentials(r.Context())
	if err != nil {
		status, code := http.StatusServiceUnavailable, "CredentialsUnavailable"
		if refusesRetry(err) {
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

// writeJSON writes a whole answer. The content type has no charset, because SDKs compare it.
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
	_, _ = w.Write(body) // an error means that the client is gone
}

// Serve answers requests on l until ctx ends. It then waits up to two seconds for running requests
// and returns nil. A listener on anything but a loopback TCP address is refused. Serve closes l.
func (h *Handler) Serve(ctx context.Context, l net.Listener) error {
	defer l.Close()
	if !loopback.IsAddr(l.Addr()) {
		return &OptionError{"Handler.Serve", "l", fmt.Errorf("%s is not a loopback address: listen on 127.0.0.1", quoted(l.Addr().String()))}
	}
	server := &http.Server{
		Handler:                      h,
		DisableGeneralOptionsHandler: true, // it would answer "OPTIONS *" without our checks
		ReadTimeout:                  5 * time.Second,
		WriteTimeout:                 10 * time.Second,
		IdleTimeout:                  time.Minute,
		MaxHeaderBytes:               16 << 10,
		ErrorLog:                     slog.NewLogLogger(h.source.log.Handler(), slog.LevelWarn),
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
