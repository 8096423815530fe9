package awsfed_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
)

// A stackService is a service and a client for it, whose middleware stack has the steps of a
// generated client: retrying, signing, sending.
type stackService struct {
	id      string                  // service ID
	creds   aws.CredentialsProvider // sign the requests
	options []func(*middleware.Stack) error
	retryer aws.Retryer
	reject  func(accessKeyID string) string // returns an error code; nil accepts all

	mu     sync.Mutex
	keys   []string // that signed the requests, in order
	bodies []string
}

// call sends a request.
func (s *stackService) call(ctx context.Context, body io.Reader) error {
	stack := middleware.NewStack("call", smithyhttp.NewStackRequest)
	if err := stack.Initialize.Add(middleware.InitializeMiddlewareFunc("ServiceID", func(
		ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
	) (middleware.InitializeOutput, middleware.Metadata, error) {
		return next.HandleInitialize(awsmiddleware.SetServiceID(ctx, s.id), in)
	}), middleware.Before); err != nil {
		return err
	}
	if err := stack.Serialize.Add(middleware.SerializeMiddlewareFunc("Body", func(
		ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler,
	) (out middleware.SerializeOutput, metadata middleware.Metadata, err error) {
		if in.Request, err = in.Request.(*smithyhttp.Request).SetStream(body); err != nil {
			return out, metadata, err
		}
		return next.HandleSerialize(ctx, in)
	}), middleware.Before); err != nil {
		return err
	}
	retryer := s.retryer
	if retryer == nil {
		retryer = aws.NopRetryer{}
	}
	if err := stack.Finalize.Add(retry.NewAttemptMiddleware(retryer, smithyhttp.RequestCloner), middleware.After); err != nil {
		return err
	}
	if err := stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("Signing", s.sign), middleware.After); err != nil {
		return err
	}
	for _, option := range s.options {
		if err := option(stack); err != nil {
			return err
		}
	}
	_, _, err := middleware.DecorateHandler(middleware.HandlerFunc(s.send), stack).Handle(middleware.ClearStackValues(ctx), nil)
	return err
}

func (s *stackService) sign(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (out middleware.FinalizeOutput, metadata middleware.Metadata, err error) {
	c, err := s.creds.Retrieve(ctx)
	if err != nil {
		return out, metadata, err
	}
	in.Request.(*smithyhttp.Request).Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+c.AccessKeyID+"/20261127/x")
	return next.HandleFinalize(ctx, in)
}

func (s *stackService) send(_ context.Context, in any) (any, middleware.Metadata, error) {
	rq := in.(*smithyhttp.Request).Build(context.Background())
	var body []byte
	if rq.Body != nil {
		body, _ = io.ReadAll(rq.Body)
	}
	_, after, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(after, "/")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = append(s.keys, id)
	s.bodies = append(s.bodies, string(body))
	if s.reject != nil {
		if code := s.reject(id); code != "" {
			return nil, middleware.Metadata{}, &smithy.GenericAPIError{Code: code}
		}
	}
	return nil, middleware.Metadata{}, nil
}

// rejects returns a function that rejects one key with the code.
func rejects(code, key string) func(string) string {
	return func(id string) string {
		if id == key {
			return code
		}
		return ""
	}
}

type resendCase struct {
	name    string
	service string // service ID
	reject  func(accessKeyID string) string
	body    io.Reader
	keys    []string // that must sign the requests
	bodies  []string // all the same if nil
	code    string   // of the error; empty for success
	text    string   // in the error
}

func TestResend(t *testing.T) {
	t.Parallel()
	for _, tt := range resendCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newProvider(t, newService())
				s := &stackService{id: tt.service, creds: p, options: []func(*middleware.Stack) error{p.APIOption()}, reject: tt.reject}
				err := s.call(t.Context(), tt.body)
				var api smithy.APIError
				if got := errors.As(err, &api); got != (tt.code != "") || got && api.ErrorCode() != tt.code || err == nil && tt.code != "" {
					t.Errorf("call = %v, want code %q", err, tt.code)
				}
				if _, joined := err.(interface{ Unwrap() []error }); joined && tt.text == "" {
					t.Errorf("call = %v, want only the error of the service", err)
				}
				if tt.text != "" && !strings.Contains(err.Error(), tt.text) {
					t.Errorf("call = %v, want %q in it", err, tt.text)
				}
				if diff := cmp.Diff(tt.keys, s.keys); diff != "" {
					t.Errorf("keys of the requests (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.bodies, s.bodies); tt.bodies != nil && diff != "" {
					t.Errorf("bodies of the requests (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func resendCases() []resendCase {
	seekable := func(from int64) io.Reader {
		r := bytes.NewReader([]byte("the header and the body"))
		_, _ = r.Seek(from, io.SeekStart)
		return r
	}
	always := func(string) string { return "InvalidToken" }
	return []resendCase{
		{name: "accepted", keys: []string{"AKID1"}},
		{name: "ExpiredToken", reject: rejects("ExpiredToken", "AKID1"), keys: []string{"AKID1", "AKID2"}},
		{name: "ExpiredTokenException", reject: rejects("ExpiredTokenException", "AKID1"), keys: []string{"AKID1", "AKID2"}},
		{name: "InvalidToken", reject: rejects("InvalidToken", "AKID1"), keys: []string{"AKID1", "AKID2"}},
		{name: "RequestExpired of EC2", service: "EC2", reject: rejects("RequestExpired", "AKID1"), keys: []string{"AKID1", "AKID2"}},
		{
			name: "RequestExpired of another service", service: "SNS", reject: rejects("RequestExpired", "AKID1"),
			keys: []string{"AKID1"}, code: "RequestExpired",
		},
		{name: "clock skew", reject: rejects("RequestTimeTooSkewed", "AKID1"), keys: []string{"AKID1"}, code: "RequestTimeTooSkewed"},
		{name: "AccessDenied", reject: rejects("AccessDenied", "AKID1"), keys: []string{"AKID1"}, code: "AccessDenied"},
		{name: "the new key is rejected too", reject: always, keys: []string{"AKID1", "AKID2"}, code: "InvalidToken"},
		{
			name: "a body at an offset", reject: rejects("ExpiredToken", "AKID1"), body: seekable(15),
			keys: []string{"AKID1", "AKID2"}, bodies: []string{"the body", "the body"},
		},
		{
			name: "a body that cannot be read again", reject: rejects("ExpiredToken", "AKID1"), body: io.MultiReader(strings.NewReader("once")),
			keys: []string{"AKID1"}, bodies: []string{"once"}, code: "ExpiredToken", text: "cannot be sent again with new credentials: request stream is not seekable",
		},
	}
}

// After a body that cannot be read again, the next call uses the new key.
func TestResendInvalidatesAlsoWithoutSending(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, newService())
		s := &stackService{creds: p, options: []func(*middleware.Stack) error{p.APIOption()}, reject: rejects("ExpiredToken", "AKID1")}
		if err := s.call(t.Context(), io.MultiReader(strings.NewReader("once"))); err == nil {
			t.Error("no error")
		}
		if err := s.call(t.Context(), nil); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"AKID1", "AKID2"}, s.keys); diff != "" {
			t.Errorf("keys of the requests (-want +got):\n%s", diff)
		}
	})
}

