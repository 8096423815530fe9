package ecr_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/authtoken/ecr"
)

const registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"

// A service answers GetAuthorizationToken.
type service struct {
	hosts   []string
	signed  []string // the Authorization headers
	content func() string
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	s.hosts = append(s.hosts, r.URL.Host)
	s.signed = append(s.signed, r.Header.Get("Authorization"))
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: io.NopCloser(strings.NewReader(s.content())), Request: r,
	}, nil
}

// authorization returns the content of a response of ECR.
func authorization(pair string, expiry time.Time) string {
	return fmt.Sprintf(`{"authorizationData":[{"authorizationToken":%q,"expiresAt":%d,"proxyEndpoint":"https://%s"}]}`,
		base64.StdEncoding.EncodeToString([]byte(pair)), expiry.Unix(), registry)
}

// config returns a configuration with credentials of that lifetime.
func config(s *service, life time.Duration) aws.Config {
	return aws.Config{Region: "us-west-2", HTTPClient: s, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", CanExpire: life > 0, Expires: time.Now().Add(life)}, nil
	})}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ life, want time.Duration }{{0, 12 * time.Hour}, {time.Hour, time.Hour}} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{content: func() string { return authorization("AWS:the-password:1", time.Now().Add(12*time.Hour)) }}
			tokens, err := ecr.New(config(s, tt.life), registry)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			for range 3 {
				tok, err := tokens.Token(t.Context())
				if err != nil || tok.Raw() != "the-password:1" || tok.Expiry().Sub(begin) != tt.want {
					t.Errorf("Token = %q, %v after %v, want a password for %v", tok.Raw(), err, tok.Expiry().Sub(begin), tt.want)
				}
			}
			if len(s.hosts) != 1 || s.hosts[0] != "api.ecr.eu-central-1.amazonaws.com" || !strings.Contains(s.signed[0], "AKID/20000101/eu-central-1/ecr/") {
				t.Errorf("requests to %q, signed %q", s.hosts, s.signed)
			}
		})
	}
}

func TestUnusableResponses(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(time.Hour)
	for name, content := range map[string]string{
		"no data":          `{"authorizationData":[]}`,
		"not base64":       `{"authorizationData":[{"authorizationToken":"!","expiresAt":1}]}`,
		"no colon":         authorization("AWS", end),
		"another user":     authorization("root:password", end),
		"no password":      authorization("AWS:", end),
		"no expiry":        `{"authorizationData":[{"authorizationToken":"QVdTOmE="}]}`,
		"already expired":  authorization("AWS:a", time.Unix(1, 0)),
		"an empty element": `{"authorizationData":[{}]}`,
	} {
		tokens, err := ecr.New(config(&service{content: func() string { return content }}, 0), registry)
		if err != nil {
			t.Fatal(err)
		}
		if tok, err := tokens.Token(t.Context()); err == nil || tok.Raw() != "" {
			t.Errorf("%s: Token = %v, %v, want an error", name, tok, err)
		}
	}
}

func TestRegistries(t *testing.T) {
	t.Parallel()
	tests := map[string]string{ // the end of the host of the API, or "" if the registry is refused
		registry:                    "api.ecr.eu-central-1.amazonaws.com",
		"https://" + registry:       "api.ecr.eu-central-1.amazonaws.com",
		"https://" + registry + "/": "api.ecr.eu-central-1.amazonaws.com",
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn":  "api.ecr.cn-north-1.amazonaws.com.cn",
		"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com": "ecr-fips.us-east-1.amazonaws.com",
		"123456789012.dkr-ecr.eu-central-1.on.aws":          "api.ecr.eu-central-1.amazonaws.com",
		"":                   "",
		"http://" + registry: "",
		registry + "/app":    "",
		registry + ":443":    "",
		"12345678901.dkr.ecr.eu-central-1.amazonaws.com":          "",
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com.example": "",
		"123456789012.dkr.ecr.eu-central-1.example.com":           "",
		"123456789012.dkr.ecr..amazonaws.com":                     "",
		"123456789012.dkr.ecr.EU.amazonaws.com":                   "",
		"public.ecr.aws":                                          "",
		"127.0.0.1:5000":                                          "",
	}
	for name, want := range tests {
		s := &service{content: func() string { return authorization("AWS:a", time.Now().Add(time.Hour)) }}
		tokens, err := ecr.New(config(s, 0), name)
		if want == "" {
			if e, ok := errors.AsType[*authtoken.OptionError](err); !ok || e.Option != "registry" || len(err.Error()) > 300 {
				t.Errorf("New(%q) = %v, want an OptionError for the registry", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("New(%q): %v", name, err)
			continue
		}
		if _, err := tokens.Token(t.Context()); err != nil || !strings.HasSuffix(s.hosts[0], want) {
			t.Errorf("New(%q) sends to %q, %v, want %q", name, s.hosts, err, want)
		}
	}
	for _, creds := range []aws.CredentialsProvider{nil, aws.AnonymousCredentials{}} {
		if _, err := ecr.New(aws.Config{Credentials: creds}, registry); err == nil {
			t.Errorf("New with credentials %T succeeds", creds)
		}
	}
}

func FuzzRegistry(f *testing.F) {
	for _, seed := range []string{registry, "https://" + registry + "/", "123456789012.dkr-ecr.a.on.aws", "public.ecr.aws", strings.Repeat("\x19", 200)} {
		f.Add(seed)
	}
	cfg := config(&service{}, 0)
	form := regexp.MustCompile(`^(https://)?[0-9]{12}\.dkr[.-]ecr(-fips)?\.[a-z][a-z0-9-]*\.[a-z0-9.-]+/?$`)
	f.Fuzz(func(t *testing.T, name string) {
		tokens, err := ecr.New(cfg, name)
		if (tokens == nil) != (err != nil) || err != nil && len(err.Error()) > 400 {
			t.Errorf("New(%q) = %v, %v", name, tokens, err)
		}
		if err == nil && !form.MatchString(name) {
			t.Errorf("New(%q) succeeds", name)
		}
	})
}
