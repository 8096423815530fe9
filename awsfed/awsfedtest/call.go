package awsfedtest

import (
	"slices"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
)

// maxCalls is the largest number of calls in the log, so that a process that runs for weeks does
// not fill its memory.
const maxCalls = 10_000

// A Call is a request to the STS or, only in [STSOptions].OnCall, to a service of [STS.Handle]. It
// contains no secret: of the token it has a fingerprint, and of the credentials the access key ID.
type Call struct {
	// Number counts the calls of STS from 1; 0 for other services.
	Number int
	// Time is the start of the call, by the clock of the process.
	Time time.Time
	// Duration is the time until the response.
	Duration time.Duration
	// Service is the name of the service in signatures, such as "sts".
	Service string
	// Action is the API operation, such as "AssumeRoleWithWebIdentity"; "" if the request is
	// malformed. For a service without named operations, such as S3, it is the HTTP method.
	Action string
	// RoleARN and SessionName are those in the request; for other services than STS, those of the
	// caller.
	RoleARN, SessionName string
	// Seconds is the DurationSeconds of the request; 0 if the request has no DurationSeconds.
	Seconds int
	// Token is the fingerprint of the ID token, equal to idp.Token.Fingerprint.
	Token string
	// AccessKeyID is that of the issued credentials or, for GetCallerIdentity and other services, of
	// the caller.
	AccessKeyID string
	// Status is the HTTP status of the response; 0 if there was none.
	Status int
	// Code is AWS's error code; "" if the call succeeded.
	Code string
	// Reason is why the call failed. If AWS gives less in its message, the response does not
	// contain it. It is "" if the call succeeded.
	Reason string
	// Decision is the decision of the trust policy if it refused the call, and nil otherwise.
	Decision *trust.Decision
	// Fault reports whether a [Fault] applied.
	Fault bool
	// RequestID is the ID in the response.
	RequestID string
	// UserAgent is the header of the request.
	UserAgent string
}

// OK reports whether the call succeeded.
func (c Call) OK() bool { return c.Status/100 == 2 && c.Code == "" }

// addCall adds a call of STS to the log, and gives it to OnCall.
func (s *STS) addCall(c Call) {
	s.mu.Lock()
	if len(s.calls) == maxCalls {
		// Removing half of the calls at once keeps the average cost constant.
		s.calls = append(s.calls[:0], s.calls[maxCalls/2:]...)
	}
	s.calls = append(s.calls, c)
	s.mu.Unlock()
	if s.onCall != nil {
		s.onCall(c)
	}
}

// Calls returns the calls of STS in the order in which they ended. If there are many, only the last
// 5,000 to 10,000 are kept.
func (s *STS) Calls() []Call {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.calls)
}
