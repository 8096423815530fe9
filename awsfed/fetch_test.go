package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// httpError returns an error answer over HTTP as the SDK does; without a code if code is empty.
func httpError(status int, code string, header ...string) error {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	var cause error = &smithy.GenericAPIError{Code: code, Message: "some text"}
	if code == "" {
		cause = &smithy.DeserializationError{Err: errors.New("not XML")}
	}
	return &smithy.OperationError{ServiceID: "STS", OperationName: "AssumeRoleWithWebIdentity", Err: &awshttp.ResponseError{
		RequestID:     "req-1",
		ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: h}}, Err: cause},
	}}
}

var errVerificationKey = apiError("InvalidIdentityToken", "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements")

type failureClass struct {
	err       error
	requests  int
	tokens    int
	retryable bool
}

// For each failure: how many requests and tokens a refresh uses, and whether callers keep valid
// credentials.
func TestFailureClasses(t *testing.T) {
	t.Parallel()
	for _, tt := range failureClasses() {
		t.Run(fmt.Sprintf("%.60s", tt.err), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				src := &mintery{tb: t}
				p, err := awsfed.New(s, roleARN, src, exact)
				if err != nil {
					t.Fatal(err)
				}
				wantKey(t, p, "AKID1", 0)
				s.failWith(tt.err)
				time.Sleep(46 * time.Minute)
				wantKey(t, p, "AKID1", 0)
				for p.Status().Failures == 0 {
					time.Sleep(10 * time.Millisecond)
				}
				if got := s.count() - 1; got != tt.requests {
					t.Errorf("%d requests within one refresh, want %d", got, tt.requests)
				}
				if got := src.count() - 1; got != tt.tokens {
					t.Errorf("%d tokens, want %d", got, tt.tokens)
				}
				if got := len(src.invalidated); got != tt.tokens-1 {
					t.Errorf("%d tokens invalidated, want %d", got, tt.tokens-1)
				}
				c, err := p.Retrieve(t.Context())
				if tt.retryable {
					if err != nil || c.AccessKeyID != "AKID1" {
						t.Errorf("Retrieve = %q, %v, want the old key", c.AccessKeyID, err)
					}
					err = p.Status().Err
				}
				e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
				if !ok || e.Retryable() != tt.retryable || !sameCause(err, tt.err) {
					t.Errorf("error = %v, want an AssumeRoleError around %v, retryable %v", err, tt.err, tt.retryable)
				}
			})
		})
	}
}

func failureClasses() []failureClass {
	return []failureClass{
		{errors.New("read: connection reset by peer"), 1, 1, true}, // unknown: not repeated, counts as an outage
		{&smithyhttp.RequestSendError{Err: errors.New("connection refused")}, 3, 1, true},
		{&net.OpError{Op: "dial", Err: errors.New("no route to host")}, 3, 1, true},
		{fmt.Errorf("request: %w", context.DeadlineExceeded), 3, 1, true},
		{&smithy.DeserializationError{Err: errors.New("unexpected EOF")}, 3, 1, true},
		{httpError(500, "InternalFailure"), 3, 1, true},
		{httpError(503, "ServiceUnavailable"), 3, 1, true},
		{httpError(502, ""), 3, 1, true}, // an HTML page of a proxy
		{httpError(429, ""), 3, 1, true},
		{httpError(429, "CodeOfAGateway"), 3, 1, true},
		{httpError(500, "AccessDenied"), 3, 1, true}, // the status is more important than the code
		{httpError(200, ""), 3, 1, true},             // a truncated body
		{httpError(400, "Throttling"), 3, 1, true},
		{apiError("ThrottlingException", "Rate exceeded"), 3, 1, true},
		{apiError("TooManyRequestsException", ""), 3, 1, true},
		{apiError("RequestLimitExceeded", ""), 3, 1, true},
		{httpError(400, "IDPCommunicationError"), 3, 1, true},
		{errVerificationKey, 3, 1, true},

		{apiError("ExpiredToken", "Token expired"), 2, 2, true},
		{httpError(400, "ExpiredTokenException"), 2, 2, true},
		{apiError("InvalidIdentityToken", "Incorrect token audience"), 2, 2, false},
		{apiError("InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://x"), 2, 2, false},
		{httpError(403, "IDPRejectedClaim"), 2, 2, false},

		{httpError(403, "AccessDenied"), 1, 1, false},
		{apiError("AccessDeniedException", ""), 1, 1, false},
		{apiError("MalformedPolicyDocument", ""), 1, 1, false},
		{apiError("MalformedPolicyDocumentException", ""), 1, 1, false},
		{apiError("PackedPolicyTooLarge", ""), 1, 1, false},
		{apiError("RegionDisabled", ""), 1, 1, false},
		{apiError("RegionDisabledException", ""), 1, 1, false},
		{apiError("ValidationError", ""), 1, 1, false},
		{apiError("MissingParameter", ""), 1, 1, false},
		{apiError("InvalidParameterValue", ""), 1, 1, false},
		{apiError("InvalidParameterCombination", ""), 1, 1, false},
		{apiError("MalformedQueryString", ""), 1, 1, false},
		{apiError("InvalidAction", ""), 1, 1, false},
		{apiError("InvalidQueryParameter", ""), 1, 1, false},
		{apiError("MissingAction", ""), 1, 1, false},
		{smithy.InvalidParamsError{Context: "AssumeRoleWithWebIdentityInput"}, 1, 1, false},

		{apiError("OptInRequired", ""), 1, 1, true},
		{apiError("UnknownError", ""), 1, 1, true},
		{httpError(403, "FutureCode"), 1, 1, true},
	}
}

