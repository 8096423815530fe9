package authtoken

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/refresh"
)

// minLife is the remaining life of credentials below which they are refreshed before they sign a
// token. An awsfed.Provider refreshes credentials at least that long before they expire, so this
// causes no additional requests to STS.
const minLife = 5 * time.Minute

// A Source makes tokens for one service and user, and keeps the current one. It is safe for
// concurrent use. It has no goroutine while it makes no token, so it needs no closing. The zero
// value is not usable; call [New] or one of the functions for a service.
type Source struct {
	engine refresh.Engine[Token]
	// fetch is a func, so that printing a Source does not show credentials.
	fetch func(context.Context) (Token, error)
}

// A Sign signs a token with credentials. It returns the text of the token and when the token
// expires. That time may be after the expiry of the credentials: [Source] uses the earlier one. The
// zero time means that the token expires with the credentials.
type Sign func(ctx context.Context, creds aws.Credentials) (raw string, expiry time.Time, err error)

// New returns a source of tokens that sign makes, for a service without a function of its own in
// this package. sign is called in any goroutine, at most once at a time, and must not keep its
// credentials.
//
// If the credentials are valid for less than 5 minutes, they are refreshed first:
//
//   - A provider with the method CredentialsFor(ctx, life), such as an awsfed.Provider, is asked for
//     credentials that are valid for 5 minutes. If its refresh fails, it returns the old ones.
//   - A provider with the method Invalidate(), such as an [aws.CredentialsCache], is invalidated and
//     asked again. If that fails, the first credentials are used. Other users of the cache may then
//     get the error.
//   - The credentials of other providers are used as they are.
//
// The error is an [*OptionError].
func New(creds aws.CredentialsProvider, sign Sign) (*Source, error) {
	switch {
	case creds == nil:
		return nil, optionError("New", "creds", "is nil")
	case sign == nil:
		return nil, optionError("New", "sign", "is nil")
	}
	s := &Source{fetch: func(ctx context.Context) (Token, error) { return fetch(ctx, creds, sign) }}
	s.engine.Init((*driver)(s), &refresh.Rules{ForgetInvalid: true})
	return s, nil
}

// newSource is New for a function that takes an [aws.Config]. The tokens that sign makes expire after
// life.
func newSource(fn string, cfg aws.Config, life time.Duration, sign func(context.Context, aws.Credentials) (string, error)) (*Source, error) {
	switch {
	case cfg.Credentials == nil, aws.IsCredentialsProvider(cfg.Credentials, aws.AnonymousCredentials{}):
		return nil, optionError(fn, "cfg", "has no credentials")
	case cfg.Region == "":
		return nil, optionError(fn, "cfg", "has no region")
	}
	return New(cfg.Credentials, func(ctx context.Context, creds aws.Credentials) (string, time.Time, error) {
		expiry := time.Now().Truncate(time.Second).Add(life) // a signature has no fractions of a second
		raw, err := sign(ctx, creds)
		return raw, expiry, err
	})
}

// Token returns the current token. While there is a valid one, a call does not wait, except for up
// to one second in the last minute of the token. If credentials cannot be refreshed, Token returns
// the old token until it expires or is invalidated.
//
// The error wraps that of the credentials provider, such as an *awsfed.AssumeRoleError, or of ctx.
func (s *Source) Token(ctx context.Context) (Token, error) {
	t, err := s.engine.Value(ctx)
	if err != nil {
		return Token{}, fmt.Errorf("authtoken: %w", err)
	}
	return *t, nil
}

// Invalidate drops t if it is the current token. Call it if the service refused t before its
// expiry. The next call of Token waits for a new token, which is signed with the credentials that
// the provider then returns. If that fails, calls return the error, and a new attempt starts within
// 15 seconds. Token does not return t again.
func (s *Source) Invalidate(t Token) {
	s.engine.Invalidate(func(current Token) bool { return current.Raw() == t.Raw() })
}

// fetch gets credentials and signs a token with them.
func fetch(ctx context.Context, provider aws.CredentialsProvider, sign Sign) (Token, error) {
	c, err := lasting(ctx, provider)
	switch {
	case err != nil:
		return Token{}, fmt.Errorf("cannot get credentials: %w", err)
	case !c.HasKeys():
		return Token{}, errors.New("the credentials have no keys")
	case c.Expired():
		return Token{}, fmt.Errorf("the credentials expired at %s", c.Expires.UTC().Format(time.RFC3339))
	}
	raw, expiry, err := sign(ctx, c)
	if err != nil {
		return Token{}, err
	}
	if raw == "" {
		return Token{}, errors.New("the signed token is empty")
	}
	if c.CanExpire && (expiry.IsZero() || c.Expires.Before(expiry)) {
		expiry = c.Expires
	}
	return newToken(raw, expiry), nil
}

// lasting returns credentials that are valid for minLife, if the provider has such credentials.
func lasting(ctx context.Context, provider aws.CredentialsProvider) (aws.Credentials, error) {
	if p, ok := provider.(interface {
		CredentialsFor(ctx context.Context, life time.Duration) (aws.Credentials, error)
	}); ok {
		return p.CredentialsFor(ctx, minLife)
	}
	c, err := provider.Retrieve(ctx)
	cache, ok := provider.(interface{ Invalidate() })
	if err != nil || !ok || !c.CanExpire || time.Until(c.Expires) >= minLife {
		return c, err
	}
	cache.Invalidate()
	if next, err := provider.Retrieve(ctx); err == nil {
		return next, nil
	}
	return c, nil
}

// A driver is a [Source] as the driver of its engine. The type keeps these methods out of the
// exported ones.
type driver Source

var _ refresh.Driver[Token] = (*driver)(nil)

// Fetch makes a token.
func (d *driver) Fetch(ctx context.Context) (Token, error) { return d.fetch(ctx) }

// Expiry returns when the token expires.
func (*driver) Expiry(t Token) time.Time { return t.expiry }

// Prepare changes nothing.
func (*driver) Prepare(*Token, refresh.Windows) {}

// Temporary returns true for every error: none of them concerns the token that is cached. After its
// expiry callers get the error.
func (*driver) Temporary(error) bool { return true }

// RetryAfter returns zero, because the provider knows how long its servers want to wait.
func (*driver) RetryAfter(error) time.Duration { return 0 }

// Settled does nothing.
func (*driver) Settled(refresh.Event[Token]) {}
