package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/quote"
)

const (
	recordVersion = 1
	// maxRecord is well over an entry with the longest session token and
	// session policy that STS takes.
	maxRecord = 64 << 10
	// recordKeep is after how long entries of other keys are removed: no role
	// session lasts longer than 12 hours.
	recordKeep = 36 * time.Hour
	// clockSkew is how far ahead of this clock another process's may be: on one
	// machine it is the same, on a shared home folder not quite.
	clockSkew = 2 * time.Second
)

// record is an entry on disk.
type record struct {
	Version int      `json:"version"`
	Key     CacheKey `json:"key"`
	CacheIdentity
	Fetched     time.Time          `json:"fetched,omitzero"`
	Credentials *recordCredentials `json:"credentials,omitempty"`
	// Failed, Failure and Denied are of the last fetch when it failed. Only
	// processes that were waiting for it at that time look at them.
	Failed  time.Time `json:"failed,omitzero"`
	Failure string    `json:"failure,omitempty"`
	Denied  bool      `json:"denied,omitempty"` // trying again is of no use
}

type recordCredentials struct {
	AccessKeyID     string    `json:"accessKeyId"`
	SecretAccessKey string    `json:"secretAccessKey"`
	SessionToken    string    `json:"sessionToken"`
	Expires         time.Time `json:"expires"`
	AccountID       string    `json:"accountId,omitempty"`
	Source          string    `json:"source,omitempty"`
}

func success(key CacheKey, e CacheEntry) *record {
	return &record{
		Version:       recordVersion,
		Key:           key,
		CacheIdentity: e.CacheIdentity,
		Fetched:       time.Now().UTC(),
		Credentials: &recordCredentials{
			AccessKeyID:     e.Credentials.AccessKeyID,
			SecretAccessKey: e.Credentials.SecretAccessKey,
			SessionToken:    e.Credentials.SessionToken,
			Expires:         e.Credentials.Expires.UTC(),
			AccountID:       e.Credentials.AccountID,
			Source:          e.Credentials.Source,
		},
	}
}

// failure keeps the old credentials, which may still be of use.
func failure(old *record, key CacheKey, err error) *record {
	r := record{Version: recordVersion, Key: key}
	if old != nil {
		r = *old
	}
	r.Failed, r.Failure, r.Denied = time.Now().UTC(), quote.Clean(err.Error(), 2000), isDenial(err)
	return &r
}

// failedSince tells whether the last fetch failed after began. A failure from
// the future is none: the clock was set back, and until it has caught up every
// caller would take it for its own.
func (r *record) failedSince(began, now time.Time) bool {
	return r != nil && r.Failed.After(began) && !r.Failed.After(now.Add(clockSkew))
}

// A sharedError is how a fetch by another process failed, as far as it can be
// told in a file.
type sharedError struct {
	text   string
	denied bool
}

func (e *sharedError) Error() string { return "export: another process failed just now: " + e.text }

// Retryable is that of the other process's error.
func (e *sharedError) Retryable() bool { return !e.denied }

func (r *record) entry() CacheEntry {
	return CacheEntry{CacheIdentity: r.CacheIdentity, Credentials: r.credentials()}
}

func (r *record) credentials() aws.Credentials {
	if r.Credentials == nil {
		return aws.Credentials{}
	}
	return aws.Credentials{
		AccessKeyID:     r.Credentials.AccessKeyID,
		SecretAccessKey: r.Credentials.SecretAccessKey,
		SessionToken:    r.Credentials.SessionToken,
		Source:          r.Credentials.Source,
		CanExpire:       true,
		Expires:         r.Credentials.Expires,
		AccountID:       r.Credentials.AccountID,
	}
}

// valid tells whether the credentials can be used. A nil record has none.
func (r *record) valid(now time.Time) bool {
	return r != nil && r.Credentials != nil && checkCredentials(r.credentials(), now) == nil
}

// fresh tells whether there is no need for new ones.
func (r *record) fresh(now time.Time, minLife time.Duration) bool {
	if !r.valid(now) {
		return false
	}
	// Half of a short life, else 15-minute sessions would never be cached.
	need := min(minLife, r.Credentials.Expires.Sub(r.Fetched)/2)
	return r.Credentials.Expires.Sub(now) > need
}

// read returns the entry for the request, nil when there is none to be used.
func (c *Cache) read(path string, r CacheRequest) *record {
	text, info, err := readText(path, true)
	switch {
	case err != nil:
		c.log.Debug("credentials cache: entry ignored", "reason", err)
		return nil
	case text == "":
		return nil
	}
	rec, reason := parseRecord(text, r, time.Now())
	if info != nil && isLoose(info) {
		rec, reason = nil, "other users may read it"
	}
	if rec == nil {
		c.log.Debug("credentials cache: entry ignored", "path", path, "reason", reason)
	}
	return rec
}

// parseRecord reads an entry and checks that it is one for the request.
func parseRecord(text string, r CacheRequest, now time.Time) (rec *record, reason string) {
	if len(text) > maxRecord {
		return nil, "it is too large"
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	rec = new(record)
	if err := d.Decode(rec); err != nil {
		return nil, "it cannot be read" // the decoder's reason may quote a secret
	}
	if d.More() {
		return nil, "text follows it"
	}
	switch {
	case rec.Version != recordVersion:
		return nil, "it is of another version"
	case !sameKey(rec.Key, r.Key):
		return nil, "it was made for another key"
	case rec.Fetched.After(now.Add(time.Minute)):
		return nil, "it is from the future"
	case rec.Credentials != nil && rec.mismatch(r) != "":
		return nil, "its " + rec.mismatch(r) + " is not the expected one"
	}
	return rec, ""
}

func sameKey(a, b CacheKey) bool {
	arns := slices.Equal(a.PolicyARNs, b.PolicyARNs)
	a.PolicyARNs, b.PolicyARNs = nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return arns && errX == nil && errY == nil && bytes.Equal(x, y)
}

// write keeps the entry. It is an aid: that it fails is logged, no more.
func (c *Cache) write(ctx context.Context, at place, rec *record) {
	text, err := json.Marshal(rec)
	if err == nil {
		err = replaceFile(ctx, at, filePerm{mode: 0o600}, string(text))
	}
	if err != nil {
		c.log.DebugContext(ctx, "credentials cache: entry not written", "reason", err)
		return
	}
	c.sweep(filepath.Base(at.path))
}

// sweep removes old entries: keys change with every bearer token, so most
// entries are never asked for again.
func (c *Cache) sweep(keep string) {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		name := f.Name()
		if name == keep || !isEntryName(name) {
			continue
		}
		info, err := f.Info()
		if err != nil || time.Since(info.ModTime()) < recordKeep {
			continue
		}
		if err := os.Remove(filepath.Join(c.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.log.Debug("credentials cache: old entry not removed", "reason", err)
		}
	}
}

// isEntryName tells names that [Cache] gives, 64 hexadecimal digits and ".json",
// and those of their temporary files. Whatever else is in the folder is not ours.
func isEntryName(name string) bool {
	if hidden, ok := strings.CutPrefix(name, "."); ok {
		name, ok = strings.CutSuffix(hidden, ".onafed.tmp")
		if !ok {
			return false
		}
	}
	digits, ok := strings.CutSuffix(name, ".json")
	if !ok || len(digits) != 2*sha256.Size {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
