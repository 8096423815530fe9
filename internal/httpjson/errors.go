package httpjson

import (
	"context"
	"errors"
	"fmt"

	"github.com/onafed/onafed/internal/quote"
)

// errorText is how many bytes of foreign text an error repeats.
const errorText = 200

// A URLError says why a URL is not one that this module talks to.
type URLError struct {
	URL    string // as given
	Reason string
}

func (e *URLError) Error() string {
	return fmt.Sprintf("URL %s: %s", quote.Text(e.URL, errorText), e.Reason)
}

// Temporary is false: the same URL is refused every time.
func (e *URLError) Temporary() bool { return false }

// A TransportError says that no answer came: the name did not resolve, the connection failed or broke, TLS did not succeed, or
// time ran out. Err is the cause; errors.Is finds context.Canceled and context.DeadlineExceeded in it.
type TransportError struct {
	Method string
	Host   string // host and port of the server that was being asked
	Err    error
}

func (e *TransportError) Error() string {
	return fmt.Sprintf("%s %s: %s", e.Method, e.Host, quote.Clean(e.Err.Error(), errorText))
}

func (e *TransportError) Unwrap() error { return e.Err }

// Temporary reports whether asking again may help, which is so unless the caller gave up.
func (e *TransportError) Temporary() bool { return !errors.Is(e.Err, context.Canceled) }

// A RedirectError says that a server pointed to a place where the request, and its headers, must not go.
type RedirectError struct {
	StatusCode int
	From       string // host and port that answered
	To         string // where it pointed, as it wrote it
	Reason     string
}

func (e *RedirectError) Error() string {
	return fmt.Sprintf("%s answered %d with a redirect to %s: %s", e.From, e.StatusCode, quote.Text(e.To, errorText), e.Reason)
}

// Temporary is false: following is refused by rule, not by chance.
func (e *RedirectError) Temporary() bool { return false }

// A LimitError says that a body was larger than the limit. Nothing of the body is kept.
type LimitError struct {
	Host  string
	What  string // "answer" or "request"
	Limit int64  // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %s is larger than %d bytes", e.Host, e.What, e.Limit)
}

// Temporary is false: the server has said what it has to say.
func (e *LimitError) Temporary() bool { return false }
