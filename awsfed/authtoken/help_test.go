package authtoken_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	roleARN = "arn:aws:iam::123456789012:role/app"
	rdsHost = "db.abc.eu-central-1.rds.amazonaws.com:5432"
)

// newSTS returns an STS with the role, and a configuration with a provider of its credentials.
func newSTS(t *testing.T, optFns ...func(*awsfed.Options)) (*awsfedtest.STS, aws.Config) {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, roleARN)
	p, err := awsfed.New(fake, roleARN, iss.TokenSource("sts.amazonaws.com"), optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return fake, aws.Config{Region: "eu-central-1", Credentials: p}
}

// config returns a configuration with those credentials.
func config(creds aws.CredentialsProvider) aws.Config {
	return aws.Config{Region: "eu-central-1", Credentials: creds}
}

// keys are credentials of a test. They do not expire.
var keys = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret-access-key", SessionToken: "session-token"}

// static returns a provider of keys.
func static() aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return keys, nil })
}

// token returns the current token of the source.
func token(t *testing.T, s *authtoken.Source) authtoken.Token {
	t.Helper()
	tok, err := s.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// query returns the host, the path and the parameters of a token that is a URL without a scheme.
func query(t *testing.T, raw string) (host string, params url.Values) {
	t.Helper()
	u, err := url.Parse("https://" + raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host, u.Query()
}

// accessKey returns the access key ID in a token.
func accessKey(t *testing.T, tok authtoken.Token) string {
	t.Helper()
	_, params := query(t, tok.Raw())
	id, _, _ := strings.Cut(params.Get("X-Amz-Credential"), "/")
	return id
}

// An account issues credentials of a certain lifetime.
type account struct {
	mu      sync.Mutex
	life    time.Duration
	err     error
	calls   int
	expires map[string]time.Time // by access key ID
}

func (a *account) Retrieve(context.Context) (aws.Credentials, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return aws.Credentials{}, a.err
	}
	a.calls++
	c := keys
	c.AccessKeyID += strings.Repeat("I", a.calls)
	if a.life > 0 {
		c.CanExpire, c.Expires = true, time.Now().Add(a.life)
	}
	if a.expires == nil {
		a.expires = map[string]time.Time{}
	}
	a.expires[c.AccessKeyID] = c.Expires
	return c, nil
}

// expiryOf returns the expiry of the credentials with the access key ID.
func (a *account) expiryOf(id string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.expires[id]
}
