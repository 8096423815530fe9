package idp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

const apiToken = "ona_pat_s3cret-0123456789"

// bearer returns the same API token for every request.
func bearer(context.Context) (string, error) { return apiToken, nil }

// respond returns an answer as a transport does. header contains names and values in pairs.
func respond(r *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r}
}

// answerToken returns the answer with a token for the requested audiences.
func answerToken(r *http.Request) *http.Response {
	var body struct{ Audience []string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return respond(r, http.StatusBadRequest, `{"code":"invalid_argument"}`)
	}
	return respond(r, http.StatusOK, `{"token":"`+rawToken(inAnHour(), map[string]any{"aud": body.Audience})+`"}`)
}

// newClient returns a client with an in-memory transport.
func newClient(t *testing.T, transport roundTrip, change func(*idp.ClientOptions)) *idp.Client {
	t.Helper()
	opts := &idp.ClientOptions{Bearer: bearer, HTTPClient: &http.Client{Transport: transport}}
	if change != nil {
		change(opts)
	}
	c, err := idp.NewClient(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClientSends(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*idp.ClientOptions)
		url    string
		body   string
	}{
		{"defaults", nil, "https://app.gitpod.io/api/gitpod.v1.IdentityService/GetIDToken", `{"audience":["sts.amazonaws.com","b"],"version":"ID_TOKEN_VERSION_V2"}`},
		{"version 1", func(o *idp.ClientOptions) { o.Version = idp.VersionV1 }, "https://app.gitpod.io/api/gitpod.v1.IdentityService/GetIDToken", `{"audience":["sts.amazonaws.com","b"],"version":"ID_TOKEN_VERSION_V1"}`},
		{"another host", func(o *idp.ClientOptions) { o.BaseURL = "https://ona.example:8443/x/" }, "https://ona.example:8443/x/gitpod.v1.IdentityService/GetIDToken", `{"audience":["sts.amazonaws.com","b"],"version":"ID_TOKEN_VERSION_V2"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				requests++
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.String() != tt.url || string(body) != tt.body {
					t.Errorf("sent %s %s %s, want POST %s %s", r.Method, r.URL, body, tt.url, tt.body)
				}
				want := http.Header{
					"Authorization": {"Bearer " + apiToken}, "Content-Type": {"application/json"}, "Accept": {"application/json"},
					"Connect-Protocol-Version": {"1"}, "User-Agent": {"onafed-go"},
				}
				if diff := cmp.Diff(want, r.Header); diff != "" {
					t.Errorf("the header differs (-want +got):\n%s", diff)
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
				return answerToken(r), nil
			}, tt.change)
			tok, err := c.IDToken(t.Context(), idp.AudienceAWS, "b")
			if err != nil || !tok.ValidAt(time.Now()) || requests != 1 {
				t.Errorf("IDToken = %v, %v after %d requests, want a token after 1", tok, err, requests)
			}
		})
	}
}

func TestClientSource(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(r *http.Request) (*http.Response, error) { return answerToken(r), nil }, nil)
	src := c.Source("vault.example")
	tok, err := src.Token(t.Context())
	if err != nil || !cmp.Equal(tok.Claims().Audience, []string{"vault.example"}) {
		t.Errorf("Token = %v, %v, want a token for the audience", tok, err)
	}
	if name := src.(interface{ Source() string }).Source(); name != "Ona API https://app.gitpod.io/api" {
		t.Errorf("Source = %s", name)
	}
}

func TestNewClientRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts   *idp.ClientOptions
		option string
	}{
		"no options":                       {nil, "Bearer"},
		"no bearer":                        {&idp.ClientOptions{}, "Bearer"},
		"http":                             {&idp.ClientOptions{Bearer: bearer, BaseURL: "http://app.gitpod.io/api"}, "BaseURL"},
		"http to loopback":                 {&idp.ClientOptions{Bearer: bearer, BaseURL: "http://127.0.0.1/api"}, "BaseURL"},
		"http to a host name":              {&idp.ClientOptions{Bearer: bearer, BaseURL: "http://a/api", InsecureLoopbackHTTP: true}, "BaseURL"},
		"http to Ona":                      {&idp.ClientOptions{Bearer: bearer, BaseURL: "http://app.ona.com/api", InsecureLoopbackHTTP: true}, "BaseURL"},
		"no scheme":                        {&idp.ClientOptions{Bearer: bearer, BaseURL: "app.gitpod.io"}, "BaseURL"},
		"user information":                 {&idp.ClientOptions{Bearer: bearer, BaseURL: "https://u:p@app.gitpod.io"}, "BaseURL"},
		"a query":                          {&idp.ClientOptions{Bearer: bearer, BaseURL: "https://app.gitpod.io?x=y"}, "BaseURL"},
		"an invalid version":               {&idp.ClientOptions{Bearer: bearer, Version: "V2"}, "Version"},
		"a version with another character": {&idp.ClientOptions{Bearer: bearer, Version: "ID_TOKEN_VERSION_V2\""}, "Version"},
		"an allowed URL":                   {&idp.ClientOptions{Bearer: bearer, AllowedHosts: []string{"https://a"}}, "AllowedHosts"},
		"an allowed path":                  {&idp.ClientOptions{Bearer: bearer, AllowedHosts: []string{"a/b"}}, "AllowedHosts"},
		"an allowed pattern":               {&idp.ClientOptions{Bearer: bearer, AllowedHosts: []string{"*.gitpod.io"}}, "AllowedHosts"},
		"an empty allowed host":            {&idp.ClientOptions{Bearer: bearer, AllowedHosts: []string{""}}, "AllowedHosts"},
		"a negative number of attempts":    {&idp.ClientOptions{Bearer: bearer, MaxAttempts: -1}, "MaxAttempts"},
		"a negative timeout":               {&idp.ClientOptions{Bearer: bearer, AttemptTimeout: -1}, "AttemptTimeout"},
	} {
		c, err := idp.NewClient(tt.opts)
		refused, ok := errors.AsType[*idp.OptionError](err)
		if !ok || c != nil || refused.Func != "NewClient" || refused.Option != tt.option {
			t.Fatalf("%s: NewClient = %v, %v, want an *OptionError for %s", name, c, err, tt.option)
		}
		if want := "idp: NewClient: " + tt.option + ": " + refused.Err.Error(); err.Error() != want || strings.Contains(refused.Err.Error(), tt.option) {
			t.Errorf("%s: the error reads %q, want %q", name, err, want)
		}
	}
}

// The client sends no request for an invalid audience or without an API token.
func TestClientSendsNothing(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name      string
		ctx       context.Context
		bearer    func(context.Context) (string, error)
		audiences []string
		text      string
	}{
		{"no audience", t.Context(), bearer, nil, "audience: none given"},
		{"an empty audience", t.Context(), bearer, []string{"a", ""}, "audience: empty"},
		{"a huge audience", t.Context(), bearer, []string{strings.Repeat("a", 2000)}, "longer than 1024"},
		{"too many audiences", t.Context(), bearer, make([]string, 100), "100 values"},
		{"an audience that is not UTF-8", t.Context(), bearer, []string{"\xff"}, "not UTF-8"},
		{"a failing Bearer", t.Context(), func(context.Context) (string, error) { return "", boom }, []string{"a"}, "idp: API token: boom"},
		{"an empty API token", t.Context(), func(context.Context) (string, error) { return "", nil }, []string{"a"}, "it is empty"},
		{"an API token with a line break", t.Context(), func(context.Context) (string, error) { return apiToken + "\n", nil }, []string{"a"}, "byte 26 of 26"},
		{"an API token with a space", t.Context(), func(context.Context) (string, error) { return "a b", nil }, []string{"a"}, "byte 2 of 3"},
		{"a huge API token", t.Context(), func(context.Context) (string, error) { return strings.Repeat("a", 1<<20), nil }, []string{"a"}, "want at most 16384"},
		{"a context that has ended", canceled, bearer, []string{"a"}, "context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClient(t, func(*http.Request) (*http.Response, error) {
				t.Error("a request was sent")
				return nil, io.EOF
			}, func(o *idp.ClientOptions) { o.Bearer = tt.bearer })
			tok, err := c.IDToken(tt.ctx, tt.audiences...)
			if err == nil || tok != nil || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), apiToken) {
				t.Errorf("IDToken = %v, %v, want an error with %q", tok, err, tt.text)
			}
		})
	}
}

func TestBearers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api\ntoken")
	file, env := idp.BearerFile(path), idp.BearerEnv("ONAFED_TEST_API_TOKEN")
	if _, err := file(t.Context()); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "\n") {
		t.Errorf("BearerFile of a missing file: %v", err)
	}
	if _, err := env(t.Context()); err == nil || !strings.Contains(err.Error(), `"ONAFED_TEST_API_TOKEN": not set`) {
		t.Errorf("BearerEnv of a missing variable: %v", err)
	}
	for _, want := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(want+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("ONAFED_TEST_API_TOKEN", " "+want+"\n")
		for name, f := range map[string]func(context.Context) (string, error){"BearerFile": file, "BearerEnv": env} {
			if got, err := f(t.Context()); err != nil || got != want {
				t.Errorf("%s = %q, %v, want %q", name, got, err, want)
			}
		}
	}
}

// An answer without the requested token is an error that does not contain a token.
func TestClientAnswers(t *testing.T) {
	t.Parallel()
	valid := rawToken(inAnHour(), nil)
	isNotToken := func(err error) bool { _, ok := errors.AsType[*idp.NotTokenError](err); return ok }
	isAudience := func(err error) bool {
		e, ok := errors.AsType[*claims.ValidationError](err)
		return ok && e.Claim == "aud"
	}
	isExpired := func(err error) bool { return errors.Is(err, claims.ErrExpired) }
	anything := func(error) bool { return true }
	hourAgo := []string{"Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)}
	tests := []struct {
		name   string
		body   string
		header []string
		is     func(error) bool
		text   string
	}{
		{"an HTML page", "<html>", []string{"Content-Type", "text/html"}, anything, `content type is "text/html"`},
		{"the API token in the content type", "{}", []string{"Content-Type", "text/" + apiToken}, anything, "the content type is"},
		{"a token as plain text", valid, []string{"Content-Type", "text/plain"}, anything, `content type is "text/plain"`},
		{"a token as JSON text", `"` + valid + `"`, nil, anything, "not the expected JSON object"},
		{"truncated JSON", `{"token":"` + valid, nil, anything, "not the expected JSON object"},
		{"no token", `{}`, nil, isNotToken, "it is empty"},
		{"an opaque token", `{"token":"ona_s3cret_0123456789"}`, nil, isNotToken, "opaque"},
		{"another audience", `{"token":"` + rawToken(inAnHour(), map[string]any{"aud": "vault"}) + `"}`, nil, isAudience, "app.gitpod.io answered without a usable ID token"},
		{"no audience", `{"token":"` + rawToken(inAnHour(), map[string]any{"aud": nil}) + `"}`, nil, isAudience, ""},
		{"an audience with the same prefix", `{"token":"` + rawToken(inAnHour(), map[string]any{"aud": []string{"sts.amazonaws.com.evil"}}) + `"}`, nil, isAudience, ""},
		{"an expired token", `{"token":"` + rawToken(time.Now().Add(-time.Second), nil) + `"}`, nil, isExpired, ""},
		{"a token that only this clock calls expired", `{"token":"` + rawToken(time.Now().Add(-time.Minute), nil) + `"}`, hourAgo, isExpired, "check the clock"},
		{"a huge answer", `{"token":"` + strings.Repeat("a", 1<<20) + `"}`, nil, anything, "larger than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				requests++
				return respond(r, http.StatusOK, tt.body, tt.header...), nil
			}, nil)
			tok, err := c.IDToken(t.Context(), idp.AudienceAWS)
			if err == nil || tok != nil || !tt.is(err) || !strings.Contains(err.Error(), tt.text) {
				t.Fatalf("IDToken = %v, %v, want an error with %q", tok, err, tt.text)
			}
			if requests != 1 {
				t.Errorf("%d requests, want 1: a retry gets the same answer", requests)
			}
			if text := err.Error(); strings.Contains(text, "eyJ") || strings.Contains(text, "s3cret") || !strings.HasPrefix(text, "idp: ") || strings.Count(text, "idp: ") != 1 {
				t.Errorf("the error reads %q", text)
			}
		})
	}
}

