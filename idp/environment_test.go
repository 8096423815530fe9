package idp_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// bare unsets the variables that FromEnvironment reads, and returns options with which it finds no
// source outside of the test.
func bare(t *testing.T) *idp.EnvironmentOptions {
	t.Helper()
	for _, name := range []string{
		"ONA_API_KEY", "GITPOD_API_KEY", "ONA_TOKEN", "ONA_BASE_URL", "GITPOD_BASE_URL", "ONA_HOST",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "GITPOD_ENVIRONMENT_ID", idp.ExecGuard,
	} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", t.TempDir())
	return &idp.EnvironmentOptions{SecretsFile: filepath.Join(t.TempDir(), "none")}
}

// api answers as the Ona API does, and records which host received which API token.
func api(seen *[]string, claims map[string]any) *http.Client {
	return &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		*seen = append(*seen, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")+" to "+r.URL.Host+strings.TrimSuffix(r.URL.Path, "/gitpod.v1.IdentityService/GetIDToken"))
		return respond(r, http.StatusOK, `{"token":"`+rawToken(inAnHour(), claims)+`"}`), nil
	})}
}

func sourceName(src idp.TokenSource) string { return src.(interface{ Source() string }).Source() }

// secretsFile is the key of an environmentTest for the content of the secrets file.
const secretsFile = "secrets file"

// An environmentTest is one environment with API tokens.
type environmentTest struct {
	name   string
	env    map[string]string
	base   string // EnvironmentOptions.BaseURL
	source string // prefix of Source
	sent   string // API token and API
}

func TestFromEnvironmentAPITokens(t *testing.T) {
	const host = "app.gitpod.io/api"
	for _, tt := range []environmentTest{
		{"the secrets file", map[string]string{secretsFile: "env-token"}, "", "secrets file ", "env-token to " + host},
		{"ONA_API_KEY", map[string]string{"ONA_API_KEY": "key"}, "", "ONA_API_KEY", "key to " + host},
		{"GITPOD_API_KEY", map[string]string{"GITPOD_API_KEY": "key"}, "", "GITPOD_API_KEY", "key to " + host},
		{"ONA_TOKEN", map[string]string{"ONA_TOKEN": "pat"}, "", "ONA_TOKEN", "pat to " + host},
		{
			"all sources: the secrets file",
			map[string]string{secretsFile: "env-token", "ONA_API_KEY": "key", "GITPOD_API_KEY": "old", "ONA_TOKEN": "pat"},
			"", "secrets file ", "env-token to " + host,
		},
		{"all variables: the newest name", map[string]string{"ONA_API_KEY": "key", "GITPOD_API_KEY": "old", "ONA_TOKEN": "pat"}, "", "ONA_API_KEY", "key to " + host},
		{"GITPOD_API_KEY before ONA_TOKEN", map[string]string{"GITPOD_API_KEY": "old", "ONA_TOKEN": "pat"}, "", "GITPOD_API_KEY", "old to " + host},
		{"an empty variable is not set", map[string]string{"ONA_API_KEY": " ", "ONA_TOKEN": "pat"}, "", "ONA_TOKEN", "pat to " + host},
		{
			"base URL variables do not apply to the secrets file",
			map[string]string{secretsFile: "env-token", "ONA_BASE_URL": "https://evil.example/api", "GITPOD_BASE_URL": "https://evil.example/api", "ONA_HOST": "https://evil.example"},
			"", "secrets file ", "env-token to " + host,
		},
		{"the BaseURL option applies to the secrets file", map[string]string{secretsFile: "env-token"}, "https://own.example/api", "secrets file ", "env-token to own.example/api"},
		{"ONA_BASE_URL applies to ONA_API_KEY", map[string]string{"ONA_API_KEY": "key", "ONA_BASE_URL": "https://own.example/x", "GITPOD_BASE_URL": "https://b.example"}, "", "ONA_API_KEY at ONA_BASE_URL", "key to own.example/x"},
		{"GITPOD_BASE_URL applies to GITPOD_API_KEY", map[string]string{"GITPOD_API_KEY": "key", "ONA_BASE_URL": "https://a.example", "GITPOD_BASE_URL": "https://b.example"}, "", "GITPOD_API_KEY at GITPOD_BASE_URL", "key to b.example"},
		{"ONA_BASE_URL applies to GITPOD_API_KEY, too", map[string]string{"GITPOD_API_KEY": "key", "ONA_BASE_URL": "https://a.example"}, "", "GITPOD_API_KEY at ONA_BASE_URL", "key to a.example"},
		{"ONA_HOST applies to ONA_TOKEN", map[string]string{"ONA_TOKEN": "pat", "ONA_HOST": "https://own.example", "ONA_BASE_URL": "https://b.example"}, "", "ONA_TOKEN at ONA_HOST", "pat to own.example/api"},
		{"ONA_HOST without a scheme", map[string]string{"ONA_TOKEN": "pat", "ONA_HOST": "own.example"}, "", "ONA_TOKEN at ONA_HOST", "pat to own.example/api"},
		{"ONA_HOST with the path", map[string]string{"ONA_TOKEN": "pat", "ONA_HOST": "https://own.example/api/"}, "", "ONA_TOKEN at ONA_HOST", "pat to own.example/api"},
		{"the BaseURL option before base URL variables", map[string]string{"ONA_API_KEY": "key", "ONA_BASE_URL": "https://a.example"}, "https://own.example/api", "ONA_API_KEY", "key to own.example/api"},
	} {
		t.Run(tt.name, tt.check)
	}
}

