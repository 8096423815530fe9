package awsfedtest

import (
	"net/http"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// A Fault describes how the STS misbehaves. Its fields combine: the delay comes first, then the
// response, or its absence. The zero Fault changes nothing.
type Fault struct {
	// Action and RoleARN limit the fault to calls of an API operation and for a role; "" means all
	// calls.
	Action, RoleARN string
	// Times is the number of calls that the fault applies to; 0 means all, until the fault is
	// removed.
	Times int

	// Delay is the time before the response. The wait ends early when the request's context ends.
	Delay time.Duration
	// Hang gives no response: the request ends with its context.
	Hang bool
	// Err breaks the connection before the response. A client in memory returns Err, for example
	// [syscall.ECONNRESET]; on a connection the client sees a reset.
	Err error
	// Code makes the response an error with this code, for example "ThrottlingException".
	Code string
	// Message is the text of that error; "" means the text that AWS sends with the code.
	Message string
	// Status replaces the status of the response. Without Code and Body the response is then empty.
	Status int
	// Header is added to the response and replaces fields of the same name, for example
	// Retry-After; a nil value removes a field.
	Header http.Header
	// Body replaces the body of the response unless it is nil, for example by the page of a proxy.
	Body []byte
	// Truncate breaks the connection in the middle of the body. The call is carried out.
	Truncate bool
}

// delaysOnly reports whether the fault leaves the response as it is.
func (f Fault) delaysOnly() bool {
	return !f.Hang && f.Err == nil && f.Code == "" && f.Status == 0 && f.Header == nil && f.Body == nil && !f.Truncate
}

// replacesResponse reports whether the fault makes the response, so that the call is not carried
// out.
func (f Fault) replacesResponse() bool { return f.Code != "" || f.Status != 0 || f.Body != nil }

// Inject adds a fault and returns a function that removes it.
//
// Of the faults that match a call, the earliest applies. A fault that only delays leaves the call
// to the next matching fault; the delays add up.
func (s *STS) Inject(f Fault) (remove func()) {
	return s.faults.Add(f, fakehttp.Rule{Times: f.Times, Delay: f.Delay, DelaysOnly: f.delaysOnly()})
}

// ClearFaults removes all faults. It does not end an outage, see [STS.Outage].
func (s *STS) ClearFaults() { s.faults.Clear() }

// Outage starts or ends an outage of the whole service: during it, every call fails with status 500
// and the code InternalFailure. Faults do not apply.
func (s *STS) Outage(on bool) { s.outage.Store(on) }

// SkewClock sets the clock of the STS ahead of the clock of this process, or behind it if ahead is
// negative. It changes the Date header, the expiration of credentials, and the decisions about
// tokens and signatures.
func (s *STS) SkewClock(ahead time.Duration) { s.clockSkew.Store(int64(ahead)) }

// now returns the time by the clock of the STS.
func (s *STS) now() time.Time { return time.Now().Add(time.Duration(s.clockSkew.Load())) }

// fault returns the fault that applies to a call, with the sum of the delays, and reports whether
// there is one.
func (s *STS) fault(action, roleARN string) (f Fault, found bool) {
	if s.outage.Load() {
		return Fault{Code: "InternalFailure"}, true
	}
	f, delay, found := s.faults.Take(func(f Fault) bool {
		return (f.Action == "" || f.Action == action) && (f.RoleARN == "" || f.RoleARN == roleARN)
	})
	f.Delay = delay
	return f, found
}

// injected is the Reason in the log when a fault made the response.
const injected = "injected"
