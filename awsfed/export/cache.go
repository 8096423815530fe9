package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// CacheEntry is what a fetch returns and what the cache stores: credentials and their identity. All
// verbs of fmt, log/slog and encoding/json show the expiration and never a key. The zero value is
// empty. Make one with [NewCacheEntry].
type CacheEntry struct {
	CacheIdentity
	credentials func() aws.Credentials // a func for the reason in [Setting]; nil if empty
}

// NewCacheEntry returns an entry with the credentials.
func NewCacheEntry(id CacheIdentity, c aws.Credentials) CacheEntry {
	return CacheEntry{CacheIdentity: id, credentials: func() aws.Credentials { return c }}
}

// Credentials returns the credentials, zero for an empty entry.
func (e CacheEntry) Credentials() aws.Credentials {
	if e.credentials == nil {
		return aws.Credentials{}
	}
	return e.credentials()
}

// Format writes the expiration and never a key, for every verb.
func (e CacheEntry) Format(state fmt.State, _ rune) { redact(state, e.shown()) }

// LogValue returns the same text as Format.
func (e CacheEntry) LogValue() slog.Value { return slog.StringValue(e.shown()) }

// MarshalText returns the same text as Format.
func (e CacheEntry) MarshalText() ([]byte, error) { return []byte(e.shown()), nil }

func (e CacheEntry) shown() string {
	if e.credentials == nil {
		return "export.CacheEntry(empty)"
	}
	return "export.CacheEntry(until " + timestamp(e.Credentials().Expires) + ")"
}

// CacheRequest asks a [Cache] for credentials.
type CacheRequest struct {
	Key CacheKey
	// Expect is the part of the identity that the caller knows already; an empty field is unknown.
	// A cached entry with another identity is replaced. A fetched one is an error for this caller;
	// callers with the same Key that do not expect another identity get it.
	Expect CacheIdentity
	// Fetch makes the calls. It is required. It is called at most once, under the lock of the key.
	// It must not request another entry of the same folder: all keys share 256 locks, so it could
	// wait for its own lock until LockTimeout.
	Fetch func(ctx context.Context) (CacheEntry, error)
}

// CacheOptions are the options of [OpenCache]. Nil means the defaults.
type CacheOptions struct {
	// Dir is a folder that only the cache uses. Empty means onafed/credentials in
	// [os.UserCacheDir].
	Dir string
	// MinLife is the lifetime that cached credentials must have left, at most half of their whole
	// lifetime. Zero or less means 20 minutes: botocore asks again from 15 minutes before the
	// expiration and expects new credentials then.
	MinLife time.Duration
	// LockTimeout is how long to wait for another process that makes the same calls, before this
	// one makes them too. Zero or less means 20 seconds: SDKs wait a minute for a
	// credential_process.
	LockTimeout time.Duration
	// TrustedOwner is described at [FileOptions].
	TrustedOwner string
	// Logger receives the reasons why an entry is not used or not written (Debug), and failed
	// fetches while the cached credentials are still valid (Warn). Nil means silence.
	Logger *slog.Logger
}

// Cache shares credentials between the processes of one user. It is made for credential_process,
// which SDKs run in every program; a tool may run dozens of programs at once. If many processes ask
// at the same time, they make one token call and one STS call. If a call fails, the processes that
// waited for it make no calls of their own. They return an error that ends with the same text and
// has the same result of Retryable(), and wraps nothing. Make one with [OpenCache]: the zero value
// is off. A Cache is safe for concurrent use.
//
// The folder must belong to the user, have mode 0700, not be a link, and not be in a folder where
// all users may write. [File] has the rules for the folders above it. A missing folder is made. With
// any other folder the cache is off and every request is fetched. Entries are written as [File]
// writes, with mode 0600. An entry that is corrupt, expired, of another user, or made for another
// key or identity is ignored and replaced. When a process ends, the operating system releases its
// locks.
type Cache struct {
	dir    string
	owners owners
	off    error
	opts   CacheOptions
	log    *slog.Logger
	locks  locks
}

// OpenCache opens the cache and makes its folder. It never fails: a cache that cannot be used
// safely is off, and [Cache.Off] returns the reason.
func OpenCache(opts *CacheOptions) *Cache {
	c := new(Cache)
	if opts != nil {
		c.opts = *opts
	}
	c.log = loggerOf(c.opts.Logger)
	if c.opts.MinLife <= 0 {
		c.opts.MinLife = 20 * time.Minute
	}
	if c.opts.LockTimeout <= 0 {
		c.opts.LockTimeout = 20 * time.Second
	}
	if c.owners, c.off = newOwners("OpenCache", c.opts.TrustedOwner); c.off == nil {
		c.dir, c.off = cacheFolder(c.opts.Dir)
	}
	if c.off == nil {
		var at target
		if at, c.off = c.open("check"); c.off == nil {
			at.close()
		}
	}
	if c.off != nil {
		c.log.Debug("credentials cache: off", "reason", c.off)
	}
	return c
}