// sameCause is errors.Is, also for the one error type of the SDK that cannot be compared.
func sameCause(err, cause error) bool {
	if _, ok := errors.AsType[smithy.InvalidParamsError](cause); ok {
		_, ok = errors.AsType[smithy.InvalidParamsError](err)
		return ok
	}
	return errors.Is(err, cause)
}

func TestSecondToken(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"ExpiredToken", "ExpiredTokenException", "InvalidIdentityToken", "IDPRejectedClaim"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.fail = func(call int) error {
					if call == 1 {
						return apiError(code, "no")
					}
					return nil
				}
				p := newProvider(t, s)
				wantKey(t, p, "AKID1", 0)
				if a, b := aws.ToString(s.inputs[0].WebIdentityToken), aws.ToString(s.inputs[1].WebIdentityToken); a == b {
					t.Error("the same token was sent twice")
				}
			})
		})
	}
}

// If the source returns the same token, for example from a file, STS would reject it again.
func TestRejectedTokenIsNotSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.failWith(apiError("InvalidIdentityToken", "Incorrect token audience"))
		src := &mintery{tb: t, same: mint(t, nil)}
		p, err := awsfed.New(s, roleARN, src)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Retrieve(t.Context())
		if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Retryable() {
			t.Errorf("Retrieve = %v", err)
		}
		if s.count() != 1 || src.count() != 2 {
			t.Errorf("%d requests, %d tokens, want 1 and 2", s.count(), src.count())
		}
	})
}

type temporary bool

func (e temporary) Error() string   { return fmt.Sprintf("temporary: %v", bool(e)) }
func (e temporary) Temporary() bool { return bool(e) }

func TestSourceErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err       error
		retryable bool
	}{
		{errors.New("whatever"), true},
		{fmt.Errorf("wrapped: %w", temporary(true)), true},
		{fmt.Errorf("wrapped: %w", temporary(false)), false},
		// Errors of the operating system and of networks are temporary, also those that are called
		// permanent: a file may be replaced, a server may restart.
		{&fs.PathError{Op: "open", Path: "token", Err: syscall.ENOENT}, true},
		{&url.Error{Op: "Post", URL: "https://issuer.example", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, true},
		{&url.Error{Op: "Post", URL: "https://issuer.example", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}, true},
		{&url.Error{Op: "Get", URL: "https://issuer.example", Err: temporary(false)}, false},
		{errors.Join(syscall.ENOENT, temporary(false)), false},
		{errors.Join(temporary(true), temporary(false)), true},
		{&idp.SourceError{Source: "file", Err: syscall.ENOENT}, true},
		{&idp.SourceError{Source: "API", Err: temporary(false)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				src := &mintery{tb: t}
				p, err := awsfed.New(s, roleARN, src, exact)
				if err != nil {
					t.Fatal(err)
				}
				wantKey(t, p, "AKID1", 0)
				src.mu.Lock()
				src.err = tt.err
				src.mu.Unlock()
				time.Sleep(46 * time.Minute)
				wantKey(t, p, "AKID1", 0)
				synctest.Wait()
				if _, err := p.Retrieve(t.Context()); (err == nil) != tt.retryable {
					t.Errorf("Retrieve = %v, want an error: %v", err, !tt.retryable)
				}
				err = p.Status().Err
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Retryable() != tt.retryable || !errors.Is(err, tt.err) || !strings.Contains(err.Error(), "mintery") {
					t.Errorf("error = %v", err)
				}
				if s.count() != 1 {
					t.Errorf("%d requests to STS, want 1", s.count())
				}
			})
		})
	}
}