func (tt environmentTest) check(t *testing.T) {
	opts := bare(t)
	var sent []string
	opts.HTTPClient, opts.BaseURL = api(&sent, nil), tt.base
	for name, value := range tt.env {
		if name == secretsFile {
			opts.SecretsFile = write(t, value+"\n")
		} else {
			t.Setenv(name, value)
		}
	}
	src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(sourceName(src), tt.source) {
		t.Errorf("Source = %s, want %s", sourceName(src), tt.source)
	}
	if _, err := src.Token(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{tt.sent}, sent); diff != "" {
		t.Errorf("the API tokens and APIs differ (-want +got):\n%s", diff)
	}
}

// A source reads the API token again, because an environment that was resumed has a new one.
func TestFromEnvironmentReadsAgain(t *testing.T) {
	opts := bare(t)
	var seen []string
	opts.HTTPClient, opts.SecretsFile = api(&seen, nil), write(t, "first")
	src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second"} {
		if err := os.WriteFile(opts.SecretsFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := src.Token(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"first to app.gitpod.io/api", "second to app.gitpod.io/api"}, seen); diff != "" {
		t.Errorf("the API tokens differ (-want +got):\n%s", diff)
	}
	// The file is removed while the program runs. A key that is set later is another identity.
	t.Setenv("ONA_API_KEY", "other")
	if err := os.Remove(opts.SecretsFile); err != nil {
		t.Fatal(err)
	}
	if tok, err := src.Token(t.Context()); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "secrets file ") {
		t.Errorf("Token = %v, %v, want the error of the file", tok, err)
	}
}

func TestFromEnvironmentTokenFile(t *testing.T) {
	ours := rawToken(inAnHour(), nil)
	tests := []struct {
		name   string
		text   string
		reason string // "" if the file is chosen
		err    error  // of the chosen source
	}{
		{"an Ona token", ours + "\n", "", nil},
		{"an Ona token for two audiences", rawToken(inAnHour(), map[string]any{"aud": []string{"x", idp.AudienceAWS}}), "", nil},
		{"an expired Ona token", rawToken(time.Now().Add(-time.Hour), nil), "", claims.ErrExpired},
		{"the token of an EKS cluster", rawToken(inAnHour(), map[string]any{"iss": "https://oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF"}), "iss", nil},
		{"the Ona issuer with a slash", rawToken(inAnHour(), map[string]any{"iss": idp.Issuer + "/"}), "iss", nil},
		{"an Ona token for another audience", rawToken(inAnHour(), map[string]any{"aud": "vault.hashicorp.com"}), "aud", nil},
		{"an API token", "ona_pat_0123456789", "opaque value of 18 bytes", nil},
		{"nothing", "", "empty", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := bare(t)
			path := write(t, tt.text)
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path)
			src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
			if tt.reason != "" {
				e, ok := errors.AsType[*idp.EnvironmentError](err)
				if !ok || src != nil {
					t.Fatalf("FromEnvironment = %v, %v, want an *EnvironmentError", src, err)
				}
				if got := e.Skipped[4]; !strings.HasPrefix(got.Name, "AWS_WEB_IDENTITY_TOKEN_FILE ") || !strings.Contains(got.Reason, tt.reason) || strings.Contains(got.Reason, "idp: ") {
					t.Errorf("the skipped source is %+v, want %q", got, tt.reason)
				}
				if strings.Contains(err.Error(), "eyJ") || strings.Contains(err.Error(), "ona_pat") {
					t.Errorf("the error shows a secret: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(sourceName(src), "AWS_WEB_IDENTITY_TOKEN_FILE ") {
				t.Errorf("Source = %s", sourceName(src))
			}
			if _, err := src.Token(t.Context()); !errors.Is(err, tt.err) {
				t.Errorf("Token: %v, want %v", err, tt.err)
			}
			// Later the file contains another identity.
			if err := os.WriteFile(path, []byte(rawToken(inAnHour(), map[string]any{"iss": "https://other.example"})), 0o600); err != nil {
				t.Fatal(err)
			}
			if tok, err := src.Token(t.Context()); err == nil {
				t.Errorf("Token of another issuer = %v, want an error", tok)
			}
		})
	}
}

