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

// What a [*RequestError] can be by errors.Is, for callers who tell a person what to do.
var (
	// ErrUnauthenticated: the API does not know the API token. It is missing, mistyped, expired or revoked, or belongs to an
	// environment that was stopped; or it went to a host other than the one that issued it.
	ErrUnauthenticated = errors.New("idp: the API token was not accepted")
	// ErrPlan: the organization cannot have ID tokens as things stand: its plan does not include them, or a setting is missing.
	ErrPlan = errors.New("idp: the organization's plan or settings do not allow ID tokens")
)

// Codes of the Connect protocol (https://connectrpc.com/docs/protocol#error-codes) that something here depends on.
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

// temporaryCode tells for each code of the protocol whether asking again may help. Getting a token changes nothing on the server,
// so everything that is not a judgement about the request may be repeated.
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

// inferCode returns the code that an answer stands for that is not in the Connect protocol's own form, by the protocol's table
// (https://connectrpc.com/docs/protocol#http-to-error-code).
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

// A RequestError is an answer of the Ona API other than a token. Whatever its text says, decide by Code, StatusCode, Temporary
// and errors.Is with [ErrUnauthenticated] or [ErrPlan]:
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
	// Code is the Connect error code in its lower-case spelling, such as "permission_denied". When the answer was not an error of
	// the API's, but of something before it, Code is the one that the protocol assigns to the status.
	Code string
	// Message is the server's text, cut, without anything that looks like a token. It is text of the server's: print it quoted.
	Message string
	// RetryAfter is how long the server asks to be left alone; 0 when it does not say.
	RetryAfter time.Duration
	// Host is who answered, after redirects.
	Host string

	// inferred tells that Code was not said by the server.
	inferred bool
	// sentAudience is the audience of the API token when that is a JWT, for the one who mistook an ID token for one.
	sentAudience []string
}

// Error implements error.
func (e *RequestError) Error() string {
	var b strings.Builder
	host := e.Host
	if host == "" {
		host = "the API" // an error made by a test double
	}
	fmt.Fprintf(&b, "idp: %s refused to issue an ID token: %s (HTTP status %d)", host, e.Code, e.StatusCode)
	if e.Message != "" {
		b.WriteString(": " + quote.Text(e.Message, messageText))
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; it asks to wait %s", e.RetryAfter)
	}
	if h := e.hint(); h != "" {
		b.WriteString("; " + h)
	}
	return b.String()
}

// hint is the next step that a person can take.
func (e *RequestError) hint() string {
	switch e.Code {
	case codeUnauthenticated:
		if len(e.sentAudience) > 0 {
			return "what was sent as the API token is a JWT for the audience " + quote.Text(strings.Join(e.sentAudience, " "), nameText) + ", and an ID token does not open the API"
		}
		return "the API token is wrong, expired or revoked: make a new one, or restart the environment that it belongs to"
	case codeFailedPrecondition:
		return "the organization's plan or its settings (" + settingsURL + ") may not include ID tokens"
	case codePermissionDenied:
		if !e.inferred {
			return "the API token may not do this (a read-only one?)"
		}
	}
	if e.inferred {
		return "the answer did not come from the API itself but from something before it"
	}
	return ""
}

// settingsURL is the page where an administrator chooses what the organization's tokens look like.
const settingsURL = Issuer + "/settings/security/oidc"

// messageText is how many bytes of the server's message are kept.
const messageText = 500

// Temporary reports whether the same question may get a better answer later without anybody acting. It is false for the
// codes that judge the request or the caller. An answer that the API itself did not write is temporary, since what stands before
// it (a proxy, a gateway, a maintenance page) says nothing about us; but for 401, which means the same from whoever says it.
func (e *RequestError) Temporary() bool {
	if e.inferred {
		return e.StatusCode != http.StatusUnauthorized
	}
	temporary, _ := temporaryCode(e.Code)
	return temporary
}

// Is makes errors.Is find [ErrUnauthenticated] and [ErrPlan].
func (e *RequestError) Is(target error) bool {
	switch target {
	case ErrUnauthenticated:
		return e.Code == codeUnauthenticated
	case ErrPlan:
		return e.Code == codeFailedPrecondition
	}
	return false
}

// retry reports whether the client itself asks again within one call. That is stricter than Temporary for answers that the API did
// not write: a gateway that says 403 will say so in a second as well.
func (e *RequestError) retry() bool {
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

// parseError makes an error of an answer whose status is not 200. secret is removed from the server's text. now is for a
// Retry-After that is a date.
func parseError(host string, status int, header http.Header, body []byte, secret string, now time.Time) *RequestError {
	e := &RequestError{StatusCode: status, Host: host, RetryAfter: retry.After(header, now)}
	var b errorBody
	err := json.Unmarshal(body, &b)
	if _, known := temporaryCode(b.Code); err != nil || !known {
		e.Code, e.inferred = inferCode(status), true
		return e // a page of HTML explains nothing that the status does not
	}
	e.Code, e.Message = b.Code, clip(quote.Scrub(clip(b.Message, 4*messageText), secret), messageText)
	for _, d := range b.Details {
		if d.Type == retryInfoType {
			e.RetryAfter = max(e.RetryAfter, retryInfo(d.Value))
		}
	}
	return e
}

func clip(s string, limit int) string { return s[:min(len(s), limit)] }
