package httpjson

import (
	"fmt"

	"github.com/onafed/onafed/internal/quote"
)

// errorText is the number of bytes of a URL or of another error that an error shows.
const errorText = 200

// A URLError reports why [CheckURL] refuses a URL.
type URLError struct {
	URL    string // without user information
	Reason string
}

func (e *URLError) Error() string {
	return fmt.Sprintf("URL %s: %s", quote.Text(e.URL, errorText), e.Reason)
}

// A TransportError reports that there was no answer: the name did not resolve, the connection or
// TLS failed, or the time limit passed. errors.Is finds context.Canceled and
// context.DeadlineExceeded.
type TransportError struct {
	Method string
	Host   string // host and port of the server
	Err    error
}

func (e *TransportError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Method, e.Host, quote.Clean(e.Err.Error(), errorText))
}

func (e *TransportError) Unwrap() error { return e.Err }

// Temporary returns true. It hides the Temporary methods of network and system errors, which report
// a refused connection as permanent.
func (e *TransportError) Temporary() bool { return true }

// A RedirectError reports a redirect to a URL that must not receive the request and its headers.
type RedirectError struct {
	StatusCode int
	From       string // host and port of the server
	To         string // the Location header
	Reason     string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s answered %d with a redirect to %s: %s", e.From, e.StatusCode, quote.Text(e.To, errorText), e.Reason)
}

// A LimitError reports that the body of an answer was larger than the limit.
type LimitError struct {
	Host  string
	Limit int64 // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: answer is larger than %d bytes", e.Host, e.Limit)
}
