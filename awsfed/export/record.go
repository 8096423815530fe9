package export

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/quote"
)

const (
	recordVersion = 1
	// maxRecord is above the size of an entry with the longest session token and the longest chain
	// of roles, whose tags are the largest part, that STS accepts.
	maxRecord = 1 << 20
	// clockSkew is how far the clock of another process may be ahead. On a home folder that
	// machines share, clocks differ a little.
	clockSkew = 2 * time.Second
)

// record is a cache entry on disk.
type record struct {
	Version int      `json:"version"`
	Key     CacheKey `json:"key"`
	CacheIdentity
	Fetched     time.Time        `json:"fetched,omitzero"`
	Credentials *aws.Credentials `json:"credentials,omitempty"`
	// Failed, Failure and Permanent describe the last fetch if it failed. Only processes that
	// waited for it at that time use them.
	Failed    time.Time `json:"failed,omitzero"`
	Failure   string    `json:"failure,omitempty"`
	Permanent bool      `json:"permanent,omitempty"`
}

// success returns the record of fetched credentials.
func success(key CacheKey, e CacheEntry) *record {
	c := e.Credentials()
	c.Expires = c.Expires.UTC()
	return &record{
		Version:       recordVersion,
		Key:           key,
		CacheIdentity: e.CacheIdentity,
		Fetched:       time.Now().UTC(),
		Credentials:   &c,
	}
}

// failure keeps the old credentials, which may still be valid.
func failure(old *record, key CacheKey, err error) *record {
	r := record{Version: recordVersion, Key: key}
	if old != nil {
		r = *old
	}
	r.Failed, r.Failure, r.Permanent = time.Now().UTC(), quote.Clean(err.Error(), 2000), refusesRetry(err)
	return &r
}

// failedSince reports whether the last fetch failed after the time. It ignores a failure dated in
// the future: after the clock was set back, it would look to every caller like a failure that the
// caller waited for.
func (r *record) failedSince(since, now time.Time) bool {
	return r != nil && r.Failed.After(since) && !r.Failed.After(now.Add(clockSkew))
}

// A sharedError is the failed fetch of another caller, as far as a file can describe it.
type sharedError struct {
	text      string
	permanent bool
}

func (e *sharedError) Error() string { return "export: another caller just failed: " + e.text }

// Retryable returns what the other caller's error returned.
func (e *sharedError) Retryable() bool { return !e.permanent }

// entry returns the entry of a valid record.
func (r *record) entry() CacheEntry {
	return NewCacheEntry(r.CacheIdentity, *r.Credentials)
}

// valid reports whether the credentials can be used. A nil record has none.
func (r *record) valid(now time.Time) bool {
	return r != nil && r.Credentials != nil && checkCredentials(*r.Credentials, now) == nil
}

// fresh reports whether the credentials have enough lifetime left.
func (r *record) fresh(now time.Time, minLife time.Duration) bool {
	if !r.valid(now) {
		return false
	}
	// Half of a short lifetime, otherwise 15-minute sessions would never be cached.
	need := min(minLife, r.Credentials.Expires.Sub(r.Fetched)/2)
	return r.Credentials.Expires.Sub(now) > need
}

// unexpected returns an error if the record has credentials with another identity than the caller
// expects.
func (r *record) unexpected(request CacheRequest) error {
	if r == nil || r.Credentials == nil {
		return nil
	}
	return r.CacheIdentity.unexpected(request.Expect)
}

// parseRecord reads an entry, and returns nil and the reason if it does not fit the key.
func parseRecord(text string, key CacheKey, now time.Time) (rec *record, reason string) {
	if len(text) > maxRecord {
		return nil, "it is too large"
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	rec = new(record)
	if err := d.Decode(rec); err != nil {
		return nil, "it cannot be read" // the decoder's error may quote a secret
	}
	if d.More() {
		return nil, "text follows it"
	}
	switch {
	case rec.Version != recordVersion:
		return nil, "it has another version"
	case !sameKey(rec.Key, key):
		return nil, "it was made for another key"
	case rec.Fetched.After(now.Add(time.Minute)):
		return nil, "it is dated in the future"
	case rec.Credentials != nil && rec.notOf(key) != nil:
		return nil, rec.notOf(key).Error()
	}
	return rec, ""
}

// sameKey compares keys as they are stored. Session policy ARNs are also compared directly, because
// JSON replaces bytes that are not UTF-8.
func sameKey(a, b CacheKey) bool {
	x, _ := json.Marshal(a) // cannot fail: a key has only strings, numbers, lists and maps
	y, _ := json.Marshal(b)
	return slices.Equal(a.PolicyARNs, b.PolicyARNs) && bytes.Equal(x, y)
}
