package awsfedtest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/internal/fakehttp"
)

func nopBody(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// noCredentials is a response without credentials in it.
const noCredentials = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
	`<AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>`

func TestFaultCodesHaveTheStatusThatAWSSends(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	token := iss.Sign(iss.Claims(audience))
	for code, status := range map[string]int{
		"AccessDenied": 403, "ExpiredTokenException": 400, "IDPCommunicationError": 400, "IDPRejectedClaim": 403, "InternalFailure": 500,
		"InvalidIdentityToken": 400, "MalformedPolicyDocument": 400, "OptInRequired": 403, "PackedPolicyTooLarge": 400,
		"RegionDisabledException": 403, "ServiceUnavailable": 503, "Throttling": 400, "ThrottlingException": 400, "SomethingNew": 400,
	} {
		s.Inject(awsfedtest.Fault{Code: code, Times: 1})
		_, err := s.AssumeRoleWithWebIdentity(t.Context(), input(token), once)
		if got := refusalOf(err); got.Code != code || got.Status != status || got.Message == "" {
			t.Errorf("Fault{Code: %q}: %+v, want status %d", code, got, status)
		}
		if c := lastCall(t, s); !c.Fault || c.Code != code {
			t.Errorf("log of Fault{Code: %q}: %+v", code, c)
		}
	}
	if _, err := s.AssumeRoleWithWebIdentity(t.Context(), input(token), once); err != nil {
		t.Errorf("after the faults: %v", err)
	}
}

// calls returns two functions: one calls AssumeRoleWithWebIdentity, the other GetCallerIdentity.
func calls(t *testing.T, s *awsfedtest.STS, iss *idptest.Issuer) (web, identity func() error) {
	t.Helper()
	_, creds := assume(t, s, iss)
	web = func() error {
		_, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		return err
	}
	identity = func() error {
		_, err := s.Client(creds).GetCallerIdentity(t.Context(), nil, once)
		return err
	}
	return web, identity
}

func TestFaultScope(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	web, identity := calls(t, s, iss)
	remove := s.Inject(awsfedtest.Fault{Action: "AssumeRoleWithWebIdentity", Code: "Throttling", Times: 2})
	if identity() != nil || web() == nil || web() == nil || web() != nil {
		t.Error("a fault for two calls of one action did not apply to exactly those")
	}
	remove() // has no effect on a fault that is used up
	s.Inject(awsfedtest.Fault{RoleARN: roleARN + "x", Code: "Throttling"})
	if web() != nil {
		t.Error("a fault of another role applied")
	}
	s.Inject(awsfedtest.Fault{Code: "Throttling"})
	s.ClearFaults()
	if err := web(); err != nil {
		t.Errorf("after ClearFaults: %v", err)
	}
	remove = s.Inject(awsfedtest.Fault{Code: "Teapot", Message: "short and stout", Status: 418})
	if got, want := refusalOf(web()), (refusal{"Teapot", "short and stout", 418}); got != want {
		t.Errorf("code, message and status of the fault: %+v, want %+v", got, want)
	}
	remove()
	if err := web(); err != nil {
		t.Errorf("after the fault was removed: %v", err)
	}
}

func TestEarliestFaultApplies(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	web, _ := calls(t, s, iss)
	s.Inject(awsfedtest.Fault{Code: "Throttling", Times: 1})
	s.Inject(awsfedtest.Fault{Code: "AccessDenied", Times: 1})
	for _, want := range []string{"Throttling", "AccessDenied", ""} {
		if got := refusalOf(web()).Code; got != want {
			t.Errorf("code = %q, want %q", got, want)
		}
	}
}

func TestOutage(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	web, identity := calls(t, s, iss)
	s.Outage(true)
	s.ClearFaults()
	for range 3 {
		if err := web(); refusalOf(err).Status != 500 {
			t.Errorf("during an outage: %v, want status 500", err)
		}
	}
	if identity() == nil {
		t.Error("GetCallerIdentity works during an outage")
	}
	s.Outage(false)
	if err := errors.Join(web(), identity()); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// A client in memory and a client over HTTP see the same.
func TestBrokenResponses(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	url := awsfedtest.Start(t, s)
	clients := map[string]*sts.Client{
		"memory": s.Client(nil, once),
		"http":   sts.New(sts.Options{Region: "us-east-1", BaseEndpoint: aws.String(url), HTTPClient: httpClient(t), Retryer: aws.NopRetryer{}}),
	}
	token := iss.Sign(iss.Claims(audience))
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			call := func(ctx context.Context, f awsfedtest.Fault) (*sts.AssumeRoleWithWebIdentityOutput, error) {
				defer s.Inject(f)()
				return client.AssumeRoleWithWebIdentity(ctx, input(token))
			}
			if _, err := call(t.Context(), awsfedtest.Fault{Err: syscall.ECONNRESET}); !fakehttp.IsReset(err) {
				t.Errorf("Err: %v, want a reset", err)
			}
			if _, err := call(t.Context(), awsfedtest.Fault{Truncate: true}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("Truncate: %v, want io.ErrUnexpectedEOF", err)
			}
			html := awsfedtest.Fault{Status: 502, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>")}
			if _, err := call(t.Context(), html); refusalOf(err).Status != http.StatusBadGateway {
				t.Errorf("HTML: %v, want status 502", err)
			}
			if out, err := call(t.Context(), awsfedtest.Fault{Body: []byte(noCredentials)}); err != nil || out.Credentials != nil {
				t.Errorf("Body: %+v, %v, want no credentials", out, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			if _, err := call(ctx, awsfedtest.Fault{Hang: true}); !errors.Is(err, context.Canceled) {
				t.Errorf("Hang: %v, want context.Canceled", err)
			}
		})
	}
}

func TestDelaysAndHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		call := func(limit time.Duration) (time.Duration, error) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			start := time.Now()
			_, err := s.AssumeRoleWithWebIdentity(ctx, input(iss.Sign(iss.Claims(audience))), once)
			return time.Since(start), err
		}
		s.Inject(awsfedtest.Fault{Delay: 3 * time.Second})
		remove := s.Inject(awsfedtest.Fault{Delay: time.Second})
		if took, err := call(time.Minute); err != nil || took != 4*time.Second {
			t.Errorf("two delays: %v, %v, want 4s", took, err)
		}
		remove()
		remove = s.Inject(awsfedtest.Fault{Code: "AccessDenied"})
		if took, err := call(time.Minute); refusalOf(err).Code != "AccessDenied" || took != 3*time.Second {
			t.Errorf("a delay and an error: %v, %v, want AccessDenied after 3s", took, err)
		}
		remove()
		if took, err := call(2 * time.Second); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
			t.Errorf("delay beyond the deadline: %v, %v, want 2s", took, err)
		}
		s.ClearFaults()

		s.Inject(awsfedtest.Fault{Hang: true})
		if took, err := call(time.Minute); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute {
			t.Errorf("hang: %v, %v, want 1m", took, err)
		}
		if c := lastCall(t, s); c.Duration != time.Minute || c.Status != 0 || c.OK() {
			t.Errorf("log of a hang: %+v", c)
		}
	})
}

func TestSkewClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		s.SkewClock(20 * time.Minute)
		out, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := time.Until(*out.Credentials.Expiration), 80*time.Minute; got != want {
			t.Errorf("with the clock 20 minutes ahead the credentials end in %v, want %v", got, want)
		}
	})
}

func TestSDKRetriesThrottling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		s.Inject(awsfedtest.Fault{Code: "Throttling", Times: 2})
		if _, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience)))); err != nil {
			t.Error(err)
		}
		if got := len(s.Calls()); got != 3 {
			t.Errorf("%d requests, want 3", got)
		}
	})
}

// A slow issuer makes the call fail. The call does not hang.
func TestSlowIssuer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		for _, path := range []string{idptest.DiscoveryPath, idptest.JWKSPath} {
			iss.Inject(idptest.Fault{Path: path, Hang: true})
			start := time.Now()
			_, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
			if got := refusalOf(err).Code; got != "IDPCommunicationError" {
				t.Errorf("%s hangs: code = %q (%v), want IDPCommunicationError", path, got, err)
			}
			if took := time.Since(start); took != 5*time.Second {
				t.Errorf("%s hangs: took %v, want 5s", path, took)
			}
			iss.ClearFaults()
		}
	})
}

// A fault replaces also the response to a malformed request.
func TestFaultStatus(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	s.Inject(awsfedtest.Fault{Status: http.StatusBadGateway})
	if status, _, body := post(t, s, "Action=%zz"); status != http.StatusBadGateway || body != "" {
		t.Errorf("response = %d %q, want 502 without a body", status, body)
	}
}

func TestFaultHeader(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	s.Inject(awsfedtest.Fault{
		Code: "Throttling", Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {"2"}},
	})
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://sts.amazonaws.com/", strings.NewReader("Action=X&Version=2011-06-15"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("Retry-After"); got != "2" || resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("status %d, Retry-After %q, want 429 and 2", resp.StatusCode, got)
	}
}