// A second request with the rejected key would be rejected too.
func TestResendThroughACache(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, newService())
		s := &stackService{creds: aws.NewCredentialsCache(p), options: []func(*middleware.Stack) error{p.APIOption()}, reject: rejects("ExpiredToken", "AKID1")}
		err := s.call(t.Context(), nil)
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "ExpiredToken" || strings.Contains(err.Error(), "awsfed") {
			t.Errorf("call = %v, want the service's error", err)
		}
		if diff := cmp.Diff([]string{"AKID1"}, s.keys); diff != "" {
			t.Errorf("keys of the requests (-want +got):\n%s", diff)
		}
		wantKey(t, p, "AKID2", 0)
	})
}

// If STS refuses the role, the error names both: why the request failed and why it was not sent
// again.
func TestResendWithoutNewCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sts := newService()
		p := newProvider(t, sts)
		s := &stackService{creds: p, options: []func(*middleware.Stack) error{p.APIOption()}, reject: rejects("ExpiredToken", "AKID1")}
		wantKey(t, p, "AKID1", 0)
		sts.failWith(apiError("AccessDenied", "no"))
		err := s.call(t.Context(), nil)
		var api smithy.APIError
		var are *awsfed.AssumeRoleError
		if !errors.As(err, &api) || api.ErrorCode() != "ExpiredToken" || !errors.As(err, &are) || are.Code != "AccessDenied" {
			t.Errorf("call = %v, want the errors of the service and of STS", err)
		}
		if len(s.keys) != 1 {
			t.Errorf("requests with %q", s.keys)
		}
	})
}

// Options of several providers, one of them twice, on one client: the request is sent again once.
func TestResendWithSeveralProviders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, other := newProvider(t, newService()), newProvider(t, newService())
		for _, options := range [][]func(*middleware.Stack) error{
			{p.APIOption(), p.APIOption()},
			{p.APIOption(), other.APIOption()},
			{other.APIOption(), p.APIOption(), other.APIOption()},
		} {
			c, err := p.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			key := c.AccessKeyID
			s := &stackService{creds: p, options: options, reject: rejects("ExpiredToken", key)}
			if err := s.call(t.Context(), nil); err != nil {
				t.Error(err)
			}
			if len(s.keys) != 2 || s.keys[0] != key || s.keys[1] == key {
				t.Errorf("requests with %q", s.keys)
			}
		}
	})
}

// A client that gets its credentials through another client with the same option does not resend
// for it.
func TestResendInsideOfARequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, newService())
		options := []func(*middleware.Stack) error{p.APIOption()}
		inner := &stackService{creds: p, options: options, reject: rejects("ExpiredToken", "AKID1")}
		outer := &stackService{options: options, creds: aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "CHAINED"}, inner.call(ctx, nil)
		})}
		if err := outer.call(t.Context(), io.MultiReader(strings.NewReader("once"))); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([][]string{{"AKID1", "AKID2"}, {"CHAINED"}}, [][]string{inner.keys, outer.keys}); diff != "" {
			t.Errorf("keys of the inner and outer requests (-want +got):\n%s", diff)
		}
	})
}

// Presigning has no attempts. A step that needs them would fail every call.
func TestPresign(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(t, newService())
		client := sts.NewFromConfig(aws.Config{Credentials: p, Region: "eu-central-1", APIOptions: []func(*middleware.Stack) error{p.APIOption()}})
		rq, err := sts.NewPresignClient(client).PresignGetCallerIdentity(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if rq.Method != http.MethodGet || !strings.Contains(rq.URL, "X-Amz-Credential=AKID1") {
			t.Errorf("PresignGetCallerIdentity = %s %s", rq.Method, rq.URL)
		}
	})
}
