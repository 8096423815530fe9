package awsfed_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/auth/bearer"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// cleanEnv hides the AWS settings of the machine.
func cleanEnv(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		if k, _, _ := strings.Cut(kv, "="); strings.HasPrefix(k, "AWS_") {
			t.Setenv(k, "") // restores it after the test
			if err := os.Unsetenv(k); err != nil {
				t.Fatal(err)
			}
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("AWS_CONFIG_FILE", none)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", none)
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func withClient(c aws.HTTPClient) func(*awsfed.LoadOptions) {
	return func(o *awsfed.LoadOptions) { o.Config.HTTPClient = c }
}

func TestLoadConfig(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	// The default chain would use these or fail.
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "other")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/does/not/exist")
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	rec := &recorder{next: s.HTTPClient()}
	cfg, err := awsfed.LoadConfig(t.Context(), roleARN, iss.TokenSource(awsfed.Audience(roleARN)), withClient(rec), func(o *awsfed.LoadOptions) {
		o.SessionName = "mine"
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.hosts) != 0 || len(iss.Requests()) != 0 {
		t.Errorf("LoadConfig sent requests to %v", rec.hosts)
	}
	if _, ok := awsfed.FromConfig(cfg); !ok || cfg.Region != "eu-central-1" {
		t.Errorf("cfg has %T and region %q", cfg.Credentials, cfg.Region)
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := aws.ToString(out.Arn), "arn:aws:sts::"+account+":assumed-role/deploy/mine"; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	for _, h := range rec.hosts {
		if h != "https://sts.eu-central-1.amazonaws.com" {
			t.Errorf("request to %s", h)
		}
	}
}

// Clients with the configuration send a request again if its key was rejected.
func TestLoadConfigResends(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		s := awsfedtest.New(t, iss, roleARN)
		cfg, err := awsfed.LoadConfig(t.Context(), roleARN, iss.TokenSource(idp.AudienceAWS), withClient(s.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		first, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.ExpireCredentials(first.AccessKeyID)
		if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("with a rejected key: %v, want a second request with a new one", err)
		}
		if c, err := cfg.Credentials.Retrieve(t.Context()); err != nil || c.AccessKeyID == first.AccessKeyID {
			t.Errorf("Retrieve after that = %q, %v, want new ones", c.AccessKeyID, err)
		}
	})
}

// An empty role means AWS_ROLE_ARN.
func TestLoadConfigRoleOfTheEnvironment(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_ROLE_ARN", roleARN)
	cfg, err := awsfed.LoadConfig(t.Context(), "", &mintery{tb: t})
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := awsfed.FromConfig(cfg); !ok || p.RoleARN() != roleARN {
		t.Errorf("the provider has the role %q, want %q", p.RoleARN(), roleARN)
	}
	for value, want := range map[string]string{"": "roleARN: is empty, and so is the variable AWS_ROLE_ARN", roleARN + "\n": "awsfed: LoadConfig: roleARN: the variable AWS_ROLE_ARN: \"arn:"} {
		t.Setenv("AWS_ROLE_ARN", value)
		_, err := awsfed.LoadConfig(t.Context(), "", &mintery{tb: t})
		var e *awsfed.OptionError
		if !errors.As(err, &e) || e.Func != "LoadConfig" || e.Option != "roleARN" || !strings.Contains(err.Error(), want) {
			t.Errorf("with AWS_ROLE_ARN=%q: LoadConfig = %v, want an OptionError with %q", value, err, want)
		}
	}
}

// FromConfig finds the provider wherever clients get it from.
func TestFromConfig(t *testing.T) {
	t.Parallel()
	p := newProvider(t, newService())
	other := credentials.NewStaticCredentialsProvider("a", "b", "")
	for name, tt := range map[string]struct {
		creds aws.CredentialsProvider
		want  *awsfed.Provider
	}{
		"directly":          {p, p},
		"in a cache":        {aws.NewCredentialsCache(p), p},
		"in two caches":     {aws.NewCredentialsCache(aws.NewCredentialsCache(p)), p},
		"none":              {nil, nil},
		"another":           {other, nil},
		"another, in cache": {aws.NewCredentialsCache(other), nil},
		"anonymous":         {aws.AnonymousCredentials{}, nil},
		"a function":        {aws.CredentialsProviderFunc(p.Retrieve), nil},
	} {
		if got, ok := awsfed.FromConfig(aws.Config{Credentials: tt.creds}); got != tt.want || ok != (tt.want != nil) {
			t.Errorf("%s: FromConfig = %v, %v", name, got, ok)
		}
	}
	if !aws.IsCredentialsProvider(aws.NewCredentialsCache(p), &awsfed.Provider{}) || aws.IsCredentialsProvider(p, other) {
		t.Error("aws.IsCredentialsProvider does not compare the types")
	}
}

// With these settings the SDK's own search for credentials fails.
func TestLoadConfigDoesNotSearchForCredentials(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	t.Setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/does/not/exist")
	if _, err := config.LoadDefaultConfig(t.Context()); err == nil {
		t.Error("the SDK finds credentials, so this test shows nothing")
	}
	if _, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}); err != nil {
		t.Errorf("LoadConfig = %v", err)
	}
}

