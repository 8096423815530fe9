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

	// The hosts of a world, or how they begin.
	apiHost = "app.gitpod.io" // of the issuer, too, as it is in reality
	stsHost = "sts."
)

// A world is what surrounds a component: the API that mints tokens, the issuer that publishes keys, and STS, all on one server. It keeps
// account of what was handed out, so that it knows without asking the component what has ended and what is secret.
type world struct {
	*server
	tb     testing.TB
	iss    *idptest.Issuer
	sts    *awsfedtest.STS
	client *http.Client
	bearer string
	alg    string
	log    *record

	mu        sync.Mutex
	ahead     time.Duration // of the servers' clock
	ends      map[string]time.Time
	secrets   []string
	published time.Time // when the keys were last given out
}

// newWorld starts the servers of a world. tokenLife is how long its ID tokens live.
func newWorld(tb testing.TB, on func(testing.TB, http.Handler) *server, tokenLife time.Duration) *world {
	tb.Helper()
	return newWorldOf(tb, on, "pat-"+rand.Text(), "ES256", tokenLife)
}

// newWorldOf starts them with a chosen API token and algorithm. With RS256 the keys of all worlds are the same.
func newWorldOf(tb testing.TB, on func(testing.TB, http.Handler) *server, bearer, alg string, tokenLife time.Duration) *world {
	tb.Helper()
	w := &world{tb: tb, bearer: bearer, alg: alg, log: new(record), ends: make(map[string]time.Time)}
	w.iss = idptest.NewIssuer(tb, &idptest.IssuerOptions{Algorithm: alg, Lifetime: tokenLife})
	w.sts = awsfedtest.New(tb, w.iss.URL, w.iss.Client(), roleARN)
	w.server = on(tb, http.HandlerFunc(w.answer))
	w.client = w.server.client(tb)
	return w
}

// now is the time by the servers' clock.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.ahead)
}

// setClock puts the servers' clock ahead of this machine's. Seen from the servers it is this machine's clock that changes.
func (w *world) setClock(ahead time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead = ahead
	w.sts.SkewClock(ahead)
}

// start begins a fault on the hosts that begin so.
func (w *world) begin(f fault, host string) {
	w.bad.Store(&spell{f, host})
	if f.dial != nil {
		w.client.CloseIdleConnections() // the others would not notice
	}
}

// end makes everything work again.
func (w *world) end() { w.bad.Store(nil) }

// mint is the token that the API gives out.
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
	w.enter(t.Fingerprint(), t.Expiry(), raw)
	return t
}

// source is a token source that never fails.
func (w *world) source() idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return w.mint(idp.AudienceAWS), nil
	})
}

// enter keeps account of what was handed out: when it ends by the servers' clock, and what nobody may print.
func (w *world) enter(id string, end time.Time, secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ends[id] = end
	w.secrets = append(w.secrets, secrets...)
}

// end returns when what was handed out ends by the servers' clock; ok is false if they never handed it out.
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

// answer is all servers, working.
func (w *world) answer(rw http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasPrefix(r.Host, stsHost):
		rec := httptest.NewRecorder()
		w.sts.ServeHTTP(rec, r)
		w.overhear(rec.Body.Bytes())
		forward(rw, rec)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		w.api(rw, r)
	default:
		w.iss.ServeHTTP(rw, r)
		if b := w.bad.Load(); strings.HasSuffix(r.URL.Path, idptest.JWKSPath) && (b == nil || b.passable(keySet)) {
			w.mu.Lock()
			w.published = time.Now()
			w.mu.Unlock()
		}
	}
}

var xmlField = regexp.MustCompile(`<(AccessKeyId|SecretAccessKey|SessionToken|Expiration)>([^<]+)<`)

// overhear notes the credentials in an answer of STS.
func (w *world) overhear(body []byte) {
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
	w.enter(fields["AccessKeyId"], end, fields["SecretAccessKey"], fields["SessionToken"])
}

// api is the one method of the Ona API.
func (w *world) api(rw http.ResponseWriter, r *http.Request) {
	var ask struct {
		Audience []string `json:"audience"`
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &ask) != nil || len(ask.Audience) != 1 || r.Header.Get("Authorization") != "Bearer "+w.bearer {
		w.tb.Errorf("the API was asked in a wrong way: %v, %q", err, body)
		http.Error(rw, `{"code":"invalid_argument"}`, http.StatusBadRequest)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("Date", w.now().UTC().Format(http.TimeFormat))
	fmt.Fprintf(rw, `{"token":%q}`, w.mint(ask.Audience[0]).Raw())
}

// record is where a component's log goes.
type record struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *record) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *record) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// logger gets everything.
func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