// An error of AWS that a token source returns is not an answer of STS.
func TestSourceErrorOfAWS(t *testing.T) {
	t.Parallel()
	denied := apiError("AccessDeniedException", "of another service")
	p, err := awsfed.New(newService(), roleARN, &mintery{tb: t, err: denied})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Retrieve(t.Context())
	e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
	if !ok || e.Code != "" || e.RequestID != "" || !e.Retryable() || !errors.Is(err, denied) || !strings.Contains(e.NextStep(), "STS was not called") {
		t.Errorf("Retrieve = %#v", err)
	}
}

// If STS rejects the first token and the source fails to return a second one, the source decides
// whether the error is retryable.
func TestSourceErrorAfterARejection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		src := &mintery{tb: t}
		down := errors.New("the issuer is down")
		s.fail = func(int) error {
			src.mu.Lock()
			defer src.mu.Unlock()
			src.err = down
			return apiError("InvalidIdentityToken", "no")
		}
		p, err := awsfed.New(s, roleARN, src)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Retrieve(t.Context())
		e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
		if !ok || !errors.Is(err, down) || e.Code != "InvalidIdentityToken" || !e.Retryable() {
			t.Errorf("Retrieve = %v", err)
		}
	})
}

func TestRequestHasAThirdOfTheTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Hour
		p := newProvider(t, s)
		begin := time.Now()
		_, err := p.Retrieve(t.Context())
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 30*time.Second || took < 29*time.Second {
			t.Errorf("Retrieve = %v after %v, want a timeout within 30 s", err, took)
		}
		if got := s.count(); got != 3 {
			t.Fatalf("%d requests, want 3", got)
		}
		if first := s.starts[1].Sub(s.starts[0]); first < 10*time.Second || first > 11*time.Second {
			t.Errorf("the second request came %v after the first, want 10 s and a pause of at most 1 s", first)
		}
	})
}

// The pauses between attempts have full jitter: over a second, then over two.
func TestPausesBetweenAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 200
		var long [2]int // number of pauses that are longer than half of their limit
		for range n {
			s := newService()
			s.failWith(httpError(503, "ServiceUnavailable"))
			if _, err := newProvider(t, s).Retrieve(t.Context()); err == nil || s.count() != 3 {
				t.Fatalf("Retrieve = %v after %d requests, want an error after 3", err, s.count())
			}
			for i, limit := range []time.Duration{time.Second, 2 * time.Second} {
				pause := s.starts[i+1].Sub(s.starts[i])
				if pause >= limit {
					t.Fatalf("pause %d took %v, want less than %v", i+1, pause, limit)
				}
				if pause > limit/2 {
					long[i]++
				}
			}
		}
		for i, got := range long {
			if got < n/4 || got > 3*n/4 {
				t.Errorf("pause %d is longer than half of its limit %d times of %d, want about half", i+1, got, n)
			}
		}
	})
}

func TestAttemptTimeoutIncludesTheToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		src := &mintery{tb: t, latency: time.Hour}
		p, err := awsfed.New(newService(), roleARN, src, func(o *awsfed.Options) { o.AttemptTimeout = 3 * time.Second })
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		if _, err := p.Retrieve(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) > 3*time.Second {
			t.Errorf("Retrieve = %v after %v", err, time.Since(begin))
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.fail = func(call int) error {
			if call == 1 {
				return httpError(429, "Throttling", "Retry-After", "7")
			}
			return nil
		}
		p := newProvider(t, s)
		begin := time.Now()
		if _, err := p.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 7*time.Second {
			t.Errorf("the second request came after %v, want the 7 s of the header", took)
		}
		// If STS asks for more time than there is, the refresh ends at once.
		s.failWith(httpError(503, "ServiceUnavailable", "Retry-After", "120"))
		p.Invalidate("AKID1")
		wantKey(t, p, "AKID1", 0)
		if st := p.Status(); st.Failures != 1 {
			t.Errorf("Status = %+v, want a failed refresh", st)
		}
	})
}