// A recorder keeps the hosts of requests.
type recorder struct {
	next  aws.HTTPClient
	hosts []string
}

func (r *recorder) Do(rq *http.Request) (*http.Response, error) {
	r.hosts = append(r.hosts, rq.URL.Scheme+"://"+rq.URL.Host)
	return r.next.Do(rq)
}

func TestLoadConfigWithoutARegion(t *testing.T) {
	cleanEnv(t)
	tests := []struct{ partition, endpoint, audience string }{
		{"aws", "https://sts.us-east-1.amazonaws.com", "sts.amazonaws.com"},
		{"aws-cn", "https://sts.cn-north-1.amazonaws.com.cn", "sts.amazonaws.com.cn"},
		{"aws-us-gov", "https://sts.us-gov-west-1.amazonaws.com", "sts.amazonaws.com"},
		{"aws-eusc", "https://sts.eusc-de-east-1.amazonaws.eu", "sts.amazonaws.com"},
	}
	for _, tt := range tests {
		t.Run(tt.partition, func(t *testing.T) {
			role := "arn:" + tt.partition + ":iam::" + account + ":role/deploy"
			if got := awsfed.Audience(role); got != tt.audience {
				t.Errorf("Audience = %q, want %q", got, tt.audience)
			}
			iss := idptest.NewIssuer(t, nil)
			s := awsfedtest.New(t, iss, role)
			rec := &recorder{next: s.HTTPClient()}
			cfg, err := awsfed.LoadConfig(t.Context(), role, iss.TokenSource(tt.audience), withClient(rec))
			if err != nil {
				t.Fatal(err)
			}
			if cfg.Region != "" {
				t.Errorf("Region = %q, want none", cfg.Region)
			}
			if _, err := cfg.Credentials.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(rec.hosts) != 1 || rec.hosts[0] != tt.endpoint {
				t.Errorf("requests to %v, want %s", rec.hosts, tt.endpoint)
			}
		})
	}
	t.Run("unknown partition", func(t *testing.T) {
		_, err := awsfed.LoadConfig(t.Context(), "arn:aws-moon:iam::123456789012:role/x", idptest.Fails(nil))
		if err == nil || !strings.Contains(err.Error(), "no region") || !strings.Contains(err.Error(), "aws-moon") {
			t.Errorf("LoadConfig = %v, want an error about the region", err)
		}
	})
}