// The client follows redirects only over https and to hosts that belong together or are allowed.
func TestClientRedirects(t *testing.T) {
	t.Parallel()
	ona := func(o *idp.ClientOptions) { o.BaseURL = "https://app.ona.com/api" }
	own := func(o *idp.ClientOptions) { o.BaseURL = "https://ona.example/api" }
	tests := []struct {
		name   string
		change func(*idp.ClientOptions)
		to     string
		follow bool
	}{
		{"app.ona.com to app.gitpod.io", ona, "https://app.gitpod.io/api/gitpod.v1.IdentityService/GetIDToken", true},
		{"app.gitpod.io to app.ona.com", nil, "https://app.ona.com/x", true},
		{"the same host", ona, "/x", true},
		{"the same host in upper case", ona, "https://APP.ONA.COM:443/x", true},
		{"an allowed host", func(o *idp.ClientOptions) { own(o); o.AllowedHosts = []string{"Other.example"} }, "https://other.example/x", true},
		{"an allowed port", func(o *idp.ClientOptions) { own(o); o.AllowedHosts = []string{"other.example:8443"} }, "https://other.example:8443/x", true},
		{"another host", ona, "https://evil.example/x", false},
		{"a host with the same suffix", ona, "https://evil-app.gitpod.io/x", false},
		{"a host with the same prefix", ona, "https://app.gitpod.io.evil.example/x", false},
		{"a subdomain", ona, "https://x.app.gitpod.io/x", false},
		{"a host with a final dot", ona, "https://app.gitpod.io./x", false},
		{"another port", ona, "https://app.gitpod.io:8443/x", false},
		{"http", ona, "http://app.gitpod.io/x", false},
		{"user information", ona, "https://app.gitpod.io@evil.example/x", false},
		{"a host without scheme", ona, "//evil.example/x", false},
		{"from another host to Ona's", own, "https://app.gitpod.io/x", false},
		{"from Ona's to an allowed host's other port", func(o *idp.ClientOptions) { o.AllowedHosts = []string{"other.example"} }, "https://other.example:444/x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			c := newClient(t, func(r *http.Request) (*http.Response, error) {
				asked = append(asked, r.URL.String())
				if got := r.Header.Get("Authorization"); got != "Bearer "+apiToken {
					t.Errorf("%s got the header %q", r.URL, got)
				}
				if len(asked) == 1 {
					return respond(r, http.StatusPermanentRedirect, "", "Location", tt.to), nil
				}
				return answerToken(r), nil
			}, tt.change)
			tok, err := c.IDToken(t.Context(), idp.AudienceAWS)
			if tt.follow {
				if err != nil || len(asked) != 2 {
					t.Errorf("IDToken = %v, %v after %q, want a token after two requests", tok, err, asked)
				}
				return
			}
			if err == nil || len(asked) != 1 || !strings.Contains(err.Error(), "redirect to ") {
				t.Errorf("IDToken = %v, %v after %q, want an error about the redirect after one request", tok, err, asked)
			}
		})
	}
}

