package issuer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

const (
	// A key set is cached for minTTL to maxTTL, or for defaultTTL without Cache-Control.
	minTTL, defaultTTL, maxTTL = time.Minute, 10 * time.Minute, time.Hour

	// discoveryTTL is how long a jwks_uri is cached. A failed fetch of the keys ends it.
	discoveryTTL = time.Hour
)

// fetch fetches the key set.
func (s *RemoteKeySet) fetch(ctx context.Context) (*cachedKeys, error) {
	url, err := s.locate(ctx)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*cachedKeys, error) {
		return nil, &FetchError{Document: "key set", URL: url, Err: err}
	}
	old := s.cache.Load()
	header := http.Header{"Accept": {"application/jwk-set+json, application/json"}}
	conditional := addCondition(header, old, url)
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: s.o.HTTPClient, URL: url, Header: header, Limit: maxKeySet,
		Timeout: -1, InsecureLoopbackHTTP: s.o.InsecureLoopbackHTTP,
	})
	if err != nil {
		return fail(err)
	}
	now := wallTime()
	c := &cachedKeys{
		fetched: now, url: url, ttl: timeToLive(resp.Header),
		etag: resp.Header.Get("Etag"), modified: resp.Header.Get("Last-Modified"),
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && conditional:
		c.keyIndex, c.etag, c.modified = old.keyIndex, old.etag, old.modified
		if resp.Header.Get("Cache-Control") == "" { // RFC 9111 section 4.3.4: an absent field does not change
			c.ttl = old.ttl
		}
	case resp.StatusCode != http.StatusOK:
		return nil, newStatusError("key set", url, resp)
	default:
		set, err := jose.ParseSet(resp.Body)
		if err != nil {
			if !resp.IsJSON() {
				err = fmt.Errorf("the Content-Type is %s: %w", quote.Text(resp.Header.Get("Content-Type"), maxShown), err)
			}
			return fail(err)
		}
		// An empty set is valid: the issuer has withdrawn its last key.
		c.keyIndex = newKeyIndex(set.Keys)
	}
	c.expires, c.stale = now.Add(c.ttl), now.Add(s.o.MaxStale)
	return c, nil
}

// addCondition makes a request conditional if the cached keys are from the same URL, and reports
// whether it did.
func addCondition(header http.Header, old *cachedKeys, url string) bool {
	switch {
	case old == nil || old.url != url:
		return false
	case old.etag != "":
		header.Set("If-None-Match", old.etag)
	case old.modified != "":
		header.Set("If-Modified-Since", old.modified)
	default:
		return false
	}
	return true
}

// locate returns the URL of the keys. If the issuer is not available, or takes more than a third of
// the time limit to respond, it returns the last URL.
func (s *RemoteKeySet) locate(ctx context.Context) (string, error) {
	now := wallTime()
	s.mu.Lock()
	last, since := s.url, s.urlSince
	s.mu.Unlock()
	if s.issuer == "" || last != "" && now.Sub(since) < discoveryTTL && !now.Before(since) {
		return last, nil
	}
	timeout := s.o.Timeout
	if last != "" {
		timeout /= 3 // the rest is for the keys
	}
	m, err := Discover(ctx, s.issuer, &DiscoverOptions{
		HTTPClient: s.o.HTTPClient, InsecureLoopbackHTTP: s.o.InsecureLoopbackHTTP, Timeout: timeout,
	})
	if err != nil {
		if f, ok := errors.AsType[*FetchError](err); ok && last != "" && f.Temporary() && ctx.Err() == nil {
			return last, nil
		}
		return "", err
	}
	s.mu.Lock()
	s.url, s.urlSince = m.JWKSURI, now
	s.mu.Unlock()
	return m.JWKSURI, nil
}

// timeToLive returns how long a response is fresh by its Cache-Control, minus its Age, between
// minTTL and maxTTL.
func timeToLive(h http.Header) time.Duration {
	ttl := time.Duration(-1)
	for _, line := range h.Values("Cache-Control") {
		for directive := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return minTTL
			case "max-age":
				if d, ok := seconds(strings.Trim(value, `"`)); ok {
					ttl = d
				}
			}
		}
	}
	if ttl < 0 {
		return defaultTTL
	}
	if age, ok := seconds(h.Get("Age")); ok {
		ttl -= age
	}
	return min(max(ttl, minTTL), maxTTL)
}

// seconds parses a number of seconds that is not negative. More than a day counts as a day.
func seconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, false
	}
	return time.Duration(min(n, int64(24*time.Hour/time.Second))) * time.Second, true
}
