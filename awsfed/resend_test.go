package awsfed_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// federation returns a provider with an STS in memory, and a configuration that uses it.
func federation(t *testing.T, optFns ...func(*awsfed.Options)) (*awsfed.Provider, *awsfedtest.STS, aws.Config) {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	p, err := awsfed.New(s, roleARN, skewed{iss, 0}, optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return p, s, aws.Config{
		Credentials: p,
		Region:      "eu-central-1",
		HTTPClient:  s.HTTPClient(),
		APIOptions:  []func(*middleware.Stack) error{p.APIOption()},
	}
}

func TestExpiredToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s, cfg := federation(t)
		client := sts.NewFromConfig(cfg)
		call := func() error {
			_, err := client.GetCallerIdentity(t.Context(), nil)
			return err
		}
		if err := call(); err != nil {
			t.Fatal(err)
		}
		old := p.Status().AccessKeyID
		s.ExpireCredentials(old)
		if err := call(); err != nil {
			t.Errorf("with a rejected key: %v, want a second request with new ones", err)
		}
		if now := p.Status().AccessKeyID; now == old {
			t.Error("the rejected key is still returned")
		}

		// No retryer is needed.
		s.ExpireCredentials(p.Status().AccessKeyID)
		if _, err := client.GetCallerIdentity(t.Context(), nil, func(o *sts.Options) { o.Retryer = aws.NopRetryer{} }); err != nil {
			t.Errorf("GetCallerIdentity without retries: %v", err)
		}
	})
}

// These codes mean that the key was rejected.
func TestCodesOfRejectedKeys(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "InvalidToken": true, "AccessDenied": false, "InvalidClientTokenId": false} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(t, newService())
				if err := callWith(p, func(id string) string {
					if id == "AKID1" {
						return code
					}
					return ""
				})(t.Context()); (err == nil) != want {
					t.Errorf("the call = %v, want success: %v", err, want)
				}
				if got := p.Status().AccessKeyID; (got == "AKID2") != want {
					t.Errorf("the key is %s", got)
				}
			})
		})
	}
}

// Many requests have been sent when the key is rejected. All of them are sent again, with one
// refresh.
func TestManyRequestsWithOneDeadKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s)
		var dead atomic.Bool
		call := callWith(p, func(id string) string {
			time.Sleep(50 * time.Millisecond)
			if dead.Load() && id == "AKID1" {
				return "ExpiredToken"
			}
			return ""
		})
		if err := call(t.Context()); err != nil {
			t.Fatal(err)
		}
		dead.Store(true)
		var calls sync.WaitGroup
		for range 100 {
			calls.Go(func() {
				if err := call(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
		if got := s.count(); got != 2 {
			t.Errorf("%d calls of STS, want 2", got)
		}
	})
}

// callWith returns a call of a service that answers each access key ID with a code, or with success
// for "".
func callWith(p *awsfed.Provider, answer func(accessKeyID string) string) func(context.Context) error {
	client := sts.NewFromConfig(aws.Config{
		Credentials: p, Region: "eu-central-1", APIOptions: []func(*middleware.Stack) error{p.APIOption()},
		HTTPClient: doer(func(rq *http.Request) (*http.Response, error) {
			_, after, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
			id, _, _ := strings.Cut(after, "/")
			if code := answer(id); code != "" {
				body := `<ErrorResponse><Error><Type>Sender</Type><Code>` + code + `</Code><Message>no</Message></Error></ErrorResponse>`
				return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: readCloser(body)}, nil
			}
			const body = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
			return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: readCloser(body)}, nil
		}),
	})
	return func(ctx context.Context) error {
		_, err := client.GetCallerIdentity(ctx, nil)
		return err
	}
}

// A service that rejects every key does not cause a request to STS for each of its answers.
func TestServiceThatRejectsEveryKey(t *testing.T) {
	t.Parallel()
	for name, optFns := range map[string][]func(*awsfed.Options){"by default": nil, "with options": {exact}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				p := newProvider(t, s, optFns...)
				client := sts.NewFromConfig(aws.Config{
					Credentials: p, Region: "eu-central-1", APIOptions: []func(*middleware.Stack) error{p.APIOption()},
					HTTPClient: doer(func(*http.Request) (*http.Response, error) {
						const body = `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>no</Message></Error></ErrorResponse>`
						return &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}, Body: readCloser(body)}, nil
					}),
				})
				begin := time.Now()
				for time.Since(begin) < 5*time.Minute {
					if _, err := client.GetCallerIdentity(t.Context(), nil); err == nil {
						t.Fatal("no error")
					}
					time.Sleep(time.Second)
				}
				if got := s.count(); got > 25 {
					t.Errorf("%d calls of STS in five minutes", got)
				}
			})
		})
	}
}

func TestOtherErrorsOfServices(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AccessDenied", "InvalidClientTokenId", "Throttling"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, s, cfg := federation(t)
				defer s.Inject(awsfedtest.Fault{Action: "GetCallerIdentity", Code: code})()
				if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil); err == nil {
					t.Error("no error")
				}
				if st := p.Status(); !st.Valid {
					t.Errorf("Status = %+v, want valid credentials", st)
				}
			})
		})
	}
}

// The credentials of a second role, which are assumed with those of the first one, belong to
// another provider. Only a rejection of the first key concerns this provider.
func TestRoleChaining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const second = "arn:aws:iam::123456789012:role/second"
		p, s, cfg := federation(t)
		if err := s.PutRole(awsfedtest.Role{ARN: second, TrustPolicy: trustsRole(t, roleARN)}); err != nil {
			t.Fatal(err)
		}
		chained := cfg.Copy()
		chained.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), second, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "chained"
		}))
		client := sts.NewFromConfig(chained)
		begin := time.Now()
		for time.Since(begin) < 5*time.Hour {
			out, err := client.GetCallerIdentity(t.Context(), nil)
			if err != nil {
				t.Fatalf("after %v: %v", time.Since(begin), err)
			}
			if got, want := aws.ToString(out.Arn), "arn:aws:sts::123456789012:assumed-role/second/chained"; got != want {
				t.Fatalf("caller = %q, want %q", got, want)
			}
			time.Sleep(7 * time.Minute)
		}
		s.ExpireCredentials(p.Status().AccessKeyID)
		time.Sleep(20 * time.Minute) // the credentials of the second role expire
		if _, err := client.GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("after the credentials of the first role were rejected: %v", err)
		}
	})
}
