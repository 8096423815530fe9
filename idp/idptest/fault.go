package idptest

import (
	"net/http"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/fakehttp"
)

// The paths of the documents below the issuer URL, for [Fault] and [Request].
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	JWKSPath      = "/.well-known/jwks.json"
)

// A Fault describes how the issuer misbehaves. Its fields can be combined: the delay comes first,
// then the response, or no response. The zero Fault changes nothing.
type Fault struct {
	// Path limits the fault to requests whose path ends with it, such as [JWKSPath]; "" means all
	// requests.
	Path string
	// Times is the number of requests that the fault applies to; 0 means all, until it is removed.
	Times int

	// Delay is the time before the response. The wait ends early when the request's context ends.
	Delay time.Duration
	// Hang gives no response: the request ends with its context.
	Hang bool
	// Err breaks the connection before the response. A client in memory returns Err; on a
	// connection the client sees a reset.
	Err error
	// Status replaces the status of the response. Without Body the response is then empty.
	Status int
	// Header is added to the response and replaces fields of the same name; a nil value removes a
	// field.
	Header http.Header
	// Body replaces the body of the response unless it is nil.
	Body []byte
	// Truncate breaks the connection in the middle of the body.
	Truncate bool
}

// Inject adds a fault and returns a function that removes it.
//
// Of the faults that match a request, the earliest applies. A fault that only delays leaves the
// request to the next matching fault; the delays add up.
func (i *Issuer) Inject(f Fault) (remove func()) {
	return i.faults.Add(f, fakehttp.Rule{Times: f.Times, Delay: f.Delay, DelaysOnly: f.delaysOnly()})
}

// ClearFaults removes all faults.
func (i *Issuer) ClearFaults() { i.faults.Clear() }

// fault returns the fault that applies to a request, with the sum of the delays.
func (i *Issuer) fault(path string) Fault {
	f, delay, _ := i.faults.Take(func(f Fault) bool { return strings.HasSuffix(path, f.Path) })
	f.Delay = delay
	return f
}

// delaysOnly reports whether the fault leaves the response as it is.
func (f Fault) delaysOnly() bool {
	return !f.Hang && f.Err == nil && f.Status == 0 && f.Header == nil && f.Body == nil && !f.Truncate
}
