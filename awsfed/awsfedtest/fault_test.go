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
)

func nopBody(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// Each code can be had by script as well, with the status that AWS answers it with.
func TestScriptedCodes(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	token := iss.Sign(iss.Claims(audience))
	for code, status := range map[string]int{
		"AccessDenied": 403, "ExpiredTokenException": 400, "IDPCommunicationError": 400, "IDPRejectedClaim": 403, "InternalFailure": 500,
		"InvalidIdentityToken": 400, "MalformedPolicyDocument": 400, "OptInRequired": 403, "PackedPolicyTooLarge": 400,
		"RegionDisabledException": 403, "ServiceUnavailable": 503, "Throttling": 400, "ThrottlingException": 400, "SomethingNew": 400,
	} {
		s.Inject(awsfedtest.Fault{Code: code, Calls: 1})
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

func TestFaultScope(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	_, creds := assume(t, s, iss)
	web := func() error {
		_, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience))), once)
		return err
	}
	who := func() error {
		_, err := s.Client(creds).GetCallerIdentity(t.Context(), nil, once)
		return err
	}

	end := s.Inject(awsfedtest.Fault{Action: "AssumeRoleWithWebIdentity", Code: "Throttling", Calls: 2})
	if who() != nil || web() == nil || web() == nil || web() != nil {
		t.Error("a fault for two calls of one action did not befall those alone")
	}
	end() // of no effect on a fault that is used up
	end = s.Inject(awsfedtest.Fault{RoleARN: roleARN + "x", Code: "Throttling"})
	if web() != nil {
		t.Error("a fault of another role befell this one")
	}
	end()
	s.Outage(true)
	for range 3 {
		if err := web(); refusalOf(err).Status != 500 {
			t.Errorf("in an outage: %v, want status 500", err)
		}
	}
	if who() == nil {
		t.Error("GetCallerIdentity works in an outage")
	}
	s.Outage(false)
	if err := errors.Join(web(), who()); err != nil {
		t.Errorf("after the outage: %v", err)
	}
	end = s.Inject(awsfedtest.Fault{Code: "Teapot", Message: "short and stout", Status: 418})
	if got, want := refusalOf(web()), (refusal{"Teapot", "short and stout", 418}); got != want {
		t.Errorf("own code, message and status: %+v, want %+v", got, want)
	}
	end()
}

// What a broken answer looks like to a client is the same in memory and over HTTP.
func TestBrokenAnswers(t *testing.T) {
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
			call := func(ctx context.Context, b awsfedtest.Break) (*sts.AssumeRoleWithWebIdentityOutput, error) {
				defer s.Inject(awsfedtest.Fault{Break: b})()
				return client.AssumeRoleWithWebIdentity(ctx, input(token))
			}
			if _, err := call(t.Context(), awsfedtest.BreakReset); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("BreakReset: %v, want ECONNRESET", err)
			}
			if _, err := call(t.Context(), awsfedtest.BreakTruncate); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("BreakTruncate: %v, want io.ErrUnexpectedEOF", err)
			}
			if _, err := call(t.Context(), awsfedtest.BreakHTML); refusalOf(err).Status != http.StatusBadGateway {
				t.Errorf("BreakHTML: %v, want status 502", err)
			}
			if out, err := call(t.Context(), awsfedtest.BreakEmpty); err != nil || out.Credentials != nil {
				t.Errorf("BreakEmpty: %+v, %v, want no credentials", out, err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			if _, err := call(ctx, awsfedtest.BreakHang); !errors.Is(err, context.Canceled) {
				t.Errorf("BreakHang: %v, want context.Canceled", err)
			}
		})
	}
}

// Delays, hangs and skewed clocks in virtual time.
func TestTimeFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		call := func(ctx context.Context) (time.Duration, *sts.AssumeRoleWithWebIdentityOutput, error) {
			start := time.Now()
			out, err := s.AssumeRoleWithWebIdentity(ctx, input(iss.Sign(iss.Claims(audience))), once)
			return time.Since(start), out, err
		}
		end := s.Inject(awsfedtest.Fault{Delay: 3 * time.Second})
		end2 := s.Inject(awsfedtest.Fault{Delay: time.Second})
		if took, _, err := call(t.Context()); err != nil || took != 4*time.Second {
			t.Errorf("two delays: %v, %v, want 4s", took, err)
		}
		end2()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		if took, _, err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
			t.Errorf("delay beyond the deadline: %v, %v, want 2s", took, err)
		}
		cancel()
		end()

		end = s.Inject(awsfedtest.Fault{Break: awsfedtest.BreakHang})
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		if took, _, err := call(ctx); !errors.Is(err, context.DeadlineExceeded) || took != time.Minute {
			t.Errorf("hang: %v, %v, want 1m", took, err)
		}
		cancel()
		end()
		if c := lastCall(t, s); c.Duration != time.Minute || c.Status != 0 || c.OK() {
			t.Errorf("log of a hang: %+v", c)
		}

		end = s.Inject(awsfedtest.Fault{Clock: 20 * time.Minute})
		_, out, err := call(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := time.Until(*out.Credentials.Expiration), 80*time.Minute; got != want {
			t.Errorf("with the STS's clock 20 minutes ahead the credentials end in %v, want %v", got, want)
		}
		end()
		// The SDK retries a throttled call on its own, as with the real service.
		s.Inject(awsfedtest.Fault{Code: "Throttling", Calls: 2})
		before := len(s.Calls())
		if _, err := s.AssumeRoleWithWebIdentity(t.Context(), input(iss.Sign(iss.Claims(audience)))); err != nil {
			t.Error(err)
		}
		if got := len(s.Calls()) - before; got != 3 {
			t.Errorf("%d requests, want 3", got)
		}
	})
}

// The issuer's slowness is the STS's error, not a hang.
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

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	s.Inject(awsfedtest.Fault{Code: "Throttling", Status: http.StatusTooManyRequests, RetryAfter: 1500 * time.Millisecond})
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
