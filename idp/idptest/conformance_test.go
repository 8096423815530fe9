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

// rules returns the rules that an error of TestTokenSource names.
func rules(err error) []string {
	var out []string
	var walk func(error)
	walk = func(err error) {
		switch e := err.(type) { //nolint:errorlint // unwraps one step
		case nil:
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		default:
			if r, ok := errors.AsType[*idptest.RuleError](err); ok && !slices.Contains(out, r.Rule) {
				out = append(out, r.Rule)
			}
		}
	}
	walk(err)
	slices.Sort(out)
	return out
}

// invalidator is a source with the method Invalidate.
type invalidator struct {
	idp.TokenSource
	invalidate func(*idp.Token)
}

func (i invalidator) Invalidate(t *idp.Token) { i.invalidate(t) }

// printsToken is a source that reveals its token when it is printed.
type printsToken struct {
	idp.TokenSource
	Last string
}

// sourceTest is a source and the rules that it breaks.
type sourceTest struct {
	src   func(iss *idptest.Issuer) idp.TokenSource
	rules []string
}

// source is a shorter name for the adapter.
func source(f func(ctx context.Context) (*idp.Token, error)) idp.TokenSource {
	return idp.TokenSourceFunc(f)
}

func runSourceTests(t *testing.T, tests map[string]sourceTest) {
	t.Helper()
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// With ECDSA, two tokens of the same second differ.
				iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
				err := idptest.TestTokenSource(t.Context(), tt.src(iss))
				if got := rules(err); !slices.Equal(got, tt.rules) {
					t.Errorf("rules %v, want %v: %v", got, tt.rules, err)
				}
				time.Sleep(time.Minute) // until calls that ignore their context have ended
			})
		})
	}
}

func TestConformanceAcceptsValidSources(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"valid source":         {func(i *idptest.Issuer) idp.TokenSource { return i.TokenSource("a") }, nil},
		"cached by the source": {func(i *idptest.Issuer) idp.TokenSource { return idptest.Always(i.Token("a")) }, nil},
		"idp.Static":           {func(i *idptest.Issuer) idp.TokenSource { return idp.Static(i.Token("a")) }, nil},
		"idp.Cached":           {func(i *idptest.Issuer) idp.TokenSource { return idp.Cached(i.TokenSource("a"), nil) }, nil},
	})
}

func TestConformanceRuleToken(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"nil":   {func(*idptest.Issuer) idp.TokenSource { return nil }, []string{"token"}},
		"fails": {func(*idptest.Issuer) idp.TokenSource { return idptest.Fails(errors.New("no")) }, []string{"token"}},
		"neither token nor error": {func(*idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) { return nil, nil })
		}, []string{"token"}},
		"empty token": {func(*idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) { return &idp.Token{}, nil })
		}, []string{"token"}},
		"token and error": {func(i *idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) { return i.Token("a"), errors.New("both") })
		}, []string{"token"}},
		"panics": {func(*idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) { panic("broken") })
		}, []string{"token"}},
	})
}

func TestConformanceRulesForTheToken(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"expired": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			time.Sleep(2 * time.Hour)
			return idptest.Always(tok)
		}, []string{"expiry"}},
		"expires during the call": {func(i *idptest.Issuer) idp.TokenSource {
			tok, err := idp.ParseToken(i.Sign(idptest.With(i.Claims("a"), "exp", time.Now().Unix()+1)))
			if err != nil {
				panic(err)
			}
			return source(func(context.Context) (*idp.Token, error) {
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
		"different audiences": {func(i *idptest.Issuer) idp.TokenSource {
			var n atomic.Int32
			return source(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				return i.Token(fmt.Sprint(n.Add(1))), nil
			})
		}, []string{"audience"}},
		"shared token is overwritten": {func(i *idptest.Issuer) idp.TokenSource {
			var mu sync.Mutex
			shared := &idp.Token{}
			return source(func(context.Context) (*idp.Token, error) {
				mu.Lock()
				defer mu.Unlock()
				*shared = *i.Token("a")
				return shared, nil
			})
		}, []string{"immutable"}},
	})
}

func TestConformanceRuleConcurrent(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"concurrent calls fail": {func(i *idptest.Issuer) idp.TokenSource {
			var busy atomic.Bool
			return source(func(ctx context.Context) (*idp.Token, error) {
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
		"concurrent calls panic": {func(i *idptest.Issuer) idp.TokenSource {
			var n atomic.Int32
			return source(func(ctx context.Context) (*idp.Token, error) {
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
	})
}

func TestConformanceRuleContext(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"ignores the context, fast": {func(i *idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) { return i.Token("a"), nil })
		}, []string{"context"}},
		"ignores the context, slow": {func(i *idptest.Issuer) idp.TokenSource {
			return source(func(context.Context) (*idp.Token, error) {
				time.Sleep(10 * time.Second)
				return i.Token("a"), nil
			})
		}, []string{"context"}},
		"does not return the error of the context": {func(i *idptest.Issuer) idp.TokenSource {
			return source(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, errors.New("failed")
				}
				return i.Token("a"), nil
			})
		}, []string{"context"}},
	})
}

func TestConformanceRuleSecret(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"token in an error": {func(i *idptest.Issuer) idp.TokenSource {
			return source(func(ctx context.Context) (*idp.Token, error) {
				tok := i.Token("a")
				if ctx.Err() != nil {
					return nil, fmt.Errorf("canceled with %s: %w", tok.Raw(), ctx.Err())
				}
				return tok, nil
			})
		}, []string{"secret"}},
		"part of a token in an error": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			return source(func(ctx context.Context) (*idp.Token, error) {
				if ctx.Err() != nil {
					return nil, fmt.Errorf("canceled with …%s: %w", tok.Raw()[len(tok.Raw())-342:], ctx.Err())
				}
				return tok, nil
			})
		}, []string{"secret"}},
		"unknown token in an error": {func(i *idptest.Issuer) idp.TokenSource {
			return idptest.Fails(errors.New("cannot use " + i.Sign(i.Claims("a"))))
		}, []string{"secret", "token"}},
		"token in the printed source": {func(i *idptest.Issuer) idp.TokenSource {
			tok := i.Token("a")
			return &printsToken{idptest.Always(tok), tok.Raw()}
		}, []string{"secret"}},
	})
}

func TestConformanceRuleInvalidate(t *testing.T) {
	t.Parallel()
	runSourceTests(t, map[string]sourceTest{
		"Invalidate has no effect": {func(i *idptest.Issuer) idp.TokenSource {
			return invalidator{idptest.Always(i.Token("a")), func(*idp.Token) {}}
		}, []string{"invalidate"}},
		"Invalidate works": {func(i *idptest.Issuer) idp.TokenSource {
			var mu sync.Mutex
			tok := i.Token("a")
			return invalidator{
				source(func(ctx context.Context) (*idp.Token, error) {
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
		}, []string{"token"}}, // a call with an ended context returns a token and an error
	})
}

func TestConformanceEndsWithTheContext(t *testing.T) {
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

func TestSources(t *testing.T) {
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
	for name, src := range map[string]idp.TokenSource{"Always": idptest.Always(a), "Blocks": idptest.Blocks(), "Issuer.TokenSource": iss.TokenSource("a")} {
		if tok, err := src.Token(ctx); tok != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended = %v, %v", name, tok, err)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Sequence without sources did not panic")
		}
	}()
	idptest.Sequence()
}
