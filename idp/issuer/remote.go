package issuer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/httpjson"
)

const (
	minTTL, defaultTTL, maxTTL = time.Minute, 10 * time.Minute, time.Hour

	defaultMaxStale = 24 * time.Hour

	// discoveryTTL is how long a jwks_uri is used without asking again. It is asked again, too, after a fetch from it failed.
	discoveryTTL = time.Hour
)

// RemoteKeySetOptions are the choices of [NewRemoteKeySet] and [NewIssuerKeySet]. The zero value is fit for use.
type RemoteKeySetOptions struct {
	// HTTPClient sends the requests; nil means http.DefaultClient. Its CheckRedirect is not used: redirects stay on the host.
	HTTPClient *http.Client
	// InsecureLoopbackHTTP admits http URLs of loopback addresses written as literals, such as http://127.0.0.1:8080.
	InsecureLoopbackHTTP bool
	// MaxStale is how long keys are used after the last good fetch while the issuer cannot be reached; 0 means 24 hours. A key
	// that the issuer withdraws meanwhile is trusted for so long.
	MaxStale time.Duration
	// Timeout bounds a fetch; 0 means 10 seconds. Once it is known where an issuer's keys are, asking that again gets a third of it.
	Timeout time.Duration
	// Logger gets a warning for each fetch that fails and a debug line for each that does not; nil means silence.
	Logger *slog.Logger
}

// A RemoteKeySet is the key set of an issuer, fetched when needed and kept.
//
//   - A kid that is known never waits. When the kept set is older than the Cache-Control of its answer allows (at least 1 minute, at
//     most 1 hour, 10 minutes when it says nothing) it is fetched again behind the callers.
//   - A kid that is not known is fetched for at once, and its caller waits, unless there was a good fetch in the last 30 seconds; then
//     it is refused, and found with the next fetch.
//   - A failed fetch is tried again when somebody asks, after a second at first and after 30 seconds at most, or 5 while there are no
//     keys; not before a Retry-After of the answer is over, as far as that is a minute and the kept keys last. Meanwhile its error is
//     returned for a kid that is not known: the key may exist.
//   - While the issuer is down or hangs the kept keys are used, until [RemoteKeySetOptions.MaxStale]; then the error is a *[StaleKeysError].
//   - A key that is gone from the issuer's set is gone with the first good fetch.
//
// One fetch runs at a time. It goes on when its callers give up, and is bounded by [RemoteKeySetOptions.Timeout]; there is no other
// goroutine, nothing needs to be closed, and nothing happens while nobody asks. Times are those of the wall clock, so a machine that
// slept asks again. It is safe for concurrent use.
type RemoteKeySet struct {
	issuer string // "" when the URL of the keys is known from the start
	o      RemoteKeySetOptions

	kept atomic.Pointer[kept]

	mu       sync.Mutex // guards the rest; never held across I/O
	flight   *flight
	started  time.Time // of the last fetch
	failures int       // in a row
	retryAt  time.Time
	lastErr  error
	url      string // of the keys; "" until discovered
	urlSince time.Time
}

// kept is the last good answer. It is immutable.
type kept struct {
	*snapshot
	fetched, expires, stale time.Time
	url, etag, modified     string
	ttl                     time.Duration
}

type flight struct {
	done chan struct{}
	over <-chan struct{} // the flight's time is up, whatever its transport does
	from string          // for the error when it is
	err  error           // valid after done
}

// A StaleKeysError says that an issuer could not be reached for longer than [RemoteKeySetOptions.MaxStale], so the keys that are kept
// are not trusted any more.
type StaleKeysError struct {
	Fetched time.Time // when the keys were fetched
	Err     error     // why the last fetch failed
}

