package awsfed

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// maxError is the length of the text of an [AssumeRoleError] in bytes.
	maxError = 300

	// maxShown is how many bytes of untrusted text other messages show.
	maxShown = 300
)

// An AssumeRoleError reports that there are no credentials for a role. Find it with [errors.As]:
//
//	var e *awsfed.AssumeRoleError
//	if errors.As(err, &e) && e.Code == "AccessDenied" {
//		fmt.Println(e.NextStep())
//	}
type AssumeRoleError struct {
	// RoleARN is the role that was requested: of a chain, the role of the step that failed.
	RoleARN string
	// Step is the step of a chain that failed, and Steps is how many it has. The first step is the
	// exchange of the token. Both are zero without a chain.
	Step, Steps int
	// SessionName is the session that was requested; empty if it depends on a token that could not
	// be fetched.
	SessionName string
	// Issuer, Audience and Subject are those of the token that STS got, empty if it got none.
	// Audience is the one that AWS evaluates: azp if the token has it. Subject is not redacted and
	// may be personal data; Error does not show it.
	Issuer, Audience, Subject string
	// Code is the error code as STS sent it; empty if STS did not answer with an error.
	Code string
	// RequestID is the ID that STS gave the request, as in CloudTrail; may be empty.
	RequestID string
	// Err is the cause: an error of the AWS SDK that wraps the smithy.APIError of the answer, or an
	// error of the token source or of this package.
	Err error

	request *trust.Request // what a trust policy can test; nil if STS got no token
	next    *nextRequest   // nil in the first step
}

func newAssumeRoleError(roleARN string, err error) *AssumeRoleError {
	e := &AssumeRoleError{RoleARN: roleARN, Err: err}
	if _, ok := err.(*tokenError); !ok { //nolint:errorlint // a token error joined with an answer of STS does not count
		// A token source may call AWS too, and its error is not an answer to this request.
		e.Code, e.RequestID = rawCode(err), requestIDOf(err)
	}
	return e
}

// setToken sets what STS knows from the token.
func (e *AssumeRoleError) setToken(c claims.Claims) {
	e.Issuer, e.Subject, e.Audience = c.Issuer, c.Subject, audienceOf(c)
	rq := trust.NewRequest(c, trust.Params{RoleARN: e.RoleARN, SessionName: e.SessionName})
	e.request = &rq
}

// Error names the role, the answer of STS or the cause, and the request ID, in at most 300 bytes.
// Untrusted text is quoted. [AssumeRoleError.NextStep] says what to check.
func (e *AssumeRoleError) Error() string {
	prefix := "awsfed: assuming role " + fit(quote.Text(shortARN(e.RoleARN), 110), 120) + e.step() + ": "
	suffix := ""
	if e.RequestID != "" {
		suffix = " (request " + fit(quote.Clean(e.RequestID, 48), 60) + ")"
	}
	limit := maxError - len(prefix) - len(suffix)
	return prefix + fit(e.reason(limit), limit) + suffix
}

// step returns the step of a chain, for messages.
func (e *AssumeRoleError) step() string {
	if e.Steps == 0 {
		return ""
	}
	return fmt.Sprintf(" (step %d of %d)", e.Step, e.Steps)
}

// reason returns the answer of STS or the cause. The text of an answer has at most limit bytes.
func (e *AssumeRoleError) reason(limit int) string {
	if e.Code == "" {
		return causeText(e.Err)
	}
	text := "STS answered " + quote.Clean(e.Code, 64)
	then := ""
	if tok, ok := errors.AsType[*tokenError](e.Err); ok {
		then = fit("; then: "+tok.Error(), limit/2)
	}
	if msg := messageOf(e.Err); msg != "" {
		text += ": " + quote.Text(quote.Scrub(msg), max(limit-len(text)-len(then)-len(`: ""...`), 0))
	}
	return fit(text, limit-len(then)) + then
}

// fit returns s, which is ASCII, or its beginning with "..." if it has more than n bytes.
func fit(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:max(n-len("..."), 0)] + "..."
}

// shortARN returns the ARN of a role without its path if it is long.
func shortARN(s string) string {
	a, _ := arn.Parse(s)
	if _, name, ok := a.Role(); ok && len(s) > 110 {
		return fmt.Sprintf("arn:%s:iam::%s:role/.../%s", a.Partition, a.Account, name)
	}
	return s
}

// Format prints Error for every verb. Other verbs would print the fields, and with them the
// subject.
func (e *AssumeRoleError) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", e.Error())
		return
	}
	_, _ = io.WriteString(f, e.Error())
}

// MarshalText returns Error, so that JSON and structured logs do not contain the subject.
func (e *AssumeRoleError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns Err.
func (e *AssumeRoleError) Unwrap() error { return e.Err }

// Retryable reports whether the same call may succeed later without any change. It is false for a
// refusal of STS or of the token source, and true for outages and unknown errors. It depends on
// codes, not on text.
func (e *AssumeRoleError) Retryable() bool { return retryable(e.Err) }

// An AccountError reports that a role or an answer belongs to another account than
// [Options].ExpectedAccount.
type AccountError struct {
	// Got and Want are account IDs.
	Got, Want string
}

// Error names both accounts.
func (e *AccountError) Error() string {
	return fmt.Sprintf("the role is in account %s, expected %s", quote.Text(e.Got, 40), quote.Text(e.Want, 40))
}

// A tokenError is an error of the token source.
type tokenError struct {
	source    string
	err       error
	permanent bool // the source says so
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("cannot get an ID token from %s: %s", quote.Clean(e.source, 100), causeText(e.err))
}

func (e *tokenError) Unwrap() error { return e.err }

// causeText returns the text of an error that may contain text of a server.
func causeText(err error) string {
	if err == nil {
		return "unknown cause"
	}
	text := strings.TrimSpace(err.Error())
	switch err.(type) { //nolint:errorlint // an error around one of these may have a text of its own
	case *idp.SourceError, *tokenError: // without secrets, and with paths and names that look like one
	default:
		text = quote.Scrub(text)
	}
	return quote.Clean(text, 2*maxShown)
}
