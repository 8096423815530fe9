package awsfedtest

import (
	"slices"
	"sync"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
)

// loggedCalls is how many calls an STS remembers: enough for a test, and a bound for a process that runs for weeks.
const loggedCalls = 10_000

// Call is one request as the STS saw it. It holds no secret: the token is a fingerprint, and neither its claims nor keys other than
// the access key id are kept.
type Call struct {
	// Number counts all calls from 1.
	Number int
	// Time is when the call came in, by the clock of the process.
	Time time.Time
	// Duration is how long the answer took.
	Duration time.Duration
	// Action is the API operation, for example "AssumeRoleWithWebIdentity". It is empty when the request could not be read.
	Action string
	// RoleARN and SessionName are the role asked for and the name given to the session.
	RoleARN, SessionName string
	// Seconds is the DurationSeconds that was asked for, 0 when none was.
	Seconds int
	// Token is the fingerprint of the ID token, as idp.Token's method of that name gives it. Equal fingerprints mean that a client
	// sent the same token again.
	Token string
	// AccessKeyID is the key that was given out, or, for GetCallerIdentity, the one that signed.
	AccessKeyID string
	// Status is the HTTP status of the answer, 0 when there was none.
	Status int
	// Code is AWS's error code. It is empty when the call succeeded.
	Code string
	// Reason says what the answer keeps to itself, as AWS's answers do: which check refused, and why.
	Reason string
	// Decision is the decision of the role's trust policy if the policy refused the call, and nil otherwise.
	// Print its Explain().Text().
	Decision *trust.Decision
	// Fault tells that an injected fault took part.
	Fault bool
	// RequestID is the id in the answer.
	RequestID string
	// UserAgent is what the client called itself.
	UserAgent string
}

// OK reports whether the call succeeded.
func (c Call) OK() bool { return c.Status == 200 && c.Code == "" }

type callLog struct {
	mu    sync.Mutex // guards what follows
	calls []Call
	total int
}

// begin takes the number of a call.
func (l *callLog) begin() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total++
	return l.total
}

func (l *callLog) add(c Call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.calls) == loggedCalls {
		// Dropping half at a time keeps the cost of a call constant.
		l.calls = append(l.calls[:0], l.calls[loggedCalls/2:]...)
	}
	l.calls = append(l.calls, c)
}

// Calls returns the calls that were answered or broken off, in the order in which they ended. Of many calls only the last 5,000 to 10,000 are kept.
func (s *STS) Calls() []Call {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.calls)
}