// The same with two TLS servers. The redirect rules of net/http would remove the API token.
func TestClientRedirectsOverTheWire(t *testing.T) {
	t.Parallel()
	gitpod := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "app.gitpod.io" || r.Header.Get("Authorization") != "Bearer "+apiToken {
			t.Errorf("%s got the header %q", r.Host, r.Header.Get("Authorization"))
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"token":%q}`, rawToken(inAnHour(), nil))
	}))
	defer gitpod.Close()
	ona := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://app.gitpod.io"+r.URL.Path, http.StatusPermanentRedirect)
	}))
	defer ona.Close()
	client := clientFor(t, map[string]*httptest.Server{"app.ona.com:443": ona, "app.gitpod.io:443": gitpod})
	c, err := idp.NewClient(&idp.ClientOptions{Bearer: bearer, BaseURL: "https://app.ona.com/api", HTTPClient: client})
	if err != nil {
		t.Fatal(err)
	}
	if tok, err := c.IDToken(t.Context(), idp.AudienceAWS); err != nil {
		t.Errorf("IDToken = %v, %v", tok, err)
	}
}

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

// Using an ID token as the API token is a common mistake.
func TestClientNamesAnIDTokenUsedAsAPIToken(t *testing.T) {
	t.Parallel()
	raw := rawToken(inAnHour(), nil)
	c := newClient(t, func(r *http.Request) (*http.Response, error) {
		return respond(r, 401, `{"code":"unauthenticated","message":"`+raw+`"}`), nil
	}, func(o *idp.ClientOptions) { o.Bearer = func(context.Context) (string, error) { return raw, nil } })
	_, err := c.IDToken(t.Context(), idp.AudienceAWS)
	if !errors.Is(err, idp.ErrUnauthenticated) || !strings.Contains(err.Error(), `an ID token was sent instead of an API token (audience "sts.amazonaws.com")`) || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("IDToken: %v, want an error that mentions the ID token and does not contain it", err)
	}
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

func TestClientLogsNoSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		n := 0
		c := newClient(t, func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return respond(r, 503, `{"code":"unavailable","message":"token `+apiToken+`"}`), nil
			}
			return answerToken(r), nil
		}, func(o *idp.ClientOptions) {
			o.Logger = slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		if _, err := c.IDToken(t.Context(), idp.AudienceAWS); err != nil {
			t.Fatal(err)
		}
		log := b.String()
		if strings.Contains(log, apiToken) || strings.Contains(log, "eyJ") {
			t.Errorf("the log has a secret:\n%s", log)
		}
		if strings.Count(log, "\n") != 2 || !strings.Contains(log, `"attempt":2`) || !strings.Contains(log, "fingerprint") {
			t.Errorf("want one log line for each request, got:\n%s", log)
		}
	})
}
