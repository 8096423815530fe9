package awsfedtest_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// An STS implements the interfaces that the providers of the SDK and awsfed.New accept.
var (
	_ stscreds.AssumeRoleWithWebIdentityAPIClient = (*awsfedtest.STS)(nil)
	_ stscreds.AssumeRoleAPIClient                = (*awsfedtest.STS)(nil).Client(nil)
)

func TestNewSTSRefuses(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	good := awsfedtest.Provider{URL: iss.URL, ClientIDs: []string{audience}, Account: account}
	provider := func(change func(*awsfedtest.Provider)) awsfedtest.STSOptions {
		p := good
		change(&p)
		return awsfedtest.STSOptions{HTTPClient: iss.Client(), Providers: []awsfedtest.Provider{p}}
	}
	role := func(r awsfedtest.Role) awsfedtest.STSOptions {
		return awsfedtest.STSOptions{Roles: []awsfedtest.Role{r}}
	}
	for _, tt := range []struct {
		name string
		opts awsfedtest.STSOptions
		want string
	}{
		{"provider without a client", awsfedtest.STSOptions{Providers: []awsfedtest.Provider{good}}, "HTTPClient is nil"},
		{"provider appears twice", awsfedtest.STSOptions{HTTPClient: iss.Client(), Providers: []awsfedtest.Provider{good, good}}, "twice"},
		{"http provider", provider(func(p *awsfedtest.Provider) { p.URL = "http://app.gitpod.io" }), "http://app.gitpod.io"},
		{"provider with a port", provider(func(p *awsfedtest.Provider) { p.URL = "https://127.0.0.1:8443" }), "port"},
		{"provider with a query", provider(func(p *awsfedtest.Provider) { p.URL = "https://app.gitpod.io?x" }), "app.gitpod.io?x"},
		{"account of 11 digits", provider(func(p *awsfedtest.Provider) { p.Account = "12345678901" }), "12 digits"},
		{"no client IDs", provider(func(p *awsfedtest.Provider) { p.ClientIDs = nil }), "client IDs"},
		{"101 client IDs", provider(func(p *awsfedtest.Provider) { p.ClientIDs = make([]string, 101) }), "client IDs"},
		{"empty client ID", provider(func(p *awsfedtest.Provider) { p.ClientIDs = []string{audience, ""} }), "1 to 255"},
		{"client ID of 256 bytes", provider(func(p *awsfedtest.Provider) { p.ClientIDs = []string{strings.Repeat("a", 256)} }), "1 to 255"},
		{"ARN of a user", role(awsfedtest.Role{ARN: "arn:aws:iam::123456789012:user/alice"}), "not the ARN of a role"},
		{"ARN with an escape sequence", role(awsfedtest.Role{ARN: "arn:aws\x1b[31m:iam::123456789012:role/deploy"}), `\x1b`},
		{"path with an escape sequence", role(awsfedtest.Role{ARN: "arn:aws:iam::123456789012:role/\x1b[31m/deploy"}), `\x1b`},
		{"role of 13 hours", role(awsfedtest.Role{ARN: roleARN, MaxSessionDuration: 13 * time.Hour}), "MaxSessionDuration"},
		{"role of 10 minutes", role(awsfedtest.Role{ARN: roleARN, MaxSessionDuration: 10 * time.Minute}), "MaxSessionDuration"},
		{"role of 59 minutes", role(awsfedtest.Role{ARN: roleARN, MaxSessionDuration: 59 * time.Minute}), "not between 1h0m0s and 12h0m0s"},
		{"two roles with one ARN", awsfedtest.STSOptions{Roles: []awsfedtest.Role{{ARN: roleARN}, {ARN: roleARN}}}, "twice"},
		{"negative duration", awsfedtest.STSOptions{MinDuration: -1}, "MinDuration -1ns: want 0 to 1h0m0s"},
		{"a day as the shortest session", awsfedtest.STSOptions{MinDuration: 24 * time.Hour}, "MinDuration 24h0m0s: want 0 to 1h0m0s"},
		{"negative rate", awsfedtest.STSOptions{MaxRate: -1}, "MaxRate -1: want zero or a positive number"},
		{"rate that is not a number", awsfedtest.STSOptions{MaxRate: math.NaN()}, "MaxRate NaN"},
		{"infinite rate", awsfedtest.STSOptions{MaxRate: math.Inf(1)}, "MaxRate +Inf"},
	} {
		s, err := awsfedtest.NewSTS(&tt.opts)
		if err == nil || s != nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "awsfedtest: ") {
			t.Errorf("%s: NewSTS = %v, %v, want an error with %q", tt.name, s, err, tt.want)
		}
	}
	s, err := awsfedtest.NewSTS(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
	if got := refusalOf(err).Code; got != "InvalidIdentityToken" {
		t.Errorf("an STS without providers: %v", err)
	}
}

