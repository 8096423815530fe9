package awsfed_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	account = "123456789012"
	roleARN = "arn:aws:iam::" + account + ":role/deploy"
	orgID   = "0191e223-1c3c-7607-badf-303c98b52d2f"
	prjID   = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	envID   = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	subject = "org:" + orgID + "/prj:" + prjID + "/env:" + envID
)

// A service is an STS that issues numbered credentials, AKID1, AKID2 and so on, or fails.
type service struct {
	mu      sync.Mutex
	calls   int
	issued  int
	inputs  []*sts.AssumeRoleWithWebIdentityInput
	starts  []time.Time
	roles   []string
	latency time.Duration
	life    time.Duration
	account string
	fail    func(call int) error // nil error is success
	ends    map[string]time.Time // expiry of each key
}

func newService() *service {
	return &service{life: time.Hour, account: account, ends: map[string]time.Time{}}
}

func (s *service) set(f func(*service)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(s)
}

func (s *service) failWith(err error) {
	s.set(func(s *service) {
		s.fail = func(int) error { return err }
		if err == nil {
			s.fail = nil
		}
	})
}

// asked returns the roles in the requests, from that call on.
func (s *service) asked(from int) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roles[from:])
}

// end returns when the key expires.
func (s *service) end(accessKeyID string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ends[accessKeyID]
}

func (s *service) started() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.starts)
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *service) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, _ ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	s.mu.Lock()
	s.calls++
	call, latency := s.calls, s.latency
	s.inputs = append(s.inputs, in)
	s.starts = append(s.starts, time.Now())
	s.roles = append(s.roles, aws.ToString(in.RoleArn))
	s.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(call); err != nil {
			return nil, err
		}
	}
	s.issued++
	out := answer(s.issued, s.account, aws.ToString(in.RoleSessionName), time.Now().Add(s.life))
	s.ends[*out.Credentials.AccessKeyId] = *out.Credentials.Expiration
	_, name, _ := strings.Cut(aws.ToString(in.RoleArn), ":role/")
	out.AssumedRoleUser.Arn = aws.String(strings.Replace(*out.AssumedRoleUser.Arn, "/deploy/", "/"+name[strings.LastIndexByte(name, '/')+1:]+"/", 1))
	return out, nil
}

func answer(n int, account, session string, expires time.Time) *sts.AssumeRoleWithWebIdentityOutput {
	return &sts.AssumeRoleWithWebIdentityOutput{
		AssumedRoleUser: &types.AssumedRoleUser{
			Arn:           aws.String("arn:aws:sts::" + account + ":assumed-role/deploy/" + session),
			AssumedRoleId: aws.String("AROATEST:" + session),
		},
		Credentials: &types.Credentials{
			AccessKeyId:     aws.String(fmt.Sprintf("AKID%d", n)),
			SecretAccessKey: aws.String("the-secret-key"),
			SessionToken:    aws.String("the-session-token"),
			Expiration:      aws.Time(expires.UTC()),
		},
	}
}

// apiError returns an error answer of STS as the SDK does, without the HTTP part.
func apiError(code, message string) error {
	return &smithy.OperationError{
		ServiceID: "STS", OperationName: "AssumeRoleWithWebIdentity",
		Err: &smithy.GenericAPIError{Code: code, Message: message},
	}
}

// mint is newToken without an error.
func mint(tb testing.TB, claims map[string]any) *idp.Token {
	tb.Helper()
	tok, err := newToken(claims)
	if err != nil {
		tb.Fatal(err)
	}
	return tok
}

// newToken returns a token without a valid signature.
func newToken(claims map[string]any) (*idp.Token, error) {
	all := map[string]any{
		"iss": idp.Issuer, "aud": idp.AudienceAWS, "sub": subject, "org": orgID,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	for k, v := range claims {
		all[k] = v
		if v == nil {
			delete(all, k)
		}
	}
	payload, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	enc := base64.RawURLEncoding
	return idp.ParseToken(strings.Join([]string{
		enc.EncodeToString([]byte(`{"alg":"RS256","kid":"k0","typ":"JWT"}`)), enc.EncodeToString(payload), enc.EncodeToString([]byte("not a signature")),
	}, "."))
}

// A mintery is a source of new tokens.
type mintery struct {
	tb          testing.TB
	mu          sync.Mutex
	claims      map[string]any
	calls       int
	same        *idp.Token // returned instead of a new one
	err         error
	invalidated []*idp.Token
	latency     time.Duration
}

func (m *mintery) Source() string { return "mintery" }

func (m *mintery) Token(ctx context.Context) (*idp.Token, error) {
	m.mu.Lock()
	latency := m.latency
	m.mu.Unlock()
	if latency > 0 {
		select {
		case <-time.After(latency):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.err != nil {
		return nil, m.err
	}
	if m.same != nil {
		return m.same, nil
	}
	claims := map[string]any{"jti": m.calls}
	for k, v := range m.claims {
		claims[k] = v
	}
	return mint(m.tb, claims), nil
}

func (m *mintery) Invalidate(t *idp.Token) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.invalidated = append(m.invalidated, t)
}

func (m *mintery) failWith(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

func (m *mintery) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

func newProvider(tb testing.TB, s *service, optFns ...func(*awsfed.Options)) *awsfed.Provider {
	tb.Helper()
	p, err := awsfed.New(s, roleARN, &mintery{tb: tb}, optFns...)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// exact makes the advisory window begin after 45 minutes of an hour, without jitter.
func exact(o *awsfed.Options) { o.AdvisoryWindow = 15 * time.Minute }

// wantKey calls Retrieve and checks the key and how long the call took.
func wantKey(tb testing.TB, p aws.CredentialsProvider, key string, took time.Duration) aws.Credentials {
	tb.Helper()
	begin := time.Now()
	c, err := p.Retrieve(context.Background())
	if got := time.Since(begin); err != nil || c.AccessKeyID != key || got != took {
		tb.Errorf("Retrieve = %q after %v, %v, want %q after %v", c.AccessKeyID, got, err, key, took)
	}
	return c
}