func TestLoadConfigRequiresEncryption(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	tests := []struct {
		name, endpoint, option string
		ok                     bool
	}{
		{"http elsewhere", "http://sts.internal:8080/path", "", false},
		{"http on a private address", "http://10.0.0.1", "", false},
		{"http on an address that looks like loopback", "http://127.0.0.1.example.com", "", false},
		{"http on the unspecified address", "http://0.0.0.0:4566", "", false},
		{"http on loopback", "http://127.0.0.1:4566", "", true},
		{"http on loopback 6", "http://[::1]:4566", "", true},
		{"http on localhost", "http://localhost:4566", "", true},
		{"https elsewhere", "https://sts.internal", "", true},
		{"http by an option", "", "http://sts.internal:8080/x", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.endpoint != "" {
				t.Setenv("AWS_ENDPOINT_URL_STS", tt.endpoint)
			}
			src := &mintery{tb: t}
			_, err := awsfed.LoadConfig(t.Context(), roleARN, src, func(o *awsfed.LoadOptions) {
				o.Config.BaseEndpoint = tt.option
			})
			if src.count() > 0 {
				t.Error("a token was fetched")
			}
			if (err == nil) != tt.ok || err != nil && !strings.Contains(err.Error(), "https") {
				t.Errorf("LoadConfig = %v, want ok %v", err, tt.ok)
			}
		})
	}
	t.Run("http elsewhere, allowed", func(t *testing.T) {
		t.Setenv("AWS_ENDPOINT_URL_STS", "http://minio:9000")
		if _, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}, func(o *awsfed.LoadOptions) { o.InsecureHTTP = true }); err != nil {
			t.Errorf("LoadConfig with InsecureHTTP = %v", err)
		}
	})
	t.Run("http by a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(file, []byte("[default]\nservices = dev\n[services dev]\nsts =\n  endpoint_url = http://sts.internal\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("AWS_CONFIG_FILE", file)
		if _, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}); err == nil {
			t.Error("LoadConfig = nil error")
		}
	})
}

func TestLoadConfigErrors(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	for name, load := range map[string]func(context.Context) (aws.Config, error){
		"role":   func(ctx context.Context) (aws.Config, error) { return awsfed.LoadConfig(ctx, "x", &mintery{tb: t}) },
		"source": func(ctx context.Context) (aws.Config, error) { return awsfed.LoadConfig(ctx, roleARN, nil) },
		"profile": func(ctx context.Context) (aws.Config, error) {
			return awsfed.LoadConfig(ctx, roleARN, &mintery{tb: t}, func(o *awsfed.LoadOptions) { o.Config.SharedConfigProfile = "no-such" })
		},
	} {
		if _, err := load(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "awsfed: ") {
			t.Errorf("%s: LoadConfig = %v, want an error", name, err)
		}
	}
}

// The error names the end of the context and not an endpoint.
func TestLoadConfigAfterTheEndOfTheContext(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := awsfed.LoadConfig(ctx, roleARN, &mintery{tb: t})
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the context ended") || strings.Contains(err.Error(), "endpoint") {
		t.Errorf("LoadConfig with an ended context = %v, want that the context ended", err)
	}
}

// Over HTTP on loopback, with the transport of the SDK.
func TestLoadConfigOverLoopback(t *testing.T) {
	cleanEnv(t)
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	t.Setenv("AWS_ENDPOINT_URL_STS", awsfedtest.Start(t, s))
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	cfg, err := awsfed.LoadConfig(t.Context(), roleARN, iss.TokenSource("sts.amazonaws.com"), withClient(&http.Client{Transport: tr}))
	if err != nil {
		t.Fatal(err)
	}
	cfg.Region = "eu-central-1"
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := aws.ToString(out.Arn), "arn:aws:sts::"+account+":assumed-role/deploy/env-"+idptest.EnvironmentID; got != want {
		t.Errorf("caller = %q, want %q", got, want)
	}
	st := cfg.Credentials.(*awsfed.Provider).Status()
	calls := s.Calls()
	if st.RequestID == "" || st.RequestID != calls[0].RequestID || st.AccessKeyID != calls[0].AccessKeyID || st.AssumedRoleARN != aws.ToString(out.Arn) || st.AccountID != account {
		t.Errorf("Status = %+v, want what the call log has: %+v", st, calls[0])
	}
}

// A provider of bearer tokens in the options stays, and no other one is added.
func TestLoadConfigKeepsTheBearerTokenProvider(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_REGION", "eu-central-1")
	given := bearer.StaticTokenProvider{Token: bearer.Token{Value: "given"}}
	cfg, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}, func(o *awsfed.LoadOptions) { o.Config.BearerAuthTokenProvider = given })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := cfg.BearerAuthTokenProvider.RetrieveBearerToken(t.Context()); got.Value != "given" || err != nil {
		t.Errorf("the bearer token is %q, %v", got.Value, err)
	}
	cfg, err = awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t})
	if err != nil || cfg.BearerAuthTokenProvider != nil {
		t.Errorf("without a provider: %v, %v, want none", cfg.BearerAuthTokenProvider, err)
	}
}
