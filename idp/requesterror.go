package idp

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

// Errors that a [*RequestError] matches with errors.Is.
var (
	// ErrUnauthenticated reports that the API does not accept the API token: it is wrong, expired or
	// revoked, belongs to an environment that was stopped, or was sent to the wrong host.
	ErrUnauthenticated = errors.New("idp: the API token was not accepted")
	// ErrPlan reports that the plan or the settings of the organization do not allow ID tokens.
	ErrPlan = errors.New("idp: the organization's plan or settings do not allow ID tokens")
)

// Codes of the Connect protocol (https://connectrpc.com/docs/protocol#error-codes).
const (
	codeUnauthenticated    = "unauthenticated"
	codePermissionDenied   = "permission_denied"
	codeFailedPrecondition = "failed_precondition"
	codeResourceExhausted  = "resource_exhausted"
	codeUnavailable        = "unavailable"
	codeUnimplemented      = "unimplemented"
	codeInternal           = "internal"
	codeUnknown            = "unknown"
)

// temporaryCode reports whether a code is temporary, and whether the protocol defines it. A request
// for a token changes nothing on the server, so it may be repeated after every code that is not
// about the request itself.
func temporaryCode(code string) (temporary, known bool) {
	switch code {
	case "canceled", codeUnknown, "deadline_exceeded", codeResourceExhausted, "aborted", codeInternal, codeUnavailable, "data_loss":
		return true, true
	case "invalid_argument", "not_found", "already_exists", codePermissionDenied, codeFailedPrecondition, "out_of_range",
		codeUnimplemented, codeUnauthenticated:
		return false, true
	}
	return true, false
}

// inferCode returns the code for an HTTP status, for answers that are not errors of the Connect
// protocol (https://connectrpc.com/docs/protocol#http-to-error-code).
func inferCode(status int) string {
	switch status {
	case http.StatusBadRequest:
		return codeInternal
	case http.StatusUnauthorized:
		return codeUnauthenticated
	case http.StatusForbidden:
		return codePermissionDenied
	case http.StatusNotFound:
		return codeUnimplemented
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codeUnavailable
	}
	return codeUnknown
}

// A RequestError is an answer of the Ona API that is not a token. To decide what to do, use
// errors.Is, Temporary, Code and StatusCode, not the text:
//
//	if errors.Is(err, idp.ErrUnauthenticated) {
//		return errors.New("log in again")
//	}
//	if e, ok := errors.AsType[*idp.RequestError](err); ok && e.Temporary() {
//		retryIn(e.RetryAfter)
//	}
type RequestError struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Code is the Connect error code, such as "permission_denied". If a proxy or gateway answered
	// instead of the API, Code is the one that the protocol assigns to the status.
	Code string
	// Message is the text of the server, without anything that looks like a token, cut to 500 bytes.
	// Quote it before you print it.
	Message string
	// RetryAfter is how long the server asks clients to wait, or 0.
	RetryAfter time.Duration
	// Host is the host that answered, after redirects.
	Host string

	// inferred means that Code results from the status.
	inferred bool
	// sentAudience is the audience if an ID token was sent as the API token, a common mistake.
	sentAudience []string
}

const (
	// maxMessage is how many bytes of a server's message are kept, and maxShownMessage how many of
	// them Error prints.
	maxMessage      = 500
	maxShownMessage = 100

	// settingsURL is the page on which an administrator configures ID tokens.
	settingsURL = Issuer + "/settings/security/oidc"
)

// Error returns the code, the message and the next step.
func (e *RequestError) Error() string {
	var b strings.Builder
	host := e.Host
	if host == "" {
		host = "the API" // an error that a test double made
	}
	fmt.Fprintf(&b, "idp: %s refused to issue an ID token: %s (HTTP status %d)", host, e.Code, e.StatusCode)
	if e.Message != "" {
		b.WriteString(": " + quote.Text(e.Message, maxShownMessage))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; retry after %s", e.RetryAfter)
	}
	if next := e.nextStep(); next != "" {
		b.WriteString("; " + next)
	}
	return b.String()
}

// nextStep returns what a person can do, or "".
func (e *RequestError) nextStep() string {
	switch e.Code {
	case codeUnauthenticated:
		if len(e.sentAudience) > 0 {
			return "an ID token was sent instead of an API token (audience " + quote.Text(strings.Join(e.sentAudience, " "), 60) + ")"
		}
		return "create a new API token, or restart the environment that it belongs to"
	case codeFailedPrecondition:
		return "check the organization's plan and " + settingsURL
	case codePermissionDenied:
		if !e.inferred {
			return "the API token may be read-only"
		}
	}
	if e.inferred {
		return "a proxy or gateway answered, not the API"
	}
	return ""
}

// Temporary reports whether the same request may succeed later without a change by a person. It is
// false for codes about the request or the caller, such as "invalid_argument" and
// "unauthenticated". An answer of a proxy or a gateway is temporary, except for status 401.
func (e *RequestError) Temporary() bool {
	if e.inferred {
		return e.StatusCode != http.StatusUnauthorized
	}
	temporary, _ := temporaryCode(e.Code)
	return temporary
}

// Is reports whether target is [ErrUnauthenticated] or [ErrPlan] and matches the code.
func (e *RequestError) Is(target error) bool {
	switch target {
	case ErrUnauthenticated:
		return e.Code == codeUnauthenticated
	case ErrPlan:
		return e.Code == codeFailedPrecondition
	}
	return false
}

// shouldRetry reports whether a call retries by itself. It is stricter than Temporary for answers
// that the API did not write: a gateway that answers 403 will do so a second later, too.
func (e *RequestError) shouldRetry() bool {
	if !e.inferred {
		return e.Temporary()
	}
	switch e.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.StatusCode >= http.StatusInternalServerError
}

// errorBody is the JSON form of an error in the Connect protocol.
type errorBody struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Details []errorDetail `json:"details"`
}

type errorDetail struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// parseError returns the error of an answer whose status is not 200. It removes secret from the text
// of the server. now is for a Retry-After with a date.
func parseError(host string, status int, header http.Header, body []byte, secret string, now time.Time) *RequestError {
	e := &RequestError{StatusCode: status, Host: host, RetryAfter: retry.After(header, now)}
	var b errorBody
	err := json.Unmarshal(body, &b)
	if _, known := temporaryCode(b.Code); err != nil || !known {
		e.Code, e.inferred = inferCode(status), true
		return e // an HTML page says no more than the status
	}
	e.Code, e.Message = b.Code, clip(quote.Scrub(b.Message, secret), maxMessage) // scrub first: a secret that is cut may not be recognized
	for _, d := range b.Details {
		if d.Type == retryInfoType {
			e.RetryAfter = max(e.RetryAfter, retryInfo(d.Value))
		}
	}
	return e
}

func clip(s string, limit int) string { return s[:min(len(s), limit)] }
