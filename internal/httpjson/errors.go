package httpjson

import (
	"fmt"

	"github.com/onafed/onafed/internal/quote"
)

// errorText is how many bytes of foreign text an error repeats.
const errorText = 200

// A URLError says why a URL is not one that this module talks to.
type URLError struct {
	URL    string // as given, but for user information
	Reason string
}

func (e *URLError) Error() string {
	return fmt.Sprintf("URL %s: %s", quote.Text(e.URL, errorText), e.Reason)
}

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

// Temporary is true: that no answer came says nothing about the question. It hides the Temporary methods of package net and of
// system errors, which mean something narrower and would call a refused connection final.
func (e *TransportError) Temporary() bool { return true }

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

// A LimitError says that a body was larger than the limit. Nothing of the body is kept.
type LimitError struct {
	Host  string
	What  string // "answer" or "request"
	Limit int64  // bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %s is larger than %d bytes", e.Host, e.What, e.Limit)
}
