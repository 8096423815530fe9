package idp

import (
	"net/http"
	"time"
)

// What tests of package idp_test look at from inside.
var (
	RetryInfo   = retryInfo
	Backoff     = backoff
	FindCommand = findCommand
)

const ExecGuard = envExecGuard

// ParseError is parseError with a fixed host.
func ParseError(status int, header http.Header, body []byte, secret string, now time.Time) *RequestError {
	return parseError("app.gitpod.io", status, header, body, secret, now)
}
