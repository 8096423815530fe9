package idp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
		"a negative number of attempts":    {&idp.ClientOptions{Bearer: bearer, MaxAttempts: -7}, "MaxAttempts"},
		"a negative timeout":               {&idp.ClientOptions{Bearer: bearer, AttemptTimeout: -7}, "AttemptTimeout"},
	} {
		c, err := idp.NewClient(tt.opts)
		refused, ok := errors.AsType[*idp.OptionError](err)
		if !ok || c != nil || refused.Func != "NewClient" || refused.Option != tt.option {
			t.Fatalf("%s: NewClient = %v, %v, want an *OptionError for %s", name, c, err, tt.option)
		}
		if want := "idp: NewClient: " + tt.option + ": " + refused.Err.Error(); err.Error() != want || strings.Contains(refused.Err.Error(), tt.option) {
			t.Errorf("%s: the error reads %q, want %q", name, err, want)
		}
		if strings.HasPrefix(name, "a negative") && !strings.Contains(err.Error(), "got -7") {
			t.Errorf("%s: the error %q does not show the value", name, err)
		}
	}
}

func TestBearers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api\u2028token")
	file, env := idp.BearerFile(path), idp.BearerEnv("ONAFED_TEST_API_TOKEN")
	if _, err := file(t.Context()); !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), "\u2028") {
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