// The response has the subject and the size of the session token.
func TestResponse(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	in := input(iss.Sign(iss.Claims(audience)))
	in.Policy = aws.String(`{"Version":"2012-10-17","Statement":[]}`)
	in.PolicyArns = []types.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")}}
	for _, least := range []int32{0, 500, 4095, 4096} {
		in.MinimumSessionTokenSize = aws.Int32(least)
		out, err := s.AssumeRoleWithWebIdentity(t.Context(), in, once)
		if err != nil {
			t.Fatal(err)
		}
		token := *out.Credentials.SessionToken
		if len(token) < int(least) || len(token) > max(int(least)+3, 600) || int(*out.SessionTokenSize) != len(token) {
			t.Errorf("MinimumSessionTokenSize %d: %d characters, SessionTokenSize %d", least, len(token), *out.SessionTokenSize)
		}
		if got := aws.ToString(out.SubjectFromWebIdentityToken); got != idptest.Subject {
			t.Errorf("SubjectFromWebIdentityToken = %q, want %q", got, idptest.Subject)
		}
		if _, err := s.Client(static(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, token)).GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("with a token of %d characters: %v", len(token), err)
		}
	}
}

// A session has the requested duration. The default is an hour, or the maximum of the role if it is
// less.
func TestDurations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
			HTTPClient:  iss.Client(),
			Providers:   []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{audience}, Account: account}},
			MinDuration: 2 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct{ asked, most, want time.Duration }{
			{0, 0, time.Hour},
			{0, 12 * time.Hour, time.Hour},
			{0, 5 * time.Second, 5 * time.Second},
			{2 * time.Second, 5 * time.Second, 2 * time.Second},
			{12 * time.Hour, 12 * time.Hour, 12 * time.Hour},
		} {
			if err := s.PutRole(awsfedtest.Role{ARN: roleARN, TrustPolicy: orgPolicy(t, ""), MaxSessionDuration: tt.most}); err != nil {
				t.Fatal(err)
			}
			in := input(iss.Sign(iss.Claims(audience)))
			if tt.asked > 0 {
				in.DurationSeconds = aws.Int32(int32(tt.asked / time.Second))
			}
			out, err := s.AssumeRoleWithWebIdentity(t.Context(), in, once)
			if err != nil {
				t.Fatal(err)
			}
			if got := time.Until(*out.Credentials.Expiration); got != tt.want {
				t.Errorf("requested %v, maximum %v: %v, want %v", tt.asked, tt.most, got, tt.want)
			}
		}
	})
}

// An STS of New has the limits of AWS.
func TestNewHasLimits(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	for seconds, want := range map[int32]string{899: "ValidationError", 900: "", 43200: "", 43201: "ValidationError"} {
		in := input(iss.Sign(iss.Claims(audience)))
		in.DurationSeconds = aws.Int32(seconds)
		_, err := s.AssumeRoleWithWebIdentity(t.Context(), in, once)
		if got := refusalOf(err).Code; got != want {
			t.Errorf("%d seconds: %v, want code %q", seconds, err, want)
		}
	}
}

// Calls above the rate are throttled.
func TestMaxRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		codes := map[string]int{}
		s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
			HTTPClient: iss.Client(),
			Providers:  []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{audience}, Account: account}},
			Roles:      []awsfedtest.Role{{ARN: roleARN, TrustPolicy: orgPolicy(t, "")}},
			MaxRate:    2.5, // a burst of 3
			OnCall:     func(c awsfedtest.Call) { codes[c.Code]++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			_, _ = s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		}
		time.Sleep(2 * time.Second)
		for range 5 {
			_, _ = s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		}
		if codes[""] != 6 || codes["Throttling"] != 4 {
			t.Errorf("responses by code = %v, want 6 without and 4 Throttling", codes)
		}
	})
}

