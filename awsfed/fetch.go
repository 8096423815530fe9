package awsfed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unique"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/refresh"
	"github.com/onafed/onafed/internal/retry"
)

// maxAttempts is how often one token is sent to STS within one refresh.
const maxAttempts = 3

// A driver is a [Provider] as the driver of its engine, which keeps these methods out of the
// exported ones.
type driver Provider

var (
	_ refresh.Driver[session]  = (*driver)(nil)
	_ refresh.Renewer[session] = (*driver)(nil)
	_ refresh.Retrier          = (*driver)(nil)
)

// errNoToken is the error of a token source that returns nothing.
var errNoToken = errors.New("the token source returned neither a token nor an error")

// Fetch gets credentials, with all attempts of one refresh.
func (d *driver) Fetch(ctx context.Context) (session, error) {
	p := (*Provider)(d)
	f := fetch{p: p, newConnection: p.mayHaveBrokenConnections()}
	if p.chain != nil {
		return f.chain(ctx)
	}
	return f.exchange(ctx)
}

// exchange exchanges a token for credentials. If STS rejects the token, it exchanges another one.
func (f *fetch) exchange(ctx context.Context) (session, error) {
	tok, err := f.token(ctx, f.p.src)
	if err != nil {
		return session{}, f.fail(nil, err)
	}
	with := func(ctx context.Context) (session, error) { return f.exchangeToken(ctx, tok) }
	s, err := f.send(ctx, with)
	if err != nil && classify(err) == replaceToken {
		next, tokErr := f.otherToken(ctx, tok, err)
		if tokErr != nil {
			return session{}, f.fail(tok, errors.Join(err, tokErr))
		}
		if next.Equal(tok) {
			return session{}, f.fail(tok, err) // STS would reject it again
		}
		tok = next
		if f.p.throttle(ctx) != nil {
			return session{}, f.fail(tok, err)
		}
		s, err = f.send(ctx, with)
	}
	if err != nil {
		return session{}, f.fail(tok, err)
	}
	if f.suspect != nil {
		f.invalidate(f.suspect)
	}
	return s, nil
}

// send makes requests until one succeeds, repeating it would not help, or maxAttempts were made.
func (f *fetch) send(ctx context.Context, attempt func(context.Context) (session, error)) (session, error) {
	p := f.p
	for n := 1; ; n++ {
		s, err := f.within(ctx, attempt)
		if err == nil || classify(err) != repeat || n == maxAttempts {
			return s, err
		}
		if !p.pause(ctx, attemptPause(n, err, p.opts.rules.Chance())) {
			return session{}, err
		}
		f.newConnection = f.newConnection || isTimeout(err)
	}
}

// within makes one request within its share of the time of a refresh.
func (f *fetch) within(ctx context.Context, attempt func(context.Context) (session, error)) (session, error) {
	ctx, cancel := context.WithTimeout(ctx, f.p.opts.rules.AttemptTimeout/3)
	defer cancel()
	return attempt(ctx)
}

// Expiry returns when the credentials end by the local clock.
func (*driver) Expiry(s session) time.Time { return s.localExpiry() }

// RenewBefore returns when the first of the earlier credentials of a chain expires, with which these
// were made.
func (*driver) RenewBefore(s session) time.Time {
	if s.madeUntil == 0 {
		return time.Time{}
	}
	return time.Unix(0, s.madeUntil)
}

// Prepare sets the time to ask again, which Retrieve returns.
func (*driver) Prepare(s *session, w refresh.Windows) { s.served.Expires = w.Advisory }

// Temporary reports whether a failed refresh may succeed later.
func (*driver) Temporary(err error) bool { return retryable(err) }

// RetryAfter returns how long STS asked to wait.
func (*driver) RetryAfter(err error) time.Duration { return retryAfter(err) }

// RetryAt returns when the first role of a chain may have credentials again.
func (d *driver) RetryAt(error) time.Time {
	if d.chain == nil {
		return time.Time{}
	}
	return d.chain.retryAt()
}

// A fetch is the work of one refresh.
type fetch struct {
	p             *Provider
	newConnection bool       // for the next request
	suspect       *idp.Token // invalidated if STS accepts another token
}