func TestFromEnvironmentFindsNothing(t *testing.T) {
	opts := bare(t)
	src, err := idp.FromEnvironment("vault.example", opts)
	e, ok := errors.AsType[*idp.EnvironmentError](err)
	if !ok || src != nil {
		t.Fatalf("FromEnvironment = %v, %v, want an *EnvironmentError", src, err)
	}
	want := []idp.SkippedSource{
		{Name: `secrets file "` + opts.SecretsFile + `"`, Reason: "does not exist"},
		{Name: "ONA_API_KEY", Reason: "not set"},
		{Name: "GITPOD_API_KEY", Reason: "not set"},
		{Name: "ONA_TOKEN", Reason: "not set"},
		{Name: "AWS_WEB_IDENTITY_TOKEN_FILE", Reason: "not set"},
		{Name: "the ona or gitpod command", Reason: "not allowed", Option: "AllowExec"},
	}
	if diff := cmp.Diff(want, e.Skipped); diff != "" || e.Audience != "vault.example" {
		t.Errorf("EnvironmentError for %s differs (-want +got):\n%s", e.Audience, diff)
	}
	for _, p := range want {
		if !strings.Contains(err.Error(), p.Name+": "+p.Reason) {
			t.Errorf("the error lacks %s: %s: %v", p.Name, p.Reason, err)
		}
	}
}

// unreadable returns the name of a file that cannot be opened, with another error than that it does
// not exist.
func unreadable() string {
	if runtime.GOOS == "windows" {
		return "question?"
	}
	return strings.Repeat("a", 5000)
}

// A source that exists but is invalid is an error, because the next source is another identity.
func TestFromEnvironmentRefuses(t *testing.T) {
	tests := []struct {
		name     string
		audience string
		set      func(t *testing.T, opts *idp.EnvironmentOptions)
		text     string
	}{
		{"no audience", "", func(*testing.T, *idp.EnvironmentOptions) {}, "audience: empty"},
		{"an http base URL", idp.AudienceAWS, func(t *testing.T, _ *idp.EnvironmentOptions) {
			t.Helper()
			t.Setenv("ONA_API_KEY", "key")
			t.Setenv("ONA_BASE_URL", "http://a.example")
		}, "ONA_API_KEY at ONA_BASE_URL: "},
		{"an http host", idp.AudienceAWS, func(t *testing.T, _ *idp.EnvironmentOptions) {
			t.Helper()
			t.Setenv("ONA_TOKEN", "pat")
			t.Setenv("ONA_HOST", "http://a.example")
		}, "ONA_TOKEN at ONA_HOST: "},
		{"an invalid BaseURL option", idp.AudienceAWS, func(t *testing.T, o *idp.EnvironmentOptions) {
			t.Helper()
			o.SecretsFile, o.BaseURL = write(t, "x"), "a.example"
		}, "idp: FromEnvironment: BaseURL: "},
		{"a secrets file that cannot be read", idp.AudienceAWS, func(t *testing.T, o *idp.EnvironmentOptions) {
			t.Helper()
			o.SecretsFile = unreadable()
			t.Setenv("ONA_API_KEY", "key")
		}, "cannot be read"},
		{"a token file that cannot be read", idp.AudienceAWS, func(t *testing.T, o *idp.EnvironmentOptions) {
			t.Helper()
			o.AllowExec = true
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", unreadable())
		}, "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := bare(t)
			tt.set(t, opts)
			src, err := idp.FromEnvironment(tt.audience, opts)
			if err == nil || src != nil || !strings.Contains(err.Error(), tt.text) || strings.Count(err.Error(), "idp: ") != 1 {
				t.Errorf("FromEnvironment = %v, %v, want an error with %q", src, err, tt.text)
			}
		})
	}
}

