package faults_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

const (
	account = "123456789012"
	roleARN = "arn:aws:iam::" + account + ":role/deploy"

	// The hosts of a world, or their prefixes.
	apiHost = "app.gitpod.io" // also the issuer, as in production
	stsHost = "sts."
)

// world has the servers that a component needs, on one server: the API that issues tokens, the
// issuer that publishes keys, and STS. It records the values that they issued, so that it knows
// without the component what has expired and what is secret.
type world struct {
	*server
	tb     testing.TB
	iss    *idptest.Issuer
	sts    *awsfedtest.STS
	client *http.Client
	bearer string
	alg    string
	log    *logBuffer

	mu        sync.Mutex
	ahead     time.Duration        // of the servers' clock
	ends      map[string]time.Time // of the issued values, by ID
	secrets   []string
	published time.Time // when the keys were last served
}

// newWorld starts the servers of a world. tokenLife is the lifetime of its ID tokens.
func newWorld(tb testing.TB, on func(testing.TB, http.Handler) *server, tokenLife time.Duration) *world {
	tb.Helper()
	return newWorldOf(tb, on, "pat-"+rand.Text(), "ES256", tokenLife)
}

// newWorldOf is newWorld with a given API token and algorithm. With RS256 the keys of all worlds
// are the same.
func newWorldOf(tb testing.TB, on func(testing.TB, http.Handler) *server, bearer, alg string, tokenLife time.Duration) *world {
	tb.Helper()
	w := &world{tb: tb, bearer: bearer, alg: alg, log: new(logBuffer), ends: make(map[string]time.Time)}
	w.iss = idptest.NewIssuer(tb, &idptest.IssuerOptions{Algorithm: alg, Lifetime: tokenLife})
	w.sts = awsfedtest.New(tb, w.iss, roleARN)
	w.server = on(tb, http.HandlerFunc(w.answer))
	w.client = w.server.client(tb)
	return w
}

// now returns the time of the servers' clock.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// setClock sets the servers' clock ahead of the local clock.
func (w *world) setClock(ahead time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead = ahead
	w.sts.SkewClock(ahead)
}

// begin begins a fault on the hosts with the given prefix.
func (w *world) begin(f fault, host string) {
	w.bad.Store(&activeFault{f, host})
	if f.dial != nil {
		w.client.CloseIdleConnections() // idle connections would not notice the fault
	}
}

// end ends the fault.
func (w *world) end() { w.bad.Store(nil) }

// mint returns a new token of the API.
func (w *world) mint(audience string) *idp.Token {
	now := w.now()
	life := w.iss.Claims(audience)
	seconds := life["exp"].(int64) - life["iat"].(int64)
	raw := w.iss.Sign(idptest.With(life, "iat", now.Unix(), "exp", now.Unix()+seconds, "jti", rand.Text()))
	t, err := idp.ParseToken(raw)
	if err != nil {
		w.tb.Errorf("the issuer's token: %v", err)
		return nil
	}
	w.recordIssued(t.Fingerprint(), t.Expiry(), raw)
	return t
}

// source returns a token source that never fails.
func (w *world) source() idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return w.mint(idp.AudienceAWS), nil
	})
}

// recordIssued records an issued value: its expiry by the servers' clock, and its secrets.
func (w *world) recordIssued(id string, end time.Time, secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[id] = end
	w.secrets = append(w.secrets, secrets...)
}

// endOf returns the expiry of an issued value by the servers' clock. ok is false if it was never
// issued.
func (w *world) endOf(id string) (end time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	end, ok = w.ends[id]
	return end, ok
}

// recent returns the bearer token and the latest secrets.
func (w *world) recent() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{w.bearer}, w.secrets[max(0, len(w.secrets)-4):]...)
}

// answer handles the requests to all servers, without a fault.
func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Host, stsHost):
		rec := httptest.NewRecorder()
		w.sts.ServeHTTP(rec, r)
		w.recordCredentials(rec.Body.Bytes())
		forward(rw, rec)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		w.api(rw, r)
	default:
		w.iss.ServeHTTP(rw, r)
		if b := w.bad.Load(); strings.HasSuffix(r.URL.Path, idptest.JWKSPath) && (b == nil || b.isTolerated(keySet)) {
			w.mu.Lock()
			w.published = time.Now()
			w.mu.Unlock()
		}
	}
}

var xmlField = regexp.MustCompile(`<(AccessKeyId|SecretAccessKey|SessionToken|Expiration)>([^<]+)<`)

// recordCredentials records the credentials in a response of STS.
func (w *world) recordCredentials(body []byte) {
	fields := make(map[string]string)
	for _, m := range xmlField.FindAllSubmatch(body, -1) {
		fields[string(m[1])] = string(m[2])
	}
	if fields["AccessKeyId"] == "" {
		return
	}
	end, err := time.Parse(time.RFC3339, fields["Expiration"])
	if err != nil {
		w.tb.Errorf("STS's expiration: %v", err)
	}
	w.recordIssued(fields["AccessKeyId"], end, fields["SecretAccessKey"], fields["SessionToken"])
}

// api handles the one method of the Ona API.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	var ask struct {
		Audience []string `json:"audience"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &ask) != nil || len(ask.Audience) != 1 || r.Header.Get("Authorization") != "Bearer "+w.bearer {
		w.tb.Errorf("wrong request to the API: %v, %q", err, body)
		http.Error(rw, `{"code":"invalid_argument"}`, http.StatusBadRequest)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	fmt.Fprintf(rw, `{"token":%q}`, w.mint(ask.Audience[0]).Raw())
}

// logBuffer receives the log of a component.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// logger returns a logger that records all levels.
func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
