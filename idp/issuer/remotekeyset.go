package issuer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/httpjson"
)

// A RemoteKeySet fetches the keys of an issuer on demand and caches them.
//
//   - A call with a known kid returns at once. If the cached keys are older than the Cache-Control
//     of their response allows, the call also starts a fetch in the background. The allowed age is
//     at least 1 minute and at most 1 hour, and 10 minutes without Cache-Control.
//   - A call with an unknown kid starts a fetch and waits for it, so a new key works with its first
//     token. A *[KeyNotFoundError] means that a fetch that began after the call did not return the key.
//     At most three fetches begin within 30 seconds, so that invented kids cause few requests. If that
//     limit prevents the fetch, the error is a *[FetchLimitError], because the key may exist.
//   - After a failed fetch and a pause, the next call starts another fetch. The pause is 1 second
//     at first, then up to 30 seconds, or up to 5 seconds while there are no keys. A Retry-After of
//     the response makes the pause longer, up to a minute. During the pause a call with an unknown
//     kid returns the error of the fetch, because the key may exist.
//   - While the issuer is not available, the cached keys are used until
//     [RemoteKeySetOptions.MaxStale]. After that the error is a *[StaleKeysError].
//   - A key that the issuer removes from its key set is removed by the next successful fetch.
//
// At most one fetch runs at a time. It continues when its callers are canceled, until
// [RemoteKeySetOptions.Timeout]. There is no other goroutine and nothing to close. Times are
// compared by the wall clock, so the keys are fetched again after a machine was suspended.
//
// A RemoteKeySet is safe for concurrent use. The zero value is not usable; call [NewRemoteKeySet]
// or [NewIssuerKeySet].
type RemoteKeySet struct {
	issuer string // "" if the URL of the keys is an option
	o      RemoteKeySetOptions

	cache atomic.Pointer[cachedKeys]

	mu       sync.Mutex                   // guards the fields below; never held during I/O
	fetching *keyFetch                    // nil if no fetch runs
	started  [maxUnknownFetches]time.Time // when the last fetches began, the oldest first
	number   int                          // of fetches that have begun
	failures int                          // since the last successful fetch
	retryAt  time.Time
	lastErr  error
	url      string // of the keys; "" if not known yet
	urlSince time.Time
}

// cachedKeys is the result of the last successful fetch. It is immutable.
type cachedKeys struct {
	*keyIndex
	fetched, expires, stale time.Time
	url, etag, modified     string
	ttl                     time.Duration
	number                  int // of the fetch
}

// A keyFetch is a fetch that runs in the background.
type keyFetch struct {
	done    chan struct{}
	timeout <-chan struct{} // closed at the time limit, even if the transport ignores it
	url     string          // for the error at the time limit
	number  int             // counts the fetches from 1
	err     error           // valid after done
}

// A StaleKeysError reports that no fetch succeeded within [RemoteKeySetOptions.MaxStale], so the
// cached keys are no longer trusted.
type StaleKeysError struct {
	Fetched time.Time // the last successful fetch
	Err     error     // of the last fetch
}

