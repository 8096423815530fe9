package export

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/arn"
)

// CacheKey is what credentials depend on and what is known without asking
// anybody. Two processes share an entry only when all of it is equal; the whole
// key stands in the entry and is compared, not only its hash.
type CacheKey struct {
	// Source is the kind of token source, for example "token file".
	Source string `json:"source,omitempty"`
	// SourceFingerprint tells apart two sources of a kind: the [Fingerprint] of
	// the bearer token or of the token file's content, never these themselves.
	SourceFingerprint string `json:"sourceFingerprint,omitempty"`
	// APIHost is where the token comes from, empty when it is at hand.
	APIHost string `json:"apiHost,omitempty"`
	// Audience is the audience of the token.
	Audience string `json:"audience,omitempty"`
	// RoleARN is the role. The account in it must be the entry's, when both
	// are known.
	RoleARN string `json:"roleArn,omitempty"`
	// Policy is the inline session policy, and PolicyARNs the managed ones.
	Policy     string   `json:"policy,omitempty"`
	PolicyARNs []string `json:"policyArns,omitempty"`
	// SessionName is the role session name, empty when it is made from the token.
	SessionName string `json:"sessionName,omitempty"`
	// Duration is the duration asked for, 0 for STS's default.
	Duration time.Duration `json:"duration,omitempty"`
	// Endpoint is the STS endpoint or region.
	Endpoint string `json:"endpoint,omitempty"`
}

// CacheIdentity is who an entry's credentials are for. It is known only after
// the calls were made.
type CacheIdentity struct {
	Issuer    string `json:"issuer,omitempty"`
	Subject   string `json:"subject,omitempty"`
	AccountID string `json:"accountId,omitempty"`
}

// CacheEntry is what a fetch yields and what the cache keeps.
type CacheEntry struct {
	CacheIdentity
	Credentials aws.Credentials
}

// CacheRequest asks a [Cache] for credentials.
type CacheRequest struct {
	Key CacheKey
	// Expect is as much of the identity as the caller knows already; an empty
	// field is not known. An entry that disagrees is replaced, a fetch that
	// disagrees is an error.
	Expect CacheIdentity
	// Fetch makes the calls. It is called at most once, under the lock of the
	// key. It must not ask for another entry of the same folder: keys share 256
	// locks, so it may wait for its own until LockTimeout.
	Fetch func(ctx context.Context) (CacheEntry, error)
}

// CacheOptions are the options of [OpenCache]. Nil means all defaults.
type CacheOptions struct {
	// Dir is a folder for nothing but the cache. Empty means
	// onafed/credentials in [os.UserCacheDir].
	Dir string
	// MinLife is how much life cached credentials must have left. Zero or less means 20
	// minutes, because botocore asks again from 15 minutes before the end and
	// wants new ones then. Never more than half of the credentials' lifetime
	// is asked for.
	MinLife time.Duration
	// LockTimeout is how long to wait for another process that makes the same
	// calls, before making them too. Zero or less means 20 seconds: SDKs give a
	// credential_process a minute.
	LockTimeout time.Duration
	// Logger gets why entries are not used or written (Debug), and failures to
	// fetch while the credentials at hand are still valid (Warn). Nil means silence.
	Logger *slog.Logger
}

// Cache shares credentials between processes of one user, for
// credential_process: SDKs run that in every program, and tools run dozens of
// programs at once. N processes that ask at the same time make one token call
// and one STS call; if it fails, those that waited for it get the text of its
// error, and whether trying again is of no use (Retryable() bool), instead of
// trying in turn. Make one with [OpenCache]; it is safe for concurrent use.
//
// The folder must be the user's own, mode 0700, no link, and not in a folder
// where everybody may write; a missing one is made so. In any other the cache
// is off, and every request is fetched. Entries are written as [File] writes,
// mode 0600. An entry that is corrupt, expired, another user's, or made for
// another key or identity is ignored and replaced. A lock ends with its holder.
type Cache struct {
	dir   string
	off   error
	opts  CacheOptions
	log   *slog.Logger
	locks locks
}

// OpenCache opens the cache, making its folder. It never fails: a cache that
// cannot be used safely is off, and [Cache.Off] tells why.
func OpenCache(opts *CacheOptions) *Cache {
	c := &Cache{log: slog.New(slog.DiscardHandler)}
	if opts != nil {
		c.opts = *opts
	}
	if c.opts.Logger != nil {
		c.log = c.opts.Logger
	}
	if c.opts.MinLife <= 0 {
		c.opts.MinLife = 20 * time.Minute
	}
	if c.opts.LockTimeout <= 0 {
		c.opts.LockTimeout = 20 * time.Second
	}
	c.dir, c.off = cacheFolder(c.opts.Dir)
	if c.off != nil {
		c.log.Debug("credentials cache: off", "reason", c.off)
	}
	return c
}

func cacheFolder(dir string) (string, error) {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "onafed", "credentials")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := makeCacheFolder(dir); err != nil {
		return "", failAt(dir, err)
	}
	return dir, nil
}

