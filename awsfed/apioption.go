package awsfed

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// APIOption returns a function for the APIOptions of an [aws.Config] or of a
// service client. When a service answers that a request's security token has
// expired (ExpiredToken, ExpiredTokenException, InvalidToken) it invalidates
// the access key that signed the request, if it is the provider's, and lets the
// client's retryer try once more with new ones. [LoadConfig] has set it
// already.
//
// The client's Credentials must be the provider itself. An [aws.CredentialsCache]
// around it, as config.WithCredentialsProvider makes one, keeps the old
// credentials until it asks again; assign the provider to the Credentials of the
// configuration after loading it.
func (p *Provider) APIOption() func(*middleware.Stack) error {
	w := &expiryWatch{p: p}
	return func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(w, middleware.Before)
	}
}

// expiryWatch looks at the answers of services.
type expiryWatch struct {
	p      *Provider
	blamed atomic.Pointer[string] // the provider's access key id of which a service said last that it has expired
}

// ID identifies the middleware by the provider too, so that a client may watch
// for several.
func (w *expiryWatch) ID() string { return "onafed.ExpiredToken:" + w.p.roleARN }

// HandleDeserialize runs within the SDK's retry loop, so it sees each request
// as it was signed.
func (w *expiryWatch) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	if err == nil {
		return out, metadata, nil
	}
	switch rawCode(err) {
	case "ExpiredToken", "ExpiredTokenException", "InvalidToken":
	default:
		return out, metadata, err
	}
	rq, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return out, metadata, err
	}
	if w.renews(signer(rq)) {
		err = &renewedError{err}
	}
	return out, metadata, err
}

// renews drops the credentials with that access key id, if they are the
// provider's, and reports whether a request that was signed with them should be
// sent again: many may be under way when the first one is told, and only one of
// them drops the key.
func (w *expiryWatch) renews(accessKeyID string) bool {
	if s, ok := w.p.engine.Peek(); ok && s.served.AccessKeyID == accessKeyID {
		w.blamed.Store(&accessKeyID)
	}
	if w.p.invalidate(accessKeyID) {
		return true
	}
	if id := w.blamed.Load(); id == nil || *id != accessKeyID {
		return false
	}
	s, ok := w.p.engine.Peek()
	return !ok || s.served.AccessKeyID != accessKeyID || !w.p.engine.Status().Valid
}

// signer returns the access key id that signed a request: the Credential of
// its Authorization header (SigV4, "Authorization header").
func signer(rq *smithyhttp.Request) string {
	_, after, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(after, "/")
	return id
}

// A renewedError is the error of a request whose credentials were replaced. The
// SDK's retryers ask RetryableError.
type renewedError struct{ error }

func (e *renewedError) Unwrap() error { return e.error }

// RetryableError returns true: the next try is signed with other credentials.
func (e *renewedError) RetryableError() bool { return true }
