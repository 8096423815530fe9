package idp_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

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

// An answer without the requested token is an error that does not contain a token.
func TestClientAnswers(t *testing.T) {
	t.Parallel()
	valid := rawToken(inAnHour(), nil)
	isNotToken := func(err error) bool { _, ok := errors.AsType[*idp.NotTokenError](err); return ok }
	isAudience := func(err error) bool {
		e, ok := errors.AsType[*claims.ValidationError](err)
		return ok && e.Claim == "aud" && strings.HasPrefix(e.Want, `"`)
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
