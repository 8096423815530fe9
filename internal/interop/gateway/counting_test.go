package gateway_test

import (
	"net/http"
	"sync/atomic"
)

// counting counts requests and keeps the caching headers of the last answer.
type counting struct {
	next        http.RoundTripper
	count       atomic.Int64
	etag, cache atomic.Value
}

// RoundTrip implements http.RoundTripper.
func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count.Add(1)
	answer, err := c.next.RoundTrip(r)
	if err == nil {
		c.etag.Store(answer.Header.Get("ETag"))
		c.cache.Store(answer.Header.Get("Cache-Control"))
	}
	return answer, err
}