// Error returns the time of the last successful fetch and the error of the last one.
func (e *StaleKeysError) Error() string {
	return fmt.Sprintf("issuer: the key set was not fetched since %s: %v", e.Fetched.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns Err.
func (e *StaleKeysError) Unwrap() error { return e.Err }

// Temporary returns true: the issuer may be available again later.
func (e *StaleKeysError) Temporary() bool { return true }

// NewRemoteKeySet returns the key set at a URL, which must be https. The first call of Keys fetches
// it. Nil options mean the zero value. The error is an *[OptionError].
func NewRemoteKeySet(jwksURL string, opts *RemoteKeySetOptions) (*RemoteKeySet, error) {
	s, err := newRemoteKeySet("NewRemoteKeySet", opts)
	if err != nil {
		return nil, err
	}
	if _, err := httpjson.CheckURL(jwksURL, s.o.InsecureLoopbackHTTP); err != nil {
		return nil, &OptionError{"NewRemoteKeySet", "jwksURL", err}
	}
	s.url = jwksURL
	return s, nil
}

// NewIssuerKeySet returns the key set of an issuer. [Discover] finds its URL. The first call of
// Keys fetches both documents. Nil options mean the zero value. The error is an *[OptionError].
func NewIssuerKeySet(issuerURL string, opts *RemoteKeySetOptions) (*RemoteKeySet, error) {
	s, err := newRemoteKeySet("NewIssuerKeySet", opts)
	if err != nil {
		return nil, err
	}
	if _, err := checkIssuerURL(issuerURL, s.o.InsecureLoopbackHTTP); err != nil {
		return nil, &OptionError{"NewIssuerKeySet", "issuerURL", err}
	}
	s.issuer = issuerURL
	return s, nil
}

// newRemoteKeySet returns a key set without a URL, for a constructor.
func newRemoteKeySet(function string, opts *RemoteKeySetOptions) (*RemoteKeySet, error) {
	o := *cmp.Or(opts, &RemoteKeySetOptions{})
	if o.MaxStale < 0 {
		return nil, optionErrorf(function, "MaxStale", "must not be negative, got %v", o.MaxStale)
	}
	if o.Timeout < 0 {
		return nil, optionErrorf(function, "Timeout", "must not be negative, got %v", o.Timeout)
	}
	o.MaxStale = cmp.Or(o.MaxStale, defaultMaxStale)
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Logger = cmp.Or(o.Logger, slog.New(slog.DiscardHandler))
	return &RemoteKeySet{o: o}, nil
}

// wallTime returns the time without its monotonic reading, which stops while a machine is
// suspended.
func wallTime() time.Time { return time.Now().Round(0) }

// Keys implements [KeySet].
func (s *RemoteKeySet) Keys(ctx context.Context, kid string) ([]Key, error) {
	now := wallTime()
	if c := s.cache.Load(); c.usable(now) {
		if keys := c.lookup(kid); len(keys) > 0 {
			if !now.Before(c.expires) || now.Before(c.fetched) {
				s.refresh(ctx, now, c)
			}
			return keys, nil
		}
	}
	if s.o.Logger == nil { // a constructor sets it
		return nil, errors.New("issuer: RemoteKeySet: the zero value is not usable; call NewRemoteKeySet or NewIssuerKeySet")
	}
	return s.fetchKeys(ctx, kid)
}

// usable reports whether c is not nil and not stale.
func (c *cachedKeys) usable(now time.Time) bool { return c != nil && now.Before(c.stale) }

// fetchKeys returns keys that are not in the cache, or whose cache is stale. It waits for the running
// fetch, and for a new one if that does not return the key: it may have begun before the key was
// published.
func (s *RemoteKeySet) fetchKeys(ctx context.Context, kid string) ([]Key, error) {
	s.mu.Lock()
	before := s.number
	s.mu.Unlock()
	for {
		f, err := s.joinFetch(ctx, kid, before)
		if err != nil {
			return nil, err
		}
		if f != nil {
			if err := f.wait(ctx); ctx.Err() != nil {
				return nil, ctx.Err()
			} else if err != nil {
				return nil, s.unavailable(err)
			}
		}
		c := s.cache.Load()
		if keys := c.lookup(kid); len(keys) > 0 || f == nil || f.number > before {
			return c.Keys(ctx, kid)
		}
	}
}

// joinFetch returns the running fetch or a new one. It returns nil if no fetch is needed: the cache
// has the key, or is the result of a fetch that began after the fetch with the given number. It
// returns an error if a pause or the limit prevents a fetch.
func (s *RemoteKeySet) joinFetch(ctx context.Context, kid string, number int) (*keyFetch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := wallTime() // after Lock, which may wait for a fetch: its time must not be in the future
	c := s.cache.Load()
	usable := c.usable(now)
	switch {
	case usable && (len(c.lookup(kid)) > 0 || c.number > number):
		return nil, nil //nolint:nilnil // no fetch is needed
	case s.fetching != nil:
		return s.fetching, nil
	case s.paused(now):
		return nil, s.unavailable(s.lastErr)
	}
	// The limit does not apply after a failed fetch or without usable keys, because it would make
	// an outage longer.
	if wait := s.untilUnknown(now); wait > 0 && usable && s.lastErr == nil {
		return nil, &FetchLimitError{KeyID: kid, RetryAfter: wait}
	}
	return s.startFetch(ctx, now), nil
}

// unavailable returns the error of a fetch, as a *StaleKeysError if there are only stale keys. It
// never returns a *KeyNotFoundError, because the key may exist.
func (s *RemoteKeySet) unavailable(err error) error {
	c := s.cache.Load()
	if c == nil || c.usable(wallTime()) {
		return err
	}
	return &StaleKeysError{Fetched: c.fetched, Err: err}
}

// refresh starts a fetch without waiting for it, unless the cached keys are newer than old.
func (s *RemoteKeySet) refresh(ctx context.Context, now time.Time, old *cachedKeys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetching == nil && s.cache.Load() == old && !s.paused(now) {
		s.startFetch(ctx, now)
	}
}

// startFetch starts a fetch. The caller holds s.mu.
func (s *RemoteKeySet) startFetch(ctx context.Context, now time.Time) *keyFetch {
	ctx, cancel := detach.WithTimeout(ctx, s.o.Timeout)
	s.number++
	f := &keyFetch{done: make(chan struct{}), timeout: ctx.Done(), url: cmp.Or(s.issuer, s.url), number: s.number}
	s.fetching = f
	copy(s.started[:], s.started[1:])
	s.started[len(s.started)-1] = now
	fetch := func() (*cachedKeys, error) { return s.fetch(ctx) }
	go detach.Run(fetch, func(c *cachedKeys, err error) {
		defer cancel()
		if _, panicked := errors.AsType[*detach.PanicError](err); panicked || errors.Is(err, detach.ErrGoexit) {
			err = fmt.Errorf("issuer: the HTTP transport: %w", err)
		}
		s.finishFetch(ctx, f, c, err)
	})
	return f
}

func (s *RemoteKeySet) finishFetch(ctx context.Context, f *keyFetch, c *cachedKeys, err error) {
	now := wallTime()
	s.mu.Lock()
	if err == nil {
		c.number = f.number
		s.cache.Store(c)
		s.failures, s.lastErr = 0, nil
	} else {
		s.failures++
		s.lastErr = err
		s.retryAt = now.Add(s.pauseAfter(now, err))
		if s.issuer != "" {
			s.urlSince = time.Time{} // the URL of the keys may have changed
		}
	}
	s.fetching = nil
	s.mu.Unlock()
	f.err = err
	close(f.done)
	if err != nil {
		s.o.Logger.LogAttrs(ctx, slog.LevelWarn, "key set not fetched", slog.String("error", err.Error()))
	} else {
		s.o.Logger.LogAttrs(ctx, slog.LevelDebug, "key set fetched",
			slog.Int("keys", len(c.all)), slog.Duration("ttl", c.ttl))
	}
}

// wait returns the error of the fetch, or of ctx if it ends first.
func (f *keyFetch) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	case <-f.timeout:
	}
	select {
	case <-f.done: // a fetch that is done also closes timeout
		return f.err
	default:
		return &FetchError{Document: "key set", URL: f.url, Err: context.DeadlineExceeded}
	}
}
