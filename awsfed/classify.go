package awsfed

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	awsretry "github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/retry"
)

// A class is what a refresh does after a failed attempt.
type class uint8

const (
	// giveUp: the refresh has failed.
	giveUp class = iota
	// repeat: the same request may succeed after a pause.
	repeat
	// replaceToken: STS rejected the token, and may accept another one.
	replaceToken
)

// Error codes without the suffix "Exception", which some pages and servers add (STS API Reference,
// AssumeRoleWithWebIdentity and AssumeRole, "Errors", and "Common Error Types").
const (
	codeAccessDenied     = "AccessDenied"
	codeExpiredToken     = "ExpiredToken"
	codeIDPCommunication = "IDPCommunicationError"
	codeIDPRejectedClaim = "IDPRejectedClaim"
	codeInvalidToken     = "InvalidIdentityToken"
	codeMalformedPolicy  = "MalformedPolicyDocument"
	codePackedPolicy     = "PackedPolicyTooLarge"
	codeRegionDisabled   = "RegionDisabled"
	codeValidation       = "ValidationError"
)

// Error codes for a key that signed a request. The last one is that of Ceph and MinIO.
const (
	codeInvalidClientToken = "InvalidClientTokenId"
	codeUnrecognizedClient = "UnrecognizedClient"
	codeSignature          = "SignatureDoesNotMatch"
	codeInvalidAccessKey   = "InvalidAccessKeyId"
)

// rejectsCredentials reports whether the code means that the credentials that signed a request are
// not accepted, so that new ones may be.
func rejectsCredentials(code string) bool {
	switch code {
	case codeExpiredToken, codeInvalidClientToken, codeUnrecognizedClient, codeInvalidAccessKey:
		return true
	}
	return false
}

// classify returns what a refresh does after a failed attempt. It uses the code and the status. It
// uses the text only for one code, which STS sends for two different failures.
func classify(err error) class {
	code, status := codeOf(err), statusOf(err)
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return repeat
	case code == codeIDPCommunication, throttling(code):
		return repeat
	case code == codeInvalidToken && keyNotRetrieved(err):
		return repeat
	case code == codeExpiredToken, code == codeInvalidToken, code == codeIDPRejectedClaim:
		return replaceToken
	case code != "":
		return giveUp
	}
	// Without a code there was no answer, or an incomplete one.
	switch {
	case isA[smithy.InvalidParamsError](err), isA[*answerError](err), isA[*AccountError](err), isA[*endpointError](err):
		return giveUp
	case isA[*smithyhttp.RequestSendError](err), isA[*smithy.DeserializationError](err), isA[net.Error](err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded):
		return repeat
	}
	return giveUp
}

// isA reports whether err wraps an error of the type.
func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// retryable reports whether a failed refresh may succeed later without any change. The failures
// that need a change are a closed list. An unknown failure counts as an outage, so valid
// credentials are kept.
func retryable(err error) bool {
	if isA[*AccountError](err) || isA[*endpointError](err) {
		return false
	}
	if tok, ok := errors.AsType[*tokenError](err); ok {
		return !tok.permanent
	}
	if isA[smithy.InvalidParamsError](err) {
		return false
	}
	if statusOf(err) >= 500 {
		return true
	}
	switch codeOf(err) {
	case codeInvalidToken:
		return keyNotRetrieved(err)
	case codeAccessDenied, codeIDPRejectedClaim, codeMalformedPolicy, codePackedPolicy, codeRegionDisabled, codeValidation,
		"InvalidAction", "InvalidParameterCombination", "InvalidParameterValue", "InvalidQueryParameter",
		"MalformedQueryString", "MissingAction", "MissingParameter":
		return false
	}
	return true
}

// keyNotRetrieved reports whether an InvalidIdentityToken means that STS could not fetch the keys
// of the issuer, and not that the token is invalid. Both have the same code, so the text decides.
func keyNotRetrieved(err error) bool {
	return strings.Contains(strings.ToLower(messageOf(err)), "retrieve verification key")
}

func throttling(code string) bool {
	if _, ok := awsretry.DefaultThrottleErrorCodes[code]; ok {
		return true
	}
	_, ok := awsretry.DefaultThrottleErrorCodes[code+"Exception"]
	return ok
}

// apiError returns the error answer of the service; nil without one.
func apiError(err error) smithy.APIError {
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() != "UnknownError" {
		return api
	}
	return nil // there is no answer, or the SDK found no code in it
}

// rawCode returns the code as the service sent it; empty without one.
func rawCode(err error) string {
	if api := apiError(err); api != nil {
		return api.ErrorCode()
	}
	return ""
}

// codeOf returns the code without the suffix "Exception".
func codeOf(err error) string { return strings.TrimSuffix(rawCode(err), "Exception") }

func messageOf(err error) string {
	if api := apiError(err); api != nil {
		return api.ErrorMessage()
	}
	return ""
}

// responseOf returns the error that has the answer; nil without an answer.
func responseOf(err error) *smithyhttp.ResponseError {
	re, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || re.Response == nil || re.Response.Response == nil {
		return nil
	}
	return re
}

// statusOf returns the HTTP status of the answer; zero without an answer.
func statusOf(err error) int {
	if re := responseOf(err); re != nil {
		return re.HTTPStatusCode()
	}
	return 0
}

// requestIDOf returns the ID of the failed request; empty without one.
func requestIDOf(err error) string {
	var re interface{ ServiceRequestID() string }
	if errors.As(err, &re) {
		return re.ServiceRequestID()
	}
	if answer, ok := errors.AsType[*answerError](err); ok {
		return answer.requestID
	}
	return ""
}

// isTimeout reports whether there was no answer in time.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// retryAfter returns how long STS, or the API that did not return a token, asked to wait before the
// next request (RFC 9110 section 10.2.3), at most an hour; zero if neither did.
func retryAfter(err error) time.Duration {
	if api, ok := errors.AsType[*idp.RequestError](err); ok {
		return min(api.RetryAfter, time.Hour)
	}
	re := responseOf(err)
	if re == nil {
		return 0
	}
	return min(retry.After(re.Response.Header, time.Now()), time.Hour)
}
