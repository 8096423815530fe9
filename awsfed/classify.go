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

// A class is what a failed request calls for within the same refresh.
type class uint8

const (
	// over: this refresh has failed.
	over class = iota
	// again: the same request may succeed in a moment.
	again
	// otherToken: the token was not taken; another one may be.
	otherToken
)

// Codes as on the wire, without the "Exception" that some pages and servers
// add: API_AssumeRoleWithWebIdentity, "Errors", and CommonErrors.
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

// classify tells what to do about a failed request. It goes by code and status;
// the text decides in one case only, where STS has one code for two things.
func classify(err error) class {
	code, status := codeOf(err), statusOf(err)
	switch {
	case status >= 500 || status == http.StatusTooManyRequests:
		return again
	case code == codeIDPCommunication, throttling(code):
		return again
	case code == codeInvalidToken && keyNotRetrieved(err):
		return again
	case code == codeExpiredToken, code == codeInvalidToken, code == codeIDPRejectedClaim:
		return otherToken
	case code != "":
		return over
	}
	// Without a code there was no answer, or half of one.
	var (
		params  smithy.InvalidParamsError
		noGood  *answerError
		account *AccountError
		sent    *smithyhttp.RequestSendError
		broken  *smithy.DeserializationError
		network net.Error
	)
	switch {
	case errors.As(err, &params), errors.As(err, &noGood), errors.As(err, &account):
		return over
	case errors.As(err, &sent), errors.As(err, &broken), errors.As(err, &network),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, context.DeadlineExceeded):
		return again
	}
	return over
}

// recoverable reports whether a failed refresh may succeed later with nobody
// changing anything. The failures that cannot are a closed list: what we do not
// know is taken for an outage, through which valid credentials are kept.
func recoverable(err error) bool {
	var account *AccountError
	if errors.As(err, &account) {
		return false
	}
	var tok *tokenError
	if errors.As(err, &tok) {
		return !tok.lasting
	}
	var params smithy.InvalidParamsError
	if errors.As(err, &params) {
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

// keyNotRetrieved reports whether an InvalidIdentityToken is about the issuer's
// keys, which STS could not fetch, and not about the token. No code tells them
// apart, so the text must.
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

// apiError returns the answer that is an error of STS's; nil without one.
func apiError(err error) smithy.APIError {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() != "UnknownError" {
		return api
	}
	return nil // or an answer in which the SDK found no code
}

// rawCode returns the code of the answer as it was written; empty without one.
func rawCode(err error) string {
	if api := apiError(err); api != nil {
		return api.ErrorCode()
	}
	return ""
}

// codeOf returns the code without the "Exception" that some spellings have.
func codeOf(err error) string { return strings.TrimSuffix(rawCode(err), "Exception") }

func messageOf(err error) string {
	if api := apiError(err); api != nil {
		return api.ErrorMessage()
	}
	return ""
}

// statusOf returns the HTTP status of the answer; zero without one.
func statusOf(err error) int {
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) {
		return re.HTTPStatusCode()
	}
	return 0
}

// requestIDOf returns the id of the failed request; empty without one.
func requestIDOf(err error) string {
	var re interface{ ServiceRequestID() string }
	if errors.As(err, &re) {
		return re.ServiceRequestID()
	}
	var answer *answerError
	if errors.As(err, &answer) {
		return answer.requestID
	}
	return ""
}

// isTimeout reports whether nothing came back in time.
func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// retryAfter returns the pause that the server asked for, STS in seconds or as
// a date (RFC 9110 section 10.2.3), or the API that the token did not come
// from; zero if neither did.
func retryAfter(err error) time.Duration {
	var api *idp.RequestError
	if errors.As(err, &api) {
		return min(api.RetryAfter, time.Hour)
	}
	var re *smithyhttp.ResponseError
	if !errors.As(err, &re) || re.Response == nil {
		return 0
	}
	return min(retry.After(re.Response.Header, time.Now()), time.Hour)
}