// A refused option is an *OptionError. A refused variable is named by the source.
func TestFromEnvironmentNamesTheRefusedOption(t *testing.T) {
	opts := bare(t)
	t.Setenv("ONA_API_KEY", "key")
	t.Setenv("ONA_BASE_URL", "http://a.example")
	_, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if refused, ok := errors.AsType[*idp.OptionError](err); ok {
		t.Errorf("a wrong ONA_BASE_URL: %#v, want no *OptionError", refused)
	}
	opts.BaseURL = "http://b.example"
	_, err = idp.FromEnvironment(idp.AudienceAWS, opts)
	refused, ok := errors.AsType[*idp.OptionError](err)
	if !ok || refused.Func != "FromEnvironment" || refused.Option != "BaseURL" || !strings.Contains(err.Error(), "b.example") {
		t.Errorf("a wrong BaseURL: %v, want an *OptionError", err)
	}
}

// The options are checked also where the chosen source needs none of them, or nothing is found.
func TestFromEnvironmentChecksTheOptionsAlways(t *testing.T) {
	for name, set := range map[string]func(*idp.EnvironmentOptions){
		"nothing is found": func(*idp.EnvironmentOptions) {},
		"a token file": func(*idp.EnvironmentOptions) {
			t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", write(t, rawToken(inAnHour(), nil)))
		},
		"a variable with a URL": func(*idp.EnvironmentOptions) {
			t.Setenv("ONA_API_KEY", "key")
			t.Setenv("ONA_BASE_URL", "https://a.example")
		},
		"the secrets file": func(o *idp.EnvironmentOptions) { o.SecretsFile = write(t, "x") },
	} {
		for option, wrong := range map[string]func(*idp.EnvironmentOptions){
			"BaseURL": func(o *idp.EnvironmentOptions) { o.BaseURL = "http://b.example" },
			"Version": func(o *idp.EnvironmentOptions) { o.Version = "V2" },
		} {
			opts := bare(t)
			set(opts)
			wrong(opts)
			src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
			refused, ok := err.(*idp.OptionError) //nolint:errorlint // not wrapped
			if !ok || src != nil || refused.Func != "FromEnvironment" || refused.Option != option {
				t.Errorf("%s: FromEnvironment = %v, %v, want an *OptionError for %s", name, src, err, option)
			}
		}
	}
}

// An empty secrets file is chosen, because it exists.
func TestFromEnvironmentEmptySecretsFile(t *testing.T) {
	opts := bare(t)
	opts.SecretsFile = write(t, "")
	t.Setenv("ONA_API_KEY", "key")
	src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if err != nil {
		t.Fatal(err)
	}
	if tok, err := src.Token(t.Context()); err == nil || !strings.Contains(err.Error(), "the file is empty") {
		t.Errorf("Token = %v, %v, want the error of the file", tok, err)
	}
}

// The API may return a token for another audience.
func TestFromEnvironmentChecksTheAudience(t *testing.T) {
	opts := bare(t)
	var seen []string
	opts.HTTPClient = api(&seen, map[string]any{"aud": "other"})
	t.Setenv("ONA_API_KEY", "key")
	src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if err != nil {
		t.Fatal(err)
	}
	_, err = src.Token(t.Context())
	if e, ok := errors.AsType[*claims.ValidationError](err); !ok || e.Claim != "aud" || !strings.HasPrefix(err.Error(), "idp: ONA_API_KEY: app.gitpod.io answered ") {
		t.Errorf("Token: %v, want a *ValidationError of aud", err)
	}
}

func TestFromEnvironmentWarnsAboutAPersonalToken(t *testing.T) {
	tests := []struct {
		name   string
		env    string
		claims map[string]any
		warns  bool
	}{
		{"a user in an environment", environment, userSubject(), true},
		{"a user elsewhere", "", userSubject(), false},
		{"an environment as itself", environment, nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := bare(t)
			var seen []string
			var log bytes.Buffer
			opts.HTTPClient, opts.Logger = api(&seen, tt.claims), slog.New(slog.NewTextHandler(&log, nil))
			t.Setenv("ONA_TOKEN", "pat")
			t.Setenv("GITPOD_ENVIRONMENT_ID", tt.env)
			src, err := idp.FromEnvironment(idp.AudienceAWS, opts)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := src.Token(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			want := 0
			if tt.warns {
				want = 1
			}
			if got := strings.Count(log.String(), "acts as its user"); got != want || strings.Contains(log.String(), user) {
				t.Errorf("the log has %d warnings, want %d:\n%s", got, want, log.String())
			}
		})
	}
}