// Condition keys that only AWS knows have the values of STSOptions.Context.
func TestContext(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	p := policy(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}]}`)
	for want, keys := range map[string]map[string][]string{
		"AccessDenied": nil,
		"":             {"AWS:sourceip": {"192.0.2.7"}},
	} {
		s, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
			HTTPClient: iss.Client(),
			Providers:  []awsfedtest.Provider{{URL: iss.URL, ClientIDs: []string{audience}, Account: account}},
			Roles:      []awsfedtest.Role{{ARN: roleARN, TrustPolicy: p}},
			Context:    keys,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		if got := refusalOf(err).Code; got != want {
			t.Errorf("with %v: %v, want code %q (log: %+v)", keys, err, want, lastCall(t, s))
		}
	}
}

// The log contains decisions and fingerprints of tokens, and no secrets.
func TestCallLog(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	token := iss.Token(audience)
	out, err := s.AssumeRoleWithWebIdentity(t.Context(), input(token.Raw()), once)
	if err != nil {
		t.Fatal(err)
	}
	creds := static(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	if _, err := s.Client(creds).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	in := input(iss.Sign(idptest.With(iss.Claims(audience), "sub", "org:0191e223-1c3c-7607-badf-000000000000/user:alice@example.org")))
	in.DurationSeconds = aws.Int32(1800)
	for range 2 {
		if _, err := s.AssumeRoleWithWebIdentity(t.Context(), in, once); err == nil {
			t.Fatal("another organization was accepted")
		}
	}
	calls := s.Calls()
	if len(calls) != 4 {
		t.Fatalf("%d calls, want 4", len(calls))
	}
	if d := calls[2].Decision; d == nil || d.Allowed() || d.Explain().Text() == "" || calls[2].Reason == "" {
		t.Errorf("decision = %v, reason = %q", d, calls[2].Reason)
	}
	if a, b := calls[2], calls[3]; a.Token == "" || a.Token != b.Token || a.Token == calls[0].Token || a.Seconds != 1800 || a.Number != 3 {
		t.Errorf("calls = %+v, %+v", a, b)
	}
	if got, want := calls[0].Token, token.Fingerprint(); got != want {
		t.Errorf("Token = %q, want the fingerprint %q", got, want)
	}
	var text strings.Builder
	for _, c := range calls {
		fmt.Fprintf(&text, "%+v", c)
		if c.Decision != nil {
			fmt.Fprintf(&text, "%+v %s", *c.Decision, c.Decision.Explain().Text())
		}
	}
	for _, secret := range []string{token.Raw(), strings.Split(token.Raw(), ".")[1], *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken, "alice"} {
		if strings.Contains(text.String(), secret) {
			t.Errorf("the log contains the secret %.12q...", secret)
		}
	}
}

// The log keeps only the last calls.
func TestCallLogIsBounded(t *testing.T) {
	t.Parallel()
	s, err := awsfedtest.NewSTS(nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 10_100
	for range n {
		post(t, s, "")
	}
	calls := s.Calls()
	if got := len(calls); got < 5_000 || got > 10_000 {
		t.Errorf("%d calls are kept, want 5,000 to 10,000", got)
	}
	for i, c := range calls {
		if want := n - len(calls) + i + 1; c.Number != want {
			t.Fatalf("call %d has number %d, want %d", i, c.Number, want)
		}
	}
}

// This test is for the race detector.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	token := iss.Sign(iss.Claims(audience))
	keys := sync.Map{}
	var failed atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 10 {
				out, err := s.AssumeRoleWithWebIdentity(context.Background(), input(token), once)
				if err != nil {
					failed.Add(1)
					continue
				}
				if _, twice := keys.LoadOrStore(*out.Credentials.AccessKeyId, true); twice {
					t.Errorf("access key %s was issued twice", *out.Credentials.AccessKeyId)
				}
				s.ExpireCredentials(*out.Credentials.AccessKeyId)
			}
		})
		group.Go(func() {
			for range 10 {
				s.Inject(awsfedtest.Fault{Delay: time.Microsecond, Times: 1})
				s.Inject(awsfedtest.Fault{Code: "Throttling"})()
				s.Outage(false)
				s.DeleteRole(roleARN + "x")
				_ = s.PutRole(awsfedtest.Role{ARN: roleARN, TrustPolicy: orgPolicy(t, "")})
				_ = s.Calls()
			}
		})
	}
	group.Wait()
	if failed.Load() > 70 {
		t.Errorf("%d of 80 calls failed", failed.Load())
	}
}

func BenchmarkAssumeRoleWithWebIdentity(b *testing.B) {
	s, iss := setup(b)
	in := input(iss.Sign(iss.Claims(audience)))
	for b.Loop() {
		if _, err := s.AssumeRoleWithWebIdentity(b.Context(), in, once); err != nil {
			b.Fatal(err)
		}
	}
}
