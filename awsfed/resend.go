package awsfed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// APIOption returns a function for the APIOptions of an [aws.Config] or of a service client. It
// makes the client recover from a rejected key: when a service answers that the security token of
// a request has expired or is invalid (ExpiredToken, ExpiredTokenException, InvalidToken, and
// RequestExpired from EC2), it calls [Provider.Invalidate] with the access key ID that signed the
// request, and signs and sends the request once more with the new credentials. The second request
// belongs to the same attempt, so it needs no retryer and costs no retry quota. [LoadConfig] sets
// this option.
//
// The client returns the error of the service if the new key is rejected too, if there is no new
// key, or, together with the reason, if the request body cannot be read a second time. A HEAD
// request is not sent again, because its answer carries no error code.
//
// The client's Credentials must be the provider itself. An [aws.CredentialsCache] around the
// provider, such as config.WithCredentialsProvider adds, returns the rejected key until its own
// Expires, so the request is not sent again. Assign the provider to the Credentials of the
// configuration after loading it.
func (p *Provider) APIOption() func(*middleware.Stack) error {
	r := &resender{p: p, id: fmt.Sprintf("onafed.Resend:%p", p)}
	return func(stack *middleware.Stack) error {
		// A client that presigns has no Retry step, and sends nothing.
		if _, ok := stack.Finalize.Get(retryID); !ok {
			return nil
		}
		if _, ok := stack.Finalize.Get(r.id); ok {
			return nil // the option was given twice
		}
		if err := stack.Finalize.Insert(r, retryID, middleware.After); err != nil {
			return err
		}
		if _, ok := stack.Deserialize.Get(signatureCheckID); ok {
			return nil // added for another provider
		}
		return stack.Deserialize.Add(signatureCheck{}, middleware.Before)
	}
}

// retryID is the ID of the SDK's middleware that makes the attempts of a request.
const retryID = "Retry"

// errSameKey ends a second pass whose signature would use the rejected key.
var errSameKey = errors.New("awsfed: there is no other key")

// A resender is a Finalize middleware directly after the Retry step, so that everything that an
// attempt does, such as signing and computing trailing checksums, happens again for the second
// request.
type resender struct {
	p  *Provider
	id string
}

// ID returns an ID that is different for each provider.
func (r *resender) ID() string { return r.id }

// HandleFinalize sends the request, and once more if the service rejects its key.
func (r *resender) HandleFinalize(
	ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
) (middleware.FinalizeOutput, middleware.Metadata, error) {
	rq, ok := in.Request.(*smithyhttp.Request)
	if !ok {
		return next.HandleFinalize(ctx, in)
	}
	if sig, ok := middleware.GetStackValue(ctx, signatureKey{}).(*signature); ok {
		// The client has this option for several providers, and the outermost one sends again.
		out, metadata, err := next.HandleFinalize(ctx, in)
		if rejectsKey(ctx, err) {
			r.p.Invalidate(sig.accessKeyID)
		}
		return out, metadata, err
	}

	var sig signature
	ctx = middleware.WithStackValue(ctx, signatureKey{}, &sig)
	out, metadata, err := next.HandleFinalize(ctx, middleware.FinalizeInput{Request: rq.Clone()})
	if !rejectsKey(ctx, err) || sig.accessKeyID == "" {
		return out, metadata, err
	}
	r.p.Invalidate(sig.accessKeyID)
	again := rq.Clone()
	if rewindErr := again.RewindStream(); rewindErr != nil {
		return out, metadata, errors.Join(err, fmt.Errorf("awsfed: the request cannot be sent again with new credentials: %w", rewindErr))
	}
	sig = signature{rejected: sig.accessKeyID}
	out2, metadata2, err2 := next.HandleFinalize(ctx, middleware.FinalizeInput{Request: again})
	switch {
	case errors.Is(err2, errSameKey):
		return out, metadata, err
	case sig.accessKeyID == "" && err2 != nil: // not signed, for example because STS refuses the role
		return out, metadata, errors.Join(err, err2)
	}
	return out2, metadata2, err2
}

// rejectsKey reports whether a service rejected the key that signed a request. EC2 answers
// RequestExpired for a rejected key. Other services answer it for a request with an old date.
func rejectsKey(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	switch rawCode(err) {
	case "ExpiredToken", "ExpiredTokenException", "InvalidToken":
		return true
	case "RequestExpired":
		return awsmiddleware.GetServiceID(ctx) == "EC2"
	}
	return false
}

// A signature is the state of a request that its two middlewares share.
type signature struct {
	accessKeyID string // that signed the request; empty before it is signed
	rejected    string // that must not sign it; empty on the first pass
}

// signatureKey is the key of a *signature among the stack values of a context, which another client
// that is called during the request, for example to assume a second role, does not see.
type signatureKey struct{}

const signatureCheckID = "onafed.SignatureCheck"

// signatureCheck is a Deserialize middleware that runs between signing and sending.
type signatureCheck struct{}

// ID returns the same ID for all providers.
func (signatureCheck) ID() string { return signatureCheckID }

// HandleDeserialize notes the key, and sends the request unless that key was rejected.
func (signatureCheck) HandleDeserialize(
	ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
) (middleware.DeserializeOutput, middleware.Metadata, error) {
	sig, _ := middleware.GetStackValue(ctx, signatureKey{}).(*signature)
	if rq, ok := in.Request.(*smithyhttp.Request); ok && sig != nil {
		sig.accessKeyID = signer(rq)
		if sig.rejected != "" && sig.accessKeyID == sig.rejected {
			return middleware.DeserializeOutput{}, middleware.Metadata{}, errSameKey
		}
	}
	return next.HandleDeserialize(ctx, in)
}

// signer returns the access key ID in the Credential of the Authorization header ("Create a signed
// AWS API request", Signature Version 4).
func signer(rq *smithyhttp.Request) string {
	_, after, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(after, "/")
	return id
}
