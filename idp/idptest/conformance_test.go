package idptest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// rules lists the rules that an error of TestTokenSource names.
func rules(err error) []string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		var r *idptest.RuleError
		switch e := err.(type) { //nolint:errorlint // one step of unwrapping at a time is what is wanted
		case nil:
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		default:
			if errors.As(err, &r) && !slices.Contains(out, r.Rule) {
				out = append(out, r.Rule)
			}
		}
	}
	walk(err)
	slices.Sort(out)
	return out
}

// invalidator is a source that is an idp.Invalidator.
type invalidator struct {
	idp.TokenSource
	forget func(*idp.Token)
}

func (i invalidator) Invalidate(t *idp.Token) { i.forget(t) }

// talkative prints its token.
type talkative struct {
	idp.TokenSource
	Last string
}

func TestConformanceFindsEachFault(t *testing.T) {
	t.Parallel()
	src := func(f func(ctx context.Context) (*idp.Token, error)) idp.TokenSource { return idp.TokenSourceFunc(f) }
	for name, tt := range map[string]struct {
		src  func(iss *idptest.Issuer) idp.TokenSource
		want []string
	}{
		"a good one":     {func(i *idptest.Issuer) idp.TokenSource { return i.TokenSource("a") }, nil},
		"one that keeps": {func(i *idptest.Issuer) idp.TokenSource { return idptest.Always(i.Token("a")) }, nil},
		"a static one":   {func(i *idptest.Issuer) idp.TokenSource { return idp.Static(i.Token("a")) }, nil},
		"a cached one":   {func(i *idptest.Issuer) idp.TokenSource { return idp.Cached(i.TokenSource("a"), nil) }, nil},
		"nil":            {func(*idptest.Issuer) idp.TokenSource { return nil }, []string{"token"}},
		"fails":          {func(*idptest.Issuer) idp.TokenSource { return idptest.Fails(errors.New("no")) }, []string{"token"}},
		"neither token nor error": {func(*idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) { return nil, nil })
		}, []string{"token"}},
		"an empty token": {func(*idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) { return &idp.Token{}, nil })
		}, []string{"token"}},
		"token and error": {func(i *idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) { return i.Token("a"), errors.New("both") })
		}, []string{"token"}},
		"panics": {func(*idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) { panic("broken") })
		}, []string{"token"}},
		"expired": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			time.Sleep(2 * time.Hour)
			return idptest.Always(tok)
		}, []string{"expiry"}},
		"expires in use": {func(i *idptest.Issuer) idp.TokenSource {
			tok, err := idp.ParseToken(i.Sign(idptest.With(i.Claims("a"), "exp", time.Now().Unix()+1)))
			if err != nil {
				panic(err)
			}
			return src(func(context.Context) (*idp.Token, error) {
				time.Sleep(600 * time.Millisecond)
				return tok, nil
			})
		}, []string{"expiry"}},
		"no expiry": {func(i *idptest.Issuer) idp.TokenSource {
			tok, err := idp.ParseToken(i.Sign(idptest.With(i.Claims("a"), "exp", nil)))
			if err != nil {
				panic(err)
			}
			return idptest.Always(tok)
		}, []string{"expiry"}},
		"other audiences": {func(i *idptest.Issuer) idp.TokenSource {
			var n atomic.Int32
			return src(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return i.Token(fmt.Sprint(n.Add(1))), nil
			})
		}, []string{"audience"}},
		"one token for all, overwritten": {func(i *idptest.Issuer) idp.TokenSource {
			var mu sync.Mutex
			shared := &idp.Token{}
			return src(func(context.Context) (*idp.Token, error) {
				mu.Lock()
				defer mu.Unlock()
				*shared = *i.Token("a")
				return shared, nil
			})
		}, []string{"immutable"}},
		"fails when called twice at once": {func(i *idptest.Issuer) idp.TokenSource {
			var busy atomic.Bool
			return src(func(ctx context.Context) (*idp.Token, error) {
				if !busy.CompareAndSwap(false, true) {
					return nil, errors.New("busy")
				}
				defer busy.Store(false)
				select {
				case <-ctx.Done():
					return nil, ctx.Err()
				case <-time.After(10 * time.Millisecond):
				}
				return i.Token("a"), nil
			})
		}, []string{"concurrent"}},
		"panics when called twice at once": {func(i *idptest.Issuer) idp.TokenSource {
			var n atomic.Int32
			return src(func(ctx context.Context) (*idp.Token, error) {
				defer n.Add(-1)
				if n.Add(1) > 1 {
					panic("concurrent map writes")
				}
				time.Sleep(time.Millisecond)
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return i.Token("a"), nil
			})
		}, []string{"concurrent"}},
		"ignores its context and is quick": {func(i *idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) { return i.Token("a"), nil })
		}, []string{"context"}},
		"ignores its context": {func(i *idptest.Issuer) idp.TokenSource {
			return src(func(context.Context) (*idp.Token, error) {
				time.Sleep(10 * time.Second)
				return i.Token("a"), nil
			})
		}, []string{"context"}},
		"hides why it ended": {func(i *idptest.Issuer) idp.TokenSource {
			return src(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, errors.New("failed")
				}
				return i.Token("a"), nil
			})
		}, []string{"context"}},
		"secret in the error": {func(i *idptest.Issuer) idp.TokenSource {
			return src(func(ctx context.Context) (*idp.Token, error) {
				tok := i.Token("a")
				if ctx.Err() != nil {
					return nil, fmt.Errorf("gave up with %s: %w", tok.Raw(), ctx.Err())
				}
				return tok, nil
			})
		}, []string{"secret"}},
		"half a secret in the error": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			return src(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, fmt.Errorf("gave up with …%s: %w", tok.Raw()[len(tok.Raw())-342:], ctx.Err())
				}
				return tok, nil
			})
		}, []string{"secret"}},
		"a token nobody got in the error": {func(i *idptest.Issuer) idp.TokenSource {
			return idptest.Fails(errors.New("cannot use " + i.Sign(i.Claims("a"))))
		}, []string{"secret", "token"}},
		"secret when printed": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			return &talkative{idptest.Always(tok), tok.Raw()}
		}, []string{"secret"}},
		"forgets nothing": {func(i *idptest.Issuer) idp.TokenSource {
			return invalidator{idptest.Always(i.Token("a")), func(*idp.Token) {}}
		}, []string{"invalidate"}},
		"forgets": {func(i *idptest.Issuer) idp.TokenSource {
			var mu sync.Mutex
			tok := i.Token("a")
			return invalidator{
				src(func(ctx context.Context) (*idp.Token, error) {
					mu.Lock()
					defer mu.Unlock()
					return tok, ctx.Err()
				}),
				func(*idp.Token) {
					mu.Lock()
					defer mu.Unlock()
					tok = i.Token("a")
				},
			}
		}, []string{"token"}}, // it returns a token and an error when its context has ended
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// ECDSA: two tokens of one second differ.
				iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
				err := idptest.TestTokenSource(t.Context(), tt.src(iss))
				if got := rules(err); !slices.Equal(got, tt.want) {
					t.Errorf("rules %v, want %v: %v", got, tt.want, err)
				}
				time.Sleep(time.Minute) // calls that were left behind end
			})
		})
	}
}

func TestConformanceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := idptest.TestTokenSource(ctx, idptest.Blocks()); err == nil || time.Since(start) > 5*time.Second {
			t.Errorf("TestTokenSource = %v after %v", err, time.Since(start))
		}
	})
}

func TestDoubles(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	a, b, cause := iss.Token("a"), iss.Token("b"), errors.New("down")
	seq := idptest.Sequence(idptest.Always(a), idptest.Fails(cause), idptest.Always(b))
	for n, want := range []struct {
		tok *idp.Token
		err error
	}{{a, nil}, {nil, cause}, {b, nil}, {b, nil}} {
		if tok, err := seq.Token(t.Context()); tok != want.tok || !errors.Is(err, want.err) {
			t.Errorf("call %d = %v, %v; want %v, %v", n, tok, err, want.tok, want.err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, src := range map[string]idp.TokenSource{"Always": idptest.Always(a), "Blocks": idptest.Blocks(), "an issuer's": iss.TokenSource("a")} {
		if tok, err := src.Token(ctx); tok != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended = %v, %v", name, tok, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a Sequence of nothing was made")
		}
	}()
	idptest.Sequence()
}
