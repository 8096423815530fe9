package authtoken_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/awsfedtest"
)

// decode returns the URL in a token for EKS.
func decode(t *testing.T, raw string) *url.URL {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(raw, "k8s-aws-v1."))
	if err != nil || !strings.HasPrefix(raw, "k8s-aws-v1.") {
		t.Fatalf("token %q: %v", raw, err)
	}
	u, err := url.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestEKS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, cfg := newSTS(t)
		s, err := authtoken.EKS(cfg, "my-cluster")
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		tok := token(t, s)
		if got := tok.Expiry().Sub(begin); got != 14*time.Minute {
			t.Errorf("the token is valid for %v, want 14m0s", got)
		}
		u := decode(t, tok.Raw())
		if u.Scheme != "https" || u.Host != "sts.eu-central-1.amazonaws.com" || u.Path != "/" {
			t.Errorf("the request goes to %s://%s%s", u.Scheme, u.Host, u.Path)
		}
		// The parameters that aws-iam-authenticator allows.
		names := []string{"Action", "Version", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-Security-Token", "X-Amz-Signature", "X-Amz-SignedHeaders"}
		params := u.Query()
		for name := range params {
			if !slices.Contains(names, name) {
				t.Errorf("the request has the parameter %s", name)
			}
		}
		if params.Get("Action") != "GetCallerIdentity" || params.Get("X-Amz-Expires") != "60" || params.Get("X-Amz-SignedHeaders") != "host;x-k8s-aws-id" {
			t.Errorf("parameters: %v", params)
		}
		if got := identify(t, fake, u, "my-cluster"); got != http.StatusOK {
			t.Errorf("status %d, want 200", got)
		}
		if got := identify(t, fake, u, "other-cluster"); got != http.StatusForbidden {
			t.Errorf("status %d for another cluster, want 403", got)
		}
	})
}

// identify sends the request of a token to STS, as the verifier of a cluster does.
func identify(t *testing.T, fake *awsfedtest.STS, u *url.URL, cluster string) (status int) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-K8s-Aws-Id", cluster)
	resp, err := fake.HTTPClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func TestEKSIgnoresMiddleware(t *testing.T) {
	t.Parallel()
	_, cfg := newSTS(t)
	cfg.APIOptions = append(cfg.APIOptions, cfg.Credentials.(*awsfed.Provider).APIOption())
	s, err := authtoken.EKS(cfg, "my-cluster")
	if err != nil {
		t.Fatal(err)
	}
	token(t, s)
}

// A token names a public endpoint of STS, because verifiers refuse every other one.
func TestEKSIgnoresEndpoints(t *testing.T) {
	t.Parallel()
	cfg := config(static())
	cfg.BaseEndpoint = aws.String("https://vpce-1-abc.sts.eu-central-1.vpce.amazonaws.com")
	s, err := authtoken.EKS(cfg, "my-cluster")
	if err != nil {
		t.Fatal(err)
	}
	if u := decode(t, token(t, s).Raw()); u.Host != "sts.eu-central-1.amazonaws.com" {
		t.Errorf("the request goes to %s", u.Host)
	}
}

// Verifiers refuse a token of more than 4,096 bytes.
func TestEKSTokenSize(t *testing.T) {
	t.Parallel()
	largest := 0
	for size := 2000; size <= 3500; size++ {
		c := keys
		c.SessionToken = strings.Repeat("a", size)
		s, err := authtoken.EKS(config(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })), "my-cluster")
		if err != nil {
			t.Fatal(err)
		}
		tok, err := s.Token(t.Context())
		if err == nil {
			if largest = size; len(tok.Raw()) > 4096 {
				t.Fatalf("the token has %d bytes", len(tok.Raw()))
			}
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "authtoken: the EKS token would have 40") || len(text) > 300 || strings.Contains(text, "aaaa") {
			t.Errorf("error %q", text)
		}
		break
	}
	if largest < 2500 || largest > 3000 {
		t.Errorf("the largest session token that fits has %d bytes", largest)
	}
}