// Error says since when there was no good fetch and why.
func (e *StaleKeysError) Error() string {
	return fmt.Sprintf("issuer: no key set since %s: %v", e.Fetched.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns Err.
func (e *StaleKeysError) Unwrap() error { return e.Err }

// Temporary is true: the issuer may come back.
func (e *StaleKeysError) Temporary() bool { return true }

// NewRemoteKeySet returns the key set at a URL, which must be https. Nothing is fetched before the first call of Keys.
func NewRemoteKeySet(jwksURL string, opts *RemoteKeySetOptions) (*RemoteKeySet, error) {
	s := newRemoteKeySet(opts)
	if _, err := httpjson.CheckURL(jwksURL, s.o.InsecureLoopbackHTTP); err != nil {
		return nil, fmt.Errorf("issuer: NewRemoteKeySet: %w", err)
	}
	s.url = jwksURL
	return s, nil
}

// NewIssuerKeySet returns the key set of an issuer: where it is, [Discover] tells. Nothing is fetched before the first call of Keys.
func NewIssuerKeySet(issuerURL string, opts *RemoteKeySetOptions) (*RemoteKeySet, error) {
	s := newRemoteKeySet(opts)
	if err := checkIssuerURL(issuerURL, s.o.InsecureLoopbackHTTP); err != nil {
		return nil, fmt.Errorf("issuer: NewIssuerKeySet: %w", err)
	}
	s.issuer = issuerURL
	return s, nil
}

func newRemoteKeySet(opts *RemoteKeySetOptions) *RemoteKeySet {
	s := &RemoteKeySet{}
	if opts != nil {
		s.o = *opts
	}
	if s.o.MaxStale <= 0 {
		s.o.MaxStale = defaultMaxStale
	}
	if s.o.Timeout <= 0 {
		s.o.Timeout = fetchTimeout
	}
	if s.o.Logger == nil {
		s.o.Logger = slog.New(slog.DiscardHandler)
	}
	return s
}

// Keys implements [KeySet].
func (s *RemoteKeySet) Keys(ctx context.Context, kid string) ([]Key, error) {
	now := time.Now().Round(0) // wall clock: the monotonic one stands still while a machine sleeps
	k := s.kept.Load()
	if k == nil || !now.Before(k.stale) {
		return s.first(ctx, now, kid)
	}
	if keys := k.lookup(kid); len(keys) > 0 {
		if !now.Before(k.expires) || now.Before(k.fetched) {
			s.renew(ctx, now, k)
		}
		return keys, nil
	}
	return s.unknown(ctx, kid)
}

// first serves callers that cannot be served from what is kept.
func (s *RemoteKeySet) first(ctx context.Context, now time.Time, kid string) ([]Key, error) {
	s.mu.Lock()
	if k := s.kept.Load(); k != nil && now.Before(k.stale) { // a fetch ended since this caller looked
		s.mu.Unlock()
		return k.Keys(ctx, kid)
	}
	f := s.flight
	if f == nil && s.resting(now) {
		err := s.lastErr
		s.mu.Unlock()
		return nil, s.stale(err)
	}
	if f == nil {
		f = s.start(ctx, now)
	}
	s.mu.Unlock()
	switch err := f.wait(ctx); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, s.stale(err)
	}
	return s.kept.Load().Keys(ctx, kid)
}

// stale says that there were keys, if there were.
func (s *RemoteKeySet) stale(err error) error {
	k := s.kept.Load()
	if k == nil {
		return err
	}
	return &StaleKeysError{Fetched: k.fetched, Err: err}
}

// renew starts a fetch that nobody waits for, unless there is a newer answer than old by now.
func (s *RemoteKeySet) renew(ctx context.Context, now time.Time, old *kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flight == nil && s.kept.Load() == old && !s.resting(now) {
		s.start(ctx, now)
	}
}

func (s *RemoteKeySet) unknown(ctx context.Context, kid string) ([]Key, error) {
	s.mu.Lock()
	now := time.Now().Round(0) // under a flood a caller waits for the lock, and what began meanwhile would seem to be in its future
	f := s.flight
	if f == nil && s.due(now) {
		f = s.start(ctx, now)
	}
	err := s.lastErr
	s.mu.Unlock()
	if f != nil {
		err = f.wait(ctx)
	}
	if err != nil {
		return nil, err // the key may exist
	}
	return s.kept.Load().Keys(ctx, kid)
}

// start begins a flight. s.mu is held.
func (s *RemoteKeySet) start(ctx context.Context, now time.Time) *flight {
	ctx, cancel := detach.WithTimeout(ctx, s.o.Timeout)
	f := &flight{done: make(chan struct{}), over: ctx.Done(), from: cmp.Or(s.issuer, s.url)}
	s.flight, s.started = f, now
	go detach.Run(func() (*kept, error) { return s.fetch(ctx) }, func(k *kept, err error) {
		defer cancel()
		if _, panicked := errors.AsType[*detach.PanicError](err); panicked || errors.Is(err, detach.ErrGoexit) {
			err = fmt.Errorf("issuer: the HTTP transport: %w", err)
		}
		s.land(ctx, f, k, err)
	})
	return f
}

func (s *RemoteKeySet) land(ctx context.Context, f *flight, k *kept, err error) {
	now := time.Now().Round(0)
	s.mu.Lock()
	if err == nil {
		s.kept.Store(k)
		s.failures, s.lastErr = 0, nil
	} else {
		s.retryAt = now.Add(s.pause(now, err))
		s.failures++
		s.lastErr = err
		if s.issuer != "" {
			s.urlSince = time.Time{} // perhaps the keys have moved
		}
	}
	s.flight = nil
	s.mu.Unlock()
	f.err = err
	close(f.done)
	if err != nil {
		s.o.Logger.LogAttrs(ctx, slog.LevelWarn, "key set not fetched", slog.String("error", err.Error()))
	} else {
		s.o.Logger.LogAttrs(ctx, slog.LevelDebug, "key set fetched", slog.Int("keys", len(k.all)), slog.Duration("ttl", k.ttl))
	}
}

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	case <-f.over:
	}
	select {
	case <-f.done: // it ended in time, and then its context too
		return f.err
	default:
		return &FetchError{Document: "key set", URL: f.from, Err: context.DeadlineExceeded}
	}
}
