package idp_test

import (
	"context"
	"encoding/base64"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/retry"
)

// A retryTest is one call of IDToken and the answers to its requests.
type retryTest struct {
	name     string
	answers  []roundTrip // the last one repeats
	deadline time.Duration
	ok       bool
	requests int
	min, max time.Duration // of the call
}

func TestClientRetries(t *testing.T) {
	t.Parallel()
	unavailable := func(r *http.Request) (*http.Response, error) { return respond(r, 503, `{"code":"unavailable"}`), nil }
	limited := func(header ...string) roundTrip {
		return func(r *http.Request) (*http.Response, error) {
			return respond(r, 429, `{"code":"resource_exhausted"}`, header...), nil
		}
	}
	broken := func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset") }
	hangs := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	status := func(code int, body string) roundTrip {
		return func(r *http.Request) (*http.Response, error) { return respond(r, code, body), nil }
	}
	good := func(r *http.Request) (*http.Response, error) { return answerToken(r), nil }
	for _, tt := range []retryTest{
		{"an answer at once", []roundTrip{good}, 0, true, 1, 0, 0},
		{"unavailable twice", []roundTrip{unavailable, unavailable, good}, 0, true, 3, 0, 1500 * time.Millisecond},
		{"always unavailable", []roundTrip{unavailable}, 0, false, 3, 0, 1500 * time.Millisecond},
		{"a broken connection", []roundTrip{broken, good}, 0, true, 2, 0, 500 * time.Millisecond},
		{"a gateway's 502", []roundTrip{status(502, "<html>"), good}, 0, true, 2, 0, 500 * time.Millisecond},
		{"an attempt that hangs", []roundTrip{hangs, good}, 0, true, 2, 10 * time.Second, 10500 * time.Millisecond},
		{"a wait in Ona's header", []roundTrip{limited("RateLimit-RetryAfter", "7"), good}, 0, true, 2, 7 * time.Second, 7500 * time.Millisecond},
		{"a wait in the standard header", []roundTrip{limited("Retry-After", "4"), good}, 0, true, 2, 4 * time.Second, 4500 * time.Millisecond},
		{"a wait of half a minute", []roundTrip{limited("Retry-After", "30"), good}, 0, true, 2, 30 * time.Second, 30500 * time.Millisecond},
		{"a longer wait is returned to the caller", []roundTrip{limited("Retry-After", "31")}, 0, false, 1, 0, 0},
		{"a wait past the deadline", []roundTrip{limited("Retry-After", "7")}, 5 * time.Second, false, 1, 0, 0},
		{"refused", []roundTrip{status(403, `{"code":"permission_denied"}`)}, 0, false, 1, 0, 0},
		{"not in the plan", []roundTrip{status(400, `{"code":"failed_precondition"}`)}, 0, false, 1, 0, 0},
		{"not authenticated with the same API token", []roundTrip{status(401, `{"code":"unauthenticated"}`)}, 0, false, 1, 0, 0},
		{"a proxy that forbids", []roundTrip{status(403, "<html>")}, 0, false, 1, 0, 0},
		{"an unknown method", []roundTrip{status(404, "not found")}, 0, false, 1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, tt.check)
		})
	}
}

func (tt retryTest) check(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	if tt.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, tt.deadline)
		defer cancel()
	}
	requests := 0
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		answer := tt.answers[min(requests, len(tt.answers)-1)]
		requests++
		return answer(r)
	}, nil)
	start := time.Now()
	tok, err := c.IDToken(ctx, idp.AudienceAWS)
	took := time.Since(start)
	if (err == nil) != tt.ok || (tok != nil) != tt.ok || requests != tt.requests {
		t.Errorf("IDToken = %v, %v after %d requests, want %d", tok, err, requests, tt.requests)
	}
	if took < tt.min || took > tt.max {
		t.Errorf("IDToken took %s, want %s to %s", took, tt.min, tt.max)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("IDToken: %v, want the server's answer and not the deadline", err)
	}
}

// Cancellation during a pause ends the call at once, with both errors.
func TestClientCanceledInAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			return respond(r, 429, `{"code":"resource_exhausted"}`, "Retry-After", "20"), nil
		}, nil)
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		_, err := c.IDToken(ctx, idp.AudienceAWS)
		if _, ok := errors.AsType[*idp.RequestError](err); !ok || !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("IDToken after %s: %v, want the answer and context.Canceled after 1s", time.Since(start), err)
		}
	})
}

// In an environment that is resumed, the old API token is refused while the new one is written.
func TestClientUsesTheNewAPIToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		current := "old"
		var sent []string
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			got := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			sent = append(sent, got)
			if got == "old" {
				current = "new"
				return respond(r, 401, `{"code":"unauthenticated"}`), nil
			}
			return answerToken(r), nil
		}, func(o *idp.ClientOptions) { o.Bearer = func(context.Context) (string, error) { return current, nil } })
		start := time.Now()
		if tok, err := c.IDToken(t.Context(), idp.AudienceAWS); err != nil {
			t.Errorf("IDToken = %v, %v", tok, err)
		}
		if diff := cmp.Diff([]string{"old", "new"}, sent); diff != "" || time.Since(start) != 0 {
			t.Errorf("sent %q in %s, want both at once", sent, time.Since(start))
		}
	})
}

