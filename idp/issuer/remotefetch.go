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

func (s *RemoteKeySet) fetch(ctx context.Context) (*kept, error) {
	from, err := s.locate(ctx)
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*kept, error) {
		return nil, &FetchError{Document: "key set", URL: from, Err: err}
	}
	old := s.kept.Load()
	header := http.Header{"Accept": {"application/jwk-set+json, application/json"}}
	if old != nil && old.url == from {
		if old.etag != "" {
			header.Set("If-None-Match", old.etag)
		} else if old.modified != "" {
			header.Set("If-Modified-Since", old.modified)
		}
	}
	resp, err := httpjson.Do(ctx, httpjson.Request{
		Client: s.o.HTTPClient, URL: from, Header: header, Limit: maxKeySet, Timeout: -1, InsecureLoopbackHTTP: s.o.InsecureLoopbackHTTP,
	})
	if err != nil {
		return fail(err)
	}
	now := time.Now().Round(0)
	k := &kept{fetched: now, url: from, etag: resp.Header.Get("Etag"), modified: resp.Header.Get("Last-Modified"), ttl: timeToLive(resp.Header)}
	switch {
	case resp.StatusCode == http.StatusNotModified && (header.Get("If-None-Match") != "" || header.Get("If-Modified-Since") != ""):
		k.snapshot, k.etag, k.modified = old.snapshot, old.etag, old.modified
		if resp.Header.Get("Cache-Control") == "" { // RFC 9111 section 4.3.4: what is absent stays
			k.ttl = old.ttl
		}
	case resp.StatusCode != http.StatusOK:
		return nil, refused("key set", from, resp)
	default:
		set, err := jose.ParseSet(resp.Body)
		if err != nil {
			if !resp.IsJSON() {
				err = fmt.Errorf("the answer is %s: %w", quote.Text(resp.Header.Get("Content-Type"), maxShown), err)
			}
			return fail(err)
		}
		// An empty set is an answer like any other: an issuer that withdraws its last key means it.
		k.snapshot = newSnapshot(set.Keys)
	}
	k.expires, k.stale = now.Add(k.ttl), now.Add(s.o.MaxStale)
	return k, nil
}

// locate returns the URL of the keys. When the issuer cannot be asked, or takes more than a third of the fetch's time to answer, the URL
// that it named last is good enough.
func (s *RemoteKeySet) locate(ctx context.Context) (string, error) {
	now := time.Now().Round(0)
	s.mu.Lock()
	known, since := s.url, s.urlSince
	s.mu.Unlock()
	if s.issuer == "" || known != "" && now.Sub(since) < discoveryTTL && !now.Before(since) {
		return known, nil
	}
	timeout := s.o.Timeout
	if known != "" {
		timeout /= 3 // the rest is for the keys
	}
	m, err := Discover(ctx, s.issuer, &DiscoverOptions{
		HTTPClient: s.o.HTTPClient, InsecureLoopbackHTTP: s.o.InsecureLoopbackHTTP, Timeout: timeout,
	})
	if err != nil {
		var f *FetchError
		if known != "" && errors.As(err, &f) && f.Temporary() && ctx.Err() == nil {
			return known, nil
		}
		return "", err
	}
	s.mu.Lock()
	s.url, s.urlSince = m.JWKSURI, now
	s.mu.Unlock()
	return m.JWKSURI, nil
}

// timeToLive is how long an answer is fresh by its Cache-Control, less the time it lay in caches, within our bounds.
func timeToLive(h http.Header) time.Duration {
	ttl := time.Duration(-1)
	for _, line := range h.Values("Cache-Control") {
		for d := range strings.SplitSeq(line, ",") {
			name, value, _ := strings.Cut(strings.TrimSpace(d), "=")
			switch strings.ToLower(name) {
			case "no-store", "no-cache":
				return minTTL
			case "max-age":
				if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 64); err == nil && n >= 0 {
					ttl = time.Duration(min(n, int64(24*time.Hour/time.Second))) * time.Second
				}
			}
		}
	}
	if ttl < 0 {
		return defaultTTL
	}
	if age, err := strconv.ParseInt(h.Get("Age"), 10, 64); err == nil && age > 0 {
		ttl -= time.Duration(min(age, int64(24*time.Hour/time.Second))) * time.Second
	}
	return min(max(ttl, minTTL), maxTTL)
}