// Off returns why the cache is not used, nil if it is used.
func (c *Cache) Off() error {
	if c.off == nil && c.dir == "" {
		return errors.New("export: the Cache has no folder: make it with OpenCache")
	}
	return c.off
}

// Source makes the request a [CredentialsSource], for [Process].
func (c *Cache) Source(r CacheRequest) CredentialsSource {
	return CredentialsSourceFunc(func(ctx context.Context) (aws.Credentials, error) {
		e, err := c.Entry(ctx, r)
		return e.Credentials(), err
	})
}

// Entry returns the cached entry of the request's key, or fetches one. The error is that of Fetch
// or ctx, or that of a fetch for which this caller waited (see [Cache]), or reports that the
// fetched identity is not the expected one. If a fetch fails while a cached entry is still valid,
// that entry is returned.
func (c *Cache) Entry(ctx context.Context, r CacheRequest) (CacheEntry, error) {
	if r.Fetch == nil {
		return CacheEntry{}, &OptionError{"Cache.Entry", "Fetch", errNil}
	}
	if c.Off() != nil {
		return fetchExpected(ctx, r)
	}
	began := time.Now()
	name, err := entryName(r.Key)
	if err != nil {
		return CacheEntry{}, err
	}
	at, err := c.open(name)
	if err != nil {
		c.log.DebugContext(ctx, "credentials cache: not used", "reason", err)
		return fetchExpected(ctx, r)
	}
	defer at.close()
	if rec := c.read(at, r.Key); rec.unexpected(r) == nil && rec.fresh(began, c.opts.MinLife) {
		return rec.entry(), nil
	}
	held, err := c.locks.take(ctx, at.lockPath(), c.opts.LockTimeout, at.createLock)
	if err != nil {
		if ctx.Err() != nil {
			return CacheEntry{}, fmt.Errorf("export: waiting for the lock of the cache: %w", ctx.Err())
		}
		c.log.DebugContext(ctx, "credentials cache: not locked, fetching", "reason", err)
		return fetchExpected(ctx, r) // the entry is not stored: that needs the lock
	}
	defer held.release()
	return c.refresh(ctx, r, at, began)
}

// refresh returns the entry that another caller stored since the time, or fetches and stores a new
// one. The caller holds the lock.
func (c *Cache) refresh(ctx context.Context, r CacheRequest, at target, since time.Time) (CacheEntry, error) {
	old, now := c.read(at, r.Key), time.Now()
	unexpected := old.unexpected(r)
	switch {
	case unexpected == nil && old.fresh(now, c.opts.MinLife):
		return old.entry(), nil
	case unexpected != nil && old.Fetched.After(since):
		return CacheEntry{}, unexpected // another fetch would give the same
	case unexpected == nil && old.failedSince(since, now) && old.valid(now):
		return old.entry(), nil
	case old.failedSince(since, now):
		return CacheEntry{}, &sharedError{text: old.Failure, permanent: old.Permanent}
	}
	e, err := fetchEntry(ctx, r)
	if err == nil {
		c.write(ctx, at, success(r.Key, e))
		return expected(e, r)
	}
	if ctx.Err() == nil {
		c.write(ctx, at, failure(old, r.Key, err))
	}
	if unexpected == nil && old.valid(time.Now()) {
		c.log.WarnContext(ctx, "credentials cache: no new credentials, the old ones are still valid", "error", err)
		return old.entry(), nil
	}
	return CacheEntry{}, err
}

// fetchExpected fetches an entry without the cache.
func fetchExpected(ctx context.Context, r CacheRequest) (CacheEntry, error) {
	e, err := fetchEntry(ctx, r)
	if err != nil {
		return CacheEntry{}, err
	}
	return expected(e, r)
}

// expected returns the entry if it has the identity that the caller expects.
func expected(e CacheEntry, r CacheRequest) (CacheEntry, error) {
	if err := e.unexpected(r.Expect); err != nil {
		return CacheEntry{}, err
	}
	return e, nil
}

// fetchEntry calls Fetch and checks what must be right for every caller with the key. The check
// does not depend on the cache, so that it also protects a caller whose cache is off.
func fetchEntry(ctx context.Context, r CacheRequest) (CacheEntry, error) {
	e, err := r.Fetch(ctx)
	if err != nil {
		return CacheEntry{}, err
	}
	if e.AccountID == "" {
		e.AccountID = e.Credentials().AccountID
	}
	if err := checkCredentials(e.Credentials(), time.Now()); err != nil {
		return CacheEntry{}, fmt.Errorf("export: credentials refused: %w", err)
	}
	if err := e.notOf(r.Key); err != nil {
		return CacheEntry{}, fmt.Errorf("export: credentials refused: %w", err)
	}
	return e, nil
}