// makeCacheFolder looks at the folder above first, so that a refused one is not made.
func makeCacheFolder(dir string) error {
	above := filepath.Dir(dir)
	if err := os.MkdirAll(above, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(above)
	switch {
	case err != nil:
		return err
	case isWorldWritable(info):
		return &FileError{Reason: "it is in a folder where everybody may write"}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err = os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return &FileError{Reason: "it is a link or no folder"}
	case !isOwn(info):
		return &FileError{Reason: "it belongs to another user"}
	case isLoose(info):
		return &FileError{Reason: "it is open to other users", Next: "set its mode to 0700"}
	}
	return nil
}

// Off is why the cache is not used, nil when it is.
func (c *Cache) Off() error { return c.off }

// Source makes the request a [CredentialsSource], for [Process].
func (c *Cache) Source(r CacheRequest) CredentialsSource {
	return CredentialsSourceFunc(func(ctx context.Context) (aws.Credentials, error) {
		e, err := c.Entry(ctx, r)
		return e.Credentials, err
	})
}

// Entry returns the cached entry of the request's key, or fetches one. Errors
// are those of Fetch, or say that what was fetched is not what was expected.
// When a fetch fails while a cached entry is still valid, that one is returned.
func (c *Cache) Entry(ctx context.Context, r CacheRequest) (CacheEntry, error) {
	if r.Fetch == nil {
		return CacheEntry{}, errors.New("export: CacheRequest.Fetch is nil")
	}
	if c.off != nil {
		return fetchEntry(ctx, r)
	}
	began := time.Now()
	at, lock, err := c.placeOf(r.Key)
	if err != nil {
		return CacheEntry{}, err
	}
	if rec := c.read(at.path, r); rec.fresh(began, c.opts.MinLife) {
		return rec.entry(), nil
	}
	held, err := c.locks.take(ctx, lock, c.opts.LockTimeout)
	if err != nil {
		if ctx.Err() != nil {
			return CacheEntry{}, fmt.Errorf("export: waiting for another process: %w", ctx.Err())
		}
		c.log.DebugContext(ctx, "credentials cache: not locked, fetching", "reason", err)
		return fetchEntry(ctx, r) // and not kept: only a holder of the lock writes
	}
	defer held.release()

	old := c.read(at.path, r)
	now := time.Now()
	if old.fresh(now, c.opts.MinLife) {
		return old.entry(), nil
	}
	if old.failedSince(began, now) { // while we waited for it
		if old.valid(now) {
			return old.entry(), nil
		}
		return CacheEntry{}, &sharedError{text: old.Failure, denied: old.Denied}
	}
	e, err := fetchEntry(ctx, r)
	if err != nil {
		if ctx.Err() == nil {
			c.write(ctx, at, failure(old, r.Key, err))
		}
		if old.valid(time.Now()) {
			c.log.WarnContext(ctx, "credentials cache: no new credentials, the old ones are still valid", "error", err)
			return old.entry(), nil
		}
		return CacheEntry{}, err
	}
	c.write(ctx, at, success(r.Key, e))
	return e, nil
}

// Fingerprint is 32 hexadecimal digits that stand for a secret in a [CacheKey].
// They cannot be turned back into a secret that could not be guessed anyway.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte("onafed cache key\x00" + secret))
	return hex.EncodeToString(sum[:16])
}

// placeOf is where the entry of a key is, and its lock. Locks are 256 files for
// all keys: keys change with every bearer token, and a file for each would
// pile up, because a lock file can never be removed safely.
func (c *Cache) placeOf(key CacheKey) (at place, lock string, err error) {
	text, err := json.Marshal(key)
	if err != nil {
		return place{}, "", fmt.Errorf("export: %w", err)
	}
	sum := sha256.Sum256(text)
	name := hex.EncodeToString(sum[:])
	return placeOf(filepath.Join(c.dir, name+".json")), filepath.Join(c.dir, "lock-"+name[:2]), nil
}

func fetchEntry(ctx context.Context, r CacheRequest) (CacheEntry, error) {
	e, err := r.Fetch(ctx)
	if err != nil {
		return CacheEntry{}, err
	}
	if e.AccountID == "" {
		e.AccountID = e.Credentials.AccountID
	}
	if err := checkCredentials(e.Credentials, time.Now()); err != nil {
		return CacheEntry{}, fmt.Errorf("export: credentials refused: %w", err)
	}
	if field := e.mismatch(r); field != "" {
		return CacheEntry{}, fmt.Errorf("export: the fetched credentials have another %s than expected", field)
	}
	return e, nil
}

// mismatch names the field in which the identity is not the expected one. Its
// value is not told: a subject may hold personal data.
func (i CacheIdentity) mismatch(r CacheRequest) string {
	differ := func(got, want string) bool { return want != "" && got != want }
	switch {
	case differ(i.Issuer, r.Expect.Issuer):
		return "issuer"
	case differ(i.Subject, r.Expect.Subject):
		return "subject"
	case differ(i.AccountID, r.Expect.AccountID), i.AccountID != "" && differ(i.AccountID, arnAccount(r.Key.RoleARN)):
		return "account"
	}
	return ""
}

// arnAccount returns the account of a role's ARN, or "" if there is none of 12 digits.
func arnAccount(roleARN string) string {
	if a, ok := arn.Parse(roleARN); ok && arn.IsAccount(a.Account) {
		return a.Account
	}
	return ""
}