// token returns a token of the source.
func (f *fetch) token(ctx context.Context, src idp.TokenSource) (*idp.Token, error) {
	// In a goroutine of its own, a source that panics fails like any other source.
	tok, err := detach.Go(func() (*idp.Token, error) { return src.Token(ctx) }).Result()
	switch {
	case err != nil:
		temporary, known := retry.Temporary(err)
		return nil, &tokenError{source: f.p.sourceName(), err: err, permanent: known && !temporary}
	case tok == nil || tok.Raw() == "":
		return nil, &tokenError{source: f.p.sourceName(), err: errNoToken}
	}
	return tok, nil
}

// otherToken returns a token to replace the one that STS rejected, if the source has another one.
func (f *fetch) otherToken(ctx context.Context, old *idp.Token, rejection error) (*idp.Token, error) {
	if s, ok := f.p.src.(*sharedSource); ok && codeOf(rejection) == codeInvalidToken {
		// STS returns this code for an invalid token, and also for a valid one if the account of
		// the role does not know the issuer. The roles of a pool share the token, so the others
		// keep it until STS accepts another one.
		f.suspect = old
		return f.token(ctx, s.uncached)
	}
	f.invalidate(old)
	return f.token(ctx, f.p.src)
}

// invalidate tells the source that STS rejected a token.
func (f *fetch) invalidate(tok *idp.Token) {
	if inv, ok := f.p.src.(idp.Invalidator); ok {
		inv.Invalidate(tok)
	}
}

// exchangeToken makes one request with a token.
func (f *fetch) exchangeToken(ctx context.Context, tok *idp.Token) (session, error) {
	p := f.p
	a, err := f.withToken(ctx, p.input(tok))
	if err != nil {
		return session{}, err
	}
	return a.session(p.requested(), p.identity(tok, a))
}

// assume makes one request for a role of a chain, with the credentials of the role before it.
func (f *fetch) assume(ctx context.Context, i int, previous *session) (session, error) {
	p := f.p
	a, err := f.withCredentials(ctx, p.chain.input(i, previous), previous.served)
	if err != nil {
		return session{}, err
	}
	id := previous.identity.Value()
	id.sourceIdentity = a.sourceIdentity
	return a.session(p.requestedNext(i), unique.Make(id))
}

// fail returns the error of a refresh. tok is the last token that STS got; nil if it got none.
func (f *fetch) fail(tok *idp.Token, err error) error {
	e := newAssumeRoleError(f.p.roleARN, err)
	e.SessionName = f.p.opts.SessionName
	if tok != nil {
		e.SessionName = f.p.sessionName(tok)
		e.setToken(tok.Claims())
	}
	return e
}

func (p *Provider) sessionName(tok *idp.Token) string {
	if p.opts.SessionName != "" {
		return p.opts.SessionName
	}
	return sessionName(tok.Claims())
}

func (p *Provider) sourceName() string {
	if s, ok := p.src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", p.src), "*")
}

// mayHaveBrokenConnections reports whether idle connections may be broken without an error: after a
// timeout in the last refresh, or if the wall clock and the monotonic clock have moved by different
// times since the last answer, as after the machine was suspended.
func (p *Provider) mayHaveBrokenConnections() bool {
	if isTimeout(p.engine.Status().Err) {
		return true
	}
	s, ok := p.engine.Peek()
	if !ok {
		return false
	}
	now := time.Now()
	return jumped(now.Round(0).Sub(s.at.Round(0)), now.Sub(s.at))
}

// jumped reports whether the times by the wall clock and the monotonic clock differ by more than
// NTP corrects in a running clock.
func jumped(wall, mono time.Duration) bool {
	return (wall - mono).Abs() > 10*time.Second
}

// pause waits for d and then for the rate limit of the pool. It returns false at once if there is
// no time left for another request.
func (p *Provider) pause(ctx context.Context, d time.Duration) bool {
	return retry.Pause(ctx, d) && p.throttle(ctx) == nil
}

func (p *Provider) throttle(ctx context.Context) error {
	if p.opts.pool == nil {
		return nil
	}
	return p.opts.pool.queue.throttle(ctx)
}

// attemptPause returns the pause after attempt n: full jitter over a second, then over two, unless
// the server asked for more. u is in [0, 1).
func attemptPause(n int, err error, u float64) time.Duration {
	return max(time.Duration(u*float64(retry.Exponential(time.Second, n, 2*time.Second))), retryAfter(err))
}
