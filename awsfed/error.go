package awsfed

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/quote"
)

// maxShown is how much of a name from outside an error shows.
const maxShown = 300

// An AssumeRoleError says that there are no credentials for a role, and what to
// do about it. Find it with [errors.As]:
//
//	var e *awsfed.AssumeRoleError
//	if errors.As(err, &e) && e.Code == "AccessDenied" {
//		fmt.Println(e.NextStep())
//	}
type AssumeRoleError struct {
	// RoleARN is the role that was asked for.
	RoleARN string
	// SessionName is the session that was asked for; empty if it depends on a
	// token that did not come.
	SessionName string
	// Issuer, Audience and Subject are those of the token that STS got, empty
	// if it got none. Audience is what AWS looks at: azp if the token has it.
	// Subject is unredacted and may be personal data; Error redacts it.
	Issuer, Audience, Subject string
	// Code is STS's code, as on the wire; empty if there was no answer of
	// STS's, or not an error.
	Code string
	// RequestID is STS's id of the request, as CloudTrail has it; may be empty.
	RequestID string
	// Err is the cause: an error of the AWS SDK, with the answer's
	// smithy.APIError in it, of the token source, or of this package.
	Err error

	seen *trust.Request // what a trust policy can ask for; nil if STS got no token
}

func newAssumeRoleError(roleARN string, err error) *AssumeRoleError {
	e := &AssumeRoleError{RoleARN: roleARN, Err: err}
	if _, ok := err.(*tokenError); !ok { //nolint:errorlint // one beside an answer of STS's does not count
		// A source may ask AWS itself, and what it is told is not STS's answer.
		e.Code, e.RequestID = rawCode(err), requestIDOf(err)
	}
	return e
}

// sawToken notes what STS saw of the token.
func (e *AssumeRoleError) sawToken(c claims.Claims) {
	e.Issuer, e.Subject = c.Issuer, c.Subject
	e.Audience = strings.Join(c.Audience, " ")
	if c.AuthorizedParty != "" {
		e.Audience = c.AuthorizedParty
	}
	rq := trust.NewRequest(c, trust.Params{RoleARN: e.RoleARN, SessionName: e.SessionName})
	e.seen = &rq
}

// Error names the role, the session, STS's answer and what to do. The subject
// is redacted, text from outside is quoted and cut.
func (e *AssumeRoleError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "awsfed: assuming role %s", quote.Text(e.RoleARN, maxShown))
	if e.SessionName != "" {
		fmt.Fprintf(&b, " as session %s", quote.Text(e.SessionName, 64))
	}
	if e.Subject != "" {
		fmt.Fprintf(&b, " for subject %s of %s", claims.RedactSubject(e.Subject), quote.Text(e.Issuer, 100))
	}
	b.WriteString(": ")
	if msg := messageOf(e.Err); e.Code != "" {
		fmt.Fprintf(&b, "STS answered %s", quote.Clean(e.Code, 64))
		if msg != "" {
			fmt.Fprintf(&b, ": %s", quote.Text(quote.Scrub(msg), maxShown))
		}
		if tok, ok := errors.AsType[*tokenError](e.Err); ok {
			fmt.Fprintf(&b, "; then: %v", tok)
		}
	} else {
		b.WriteString(causeText(e.Err))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", quote.Clean(e.RequestID, 64))
	}
	if next := e.NextStep(); next != "" {
		fmt.Fprintf(&b, "; %s", next)
	}
	return b.String()
}

// Format prints Error whatever the verb, since any other would print the
// fields, and with them the subject.
func (e *AssumeRoleError) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprintf(f, "%q", e.Error())
		return
	}
	_, _ = io.WriteString(f, e.Error())
}

// MarshalText is Error, so that a [RefreshEvent] and a [Status] in JSON or in a
// structured log do not have the subject.
func (e *AssumeRoleError) MarshalText() ([]byte, error) { return []byte(e.Error()), nil }

// Unwrap returns Err.
func (e *AssumeRoleError) Unwrap() error { return e.Err }

// Retryable reports whether the same call may succeed later with nobody
// changing anything. It goes by codes and not by text: false for what STS or
// the token source refused, true for outages and for what is not known.
func (e *AssumeRoleError) Retryable() bool { return recoverable(e.Err) }

// An AccountError says that a role or an answer is of another account than
// [Options].ExpectedAccount.
type AccountError struct {
	// Got and Want are account ids.
	Got, Want string
}

// Error names both accounts.
func (e *AccountError) Error() string {
	return fmt.Sprintf("the role is in account %s, expected %s", quote.Text(e.Got, 40), quote.Text(e.Want, 40))
}

// A tokenError is the failure of the token source.
type tokenError struct {
	source  string
	err     error
	lasting bool // the source says that it does not pass
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("no ID token from %s: %s", quote.Clean(e.source, 100), causeText(e.err))
}

func (e *tokenError) Unwrap() error { return e.err }

// An answerError is an answer that is no error and of no use.
type answerError struct {
	requestID, reason string
	expired           bool // by the clock of this machine, which may be wrong
}

func (e *answerError) Error() string { return e.reason }

// causeText returns the text of an error that may repeat what a server said.
func causeText(err error) string {
	if err == nil {
		return "unknown cause"
	}
	return quote.Clean(quote.Scrub(strings.TrimSpace(err.Error())), 2*maxShown)
}