func TestClientMaxAttempts(t *testing.T) {
	t.Parallel()
	for _, want := range []int{1, 2, 7} {
		synctest.Test(t, func(t *testing.T) {
			requests := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				requests++
				return respond(r, 503, `{"code":"unavailable"}`), nil
			}, func(o *idp.ClientOptions) { o.MaxAttempts = want })
			if _, err := c.IDToken(t.Context(), idp.AudienceAWS); err == nil || requests != want {
				t.Errorf("%d requests, want %d", requests, want)
			}
		})
	}
}

// closeRecorder is a transport that counts calls of CloseIdleConnections.
type closeRecorder struct {
	roundTrip
	closed int
}

func (c *closeRecorder) CloseIdleConnections() { c.closed++ }

// Connections are dead after the machine slept, so a request that timed out must use a new one.
func TestClientClosesIdleConnectionsAfterATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		tr := &closeRecorder{roundTrip: func(r *http.Request) (*http.Response, error) {
			if first {
				first = false
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return answerToken(r), nil
		}}
		c := newClient(t, nil, func(o *idp.ClientOptions) { o.HTTPClient = &http.Client{Transport: tr} })
		if _, err := c.IDToken(t.Context(), idp.AudienceAWS); err != nil || tr.closed != 1 {
			t.Errorf("IDToken: %v, idle connections closed %d times, want once", err, tr.closed)
		}
	})
}

func TestRetryInfo(t *testing.T) {
	t.Parallel()
	encode := func(b ...byte) string { return base64.StdEncoding.EncodeToString(b) }
	huge := []byte{0x0a, 10, 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40} // 2^62 seconds
	negative := []byte{0x0a, 11, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}
	for name, tt := range map[string]struct {
		in   string
		want time.Duration
	}{
		"seconds":                {encode(0x0a, 2, 0x08, 5), 5 * time.Second},
		"without padding":        {strings.TrimRight(encode(0x0a, 2, 0x08, 5), "="), 5 * time.Second},
		"nanoseconds":            {encode(0x0a, 2, 0x10, 5), 5},
		"unknown fields":         {encode(0x12, 1, 0, 0x19, 1, 2, 3, 4, 5, 6, 7, 8, 0x25, 1, 2, 3, 4, 0x28, 1, 0x0a, 2, 0x08, 5), 5 * time.Second},
		"huge":                   {encode(huge...), retry.MaxAfter},
		"negative":               {encode(negative...), 0},
		"empty":                  {"", 0},
		"not base64":             {"$", 0},
		"truncated tag":          {encode(0x80), 0},
		"truncated length":       {encode(0x0a, 0x80), 0},
		"length past the end":    {encode(0x0a, 9, 0x08), 0},
		"truncated number":       {encode(0x0a, 2, 0x08, 0x80), 0},
		"truncated fixed number": {encode(0x25, 1), 0},
		"a group":                {encode(0x0b), 0},
		"too long":               {strings.Repeat("A", 300), 0},
	} {
		if got := idp.RetryInfo(tt.in); got != tt.want {
			t.Errorf("%s: RetryInfo = %s, want %s", name, got, tt.want)
		}
	}
}

// FuzzRetryInfo checks that the wait is never negative and at most a day.
func FuzzRetryInfo(f *testing.F) {
	for _, b := range [][]byte{{}, {0x0a, 2, 0x08, 5}, {0x0a, 4, 0x08, 5, 0x10, 7}, {0x0a, 0xff}, {0x25, 1, 2, 3, 4}, {0x0a, 11, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if d := idp.RetryInfo(base64.StdEncoding.EncodeToString(b)); d < 0 || d > retry.MaxAfter {
			t.Errorf("RetryInfo(%x) = %s", b, d)
		}
	})
}

// The backoff is random up to a bound that doubles until its limit.
func TestBackoff(t *testing.T) {
	t.Parallel()
	bounds := []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}
	for i, bound := range bounds {
		var low, high bool
		for range 2000 {
			d := idp.Backoff(i + 1)
			if d < 0 || d >= bound {
				t.Fatalf("Backoff(%d) = %s, want less than %s", i+1, d, bound)
			}
			low, high = low || d < bound/10, high || d > bound*9/10
		}
		if !low || !high {
			t.Errorf("Backoff(%d) does not use all of %s", i+1, bound)
		}
	}
	if d := idp.Backoff(math.MaxInt); d >= 5*time.Second {
		t.Errorf("Backoff of MaxInt failures = %s", d)
	}
}
