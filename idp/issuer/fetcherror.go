package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

const (
	maxURL   = 200 // bytes of a URL in an error
	maxShown = 80  // bytes of other untrusted text in an error
)

// A FetchError reports that a document of an issuer cannot be fetched or cannot be used.
type FetchError struct {
	Document   string // "discovery document" or "key set"
	URL        string // of the document
	StatusCode int    // HTTP status, if it is the reason; otherwise 0
	Err        error  // the reason

	retryAfter time.Duration // the pause that the server asks for
}

// newStatusError returns the error for a response with an unexpected status.
func newStatusError(document, url string, r *httpjson.Response) *FetchError {
	return &FetchError{
		Document: document, URL: url, StatusCode: r.StatusCode,
		Err:        fmt.Errorf("the server responded with status %d", r.StatusCode),
		retryAfter: retry.After(r.Header, time.Now()),
	}
}

// Error returns the document, its URL and the reason. It contains nothing of the response's body.
// Text of its header, such as the target of a redirect, is quoted and cut.
func (e *FetchError) Error() string {
	return fmt.Sprintf("issuer: %s at %s: %v", e.Document, quote.Text(e.URL, maxURL), e.Err)
}

// Unwrap returns Err, so that errors.Is finds the error of a context that ended.
func (e *FetchError) Unwrap() error { return e.Err }

// Temporary reports whether another attempt may succeed: the network failed, or the server is
// overloaded or has an internal error.
func (e *FetchError) Temporary() bool {
	if e.StatusCode != 0 {
		return e.StatusCode >= 500 || e.StatusCode == http.StatusTooManyRequests ||
			e.StatusCode == http.StatusRequestTimeout
	}
	var t interface{ Temporary() bool }
	return errors.Is(e.Err, context.DeadlineExceeded) || errors.As(e.Err, &t) && t.Temporary()
}

// A FetchLimitError reports that a [RemoteKeySet] does not have a key, and did not fetch the key set
// because of its limit for unknown keys. The key may exist.
type FetchLimitError struct {
	// KeyID is the kid of the token, which is untrusted text.
	KeyID string
	// RetryAfter is how long the limit lasts.
	RetryAfter time.Duration
}

// Error quotes the kid and cuts it.
func (e *FetchLimitError) Error() string {
	return fmt.Sprintf("issuer: key %s is not in the cached key set, which was fetched %d times in %v; retry after %v",
		quote.Text(e.KeyID, maxShown), maxUnknownFetches, unknownInterval, e.RetryAfter.Round(time.Millisecond))
}

// Temporary returns true.
func (e *FetchLimitError) Temporary() bool { return true }

// A MismatchError reports that the discovery document of an issuer names another issuer. The URLs
// are compared byte for byte, so a slash at the end makes a difference (OpenID Connect Discovery
// 1.0, section 4.3).
type MismatchError struct {
	Requested  string // the issuer that was given to Discover
	Discovered string // the issuer in the document, which is untrusted text
}

// Error quotes both.
func (e *MismatchError) Error() string {
	return fmt.Sprintf("issuer: the discovery document of %s names the issuer %s",
		quote.Text(e.Requested, maxURL), quote.Text(e.Discovered, maxURL))
}
