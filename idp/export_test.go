package idp

import (
	"net/http"
	"time"
)

// Internals for the tests of package idp_test.
var (
	RetryInfo   = retryInfo
	Backoff     = backoff
	FindCommand = findCommand
)

const ExecGuard = envExecGuard

// ParseError calls parseError with a fixed host.
func ParseError(status int, header http.Header, body []byte, secret string, now time.Time) *RequestError {
	return parseError("app.gitpod.io", status, header, body, secret, now)
}