// A date in the header is compared with the clock of the server.
func TestRetryAfterADate(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			s.fail = func(call int) error {
				if call > 1 {
					return nil
				}
				now := time.Now().Add(ahead).UTC()
				return httpError(429, "Throttling", "Retry-After", now.Add(7*time.Second).Format(http.TimeFormat), "Date", now.Format(http.TimeFormat))
			}
			p := newProvider(t, s)
			begin := time.Now()
			if _, err := p.Retrieve(t.Context()); err != nil || time.Since(begin) != 7*time.Second {
				t.Errorf("a clock %v ahead: %v after %v, want credentials after 7 s", ahead, err, time.Since(begin))
			}
		})
	}
}

// The header of an API that issues tokens counts too.
func TestRetryAfterOfTheTokenAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mintery{tb: t}
		p, err := awsfed.New(newService(), roleARN, m, exact)
		if err != nil {
			t.Fatal(err)
		}
		wantKey(t, p, "AKID1", 0)
		fail := func(err error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.err = err
		}
		fail(fmt.Errorf("API: %w", &idp.RequestError{StatusCode: 429, Code: "resource_exhausted", RetryAfter: 50 * time.Second}))
		time.Sleep(46 * time.Minute)
		wantKey(t, p, "AKID1", 0)
		synctest.Wait()
		before := m.count()
		for range 49 {
			time.Sleep(time.Second)
			wantKey(t, p, "AKID1", 0)
			synctest.Wait()
		}
		if n := m.count() - before; n != 0 {
			t.Errorf("%d requests within the 50 s", n)
		}
		fail(nil)
		time.Sleep(2 * time.Second)
		wantKey(t, p, "AKID1", 0)
		synctest.Wait()
		wantKey(t, p, "AKID2", 0)
	})
}

// No retryer of the SDK runs.
func TestNoRetryer(t *testing.T) {
	t.Parallel()
	var got []aws.Retryer
	client := clientFunc(func(_ context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		o := sts.Options{Retryer: aws.NopRetryer{}}
		for _, fn := range optFns {
			fn(&o)
		}
		got = append(got, o.Retryer)
		return answer(1, account, aws.ToString(in.RoleSessionName), time.Now().Add(time.Hour)), nil
	})
	p, err := awsfed.New(client, roleARN, &mintery{tb: t})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0] != (aws.NopRetryer{}) {
		t.Errorf("retryer = %T, want aws.NopRetryer", got[0])
	}
}

type clientFunc func(context.Context, *sts.AssumeRoleWithWebIdentityInput, ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error)

func (f clientFunc) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	return f(ctx, in, optFns...)
}

func TestUnusableFirstAnswer(t *testing.T) {
	t.Parallel()
	answers := map[string]func() *sts.AssumeRoleWithWebIdentityOutput{
		"nothing":        func() *sts.AssumeRoleWithWebIdentityOutput { return nil },
		"no credentials": func() *sts.AssumeRoleWithWebIdentityOutput { return &sts.AssumeRoleWithWebIdentityOutput{} },
		"no key": func() *sts.AssumeRoleWithWebIdentityOutput {
			a := answer(1, account, "x", time.Now().Add(time.Hour))
			a.Credentials.AccessKeyId = nil
			return a
		},
		"no session token": func() *sts.AssumeRoleWithWebIdentityOutput {
			a := answer(1, account, "x", time.Now().Add(time.Hour))
			a.Credentials.SessionToken = nil
			return a
		},
		"no expiration": func() *sts.AssumeRoleWithWebIdentityOutput {
			a := answer(1, account, "x", time.Now())
			a.Credentials.Expiration = nil
			return a
		},
		"expired": func() *sts.AssumeRoleWithWebIdentityOutput { return answer(1, account, "x", time.Now()) },
	}
	for name, give := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := awsfed.New(clientFunc(func(context.Context, *sts.AssumeRoleWithWebIdentityInput, ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
				return give(), nil
			}), roleARN, &mintery{tb: t})
			if err != nil {
				t.Fatal(err)
			}
			c, err := p.Retrieve(t.Context())
			if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || !e.Retryable() || c != (aws.Credentials{}) {
				t.Errorf("Retrieve = %v, %v, want no credentials and a retryable error", c.AccessKeyID, err)
			}
		})
	}
}
