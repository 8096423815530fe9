package idptest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onafed/onafed/idp"
)

// TestTokenSource checks that a source follows the rules of [idp.TokenSource]. It returns nil, or
// an error that joins a *[RuleError] for each broken rule. It calls the source about twenty times,
// also from several goroutines, so run it with the race detector:
//
//	func TestSource(t *testing.T) {
//		if err := idptest.TestTokenSource(t.Context(), mypkg.NewSource()); err != nil {
//			t.Error(err)
//		}
//	}
//
// The rules:
//
//   - token: a call returns either a token or an error.
//   - expiry: a call does not return a token that has expired or has no expiry.
//   - audience: all tokens of a source have the same audience.
//   - immutable: a token does not change when the source is called again.
//   - concurrent: calls from several goroutines succeed.
//   - context: a call ends soon after its context, with an error that matches ctx.Err(). It may return a
//     cached token instead, but it must check the context before it fetches one.
//   - invalidate: an [idp.Invalidator] does not return a token that was invalidated.
//   - secret: neither an error nor the printed source contains a token.
//
// TestTokenSource ends when ctx ends. If a call ignores its context, TestTokenSource stops waiting
// for it.
func TestTokenSource(ctx context.Context, src idp.TokenSource) error {
	if src == nil {
		return &RuleError{"token", "the source is nil", "a nil source cannot be called"}
	}
	c := &sourceCheck{ctx: ctx, src: src}
	first, ok := c.token("a call")
	if !ok {
		return c.result()
	}
	before := first.Raw()

	second, ok := c.token("a second call")
	if !ok {
		return c.result()
	}
	c.sameAudience(first, second)
	if !c.unchanged(first, before) {
		return c.result() // concurrent calls would only add data races
	}
	c.concurrent(first)
	c.unchanged(first, before)
	c.canceled()
	c.invalidate()
	return c.result()
}

// A sourceCheck is one call of TestTokenSource.
type sourceCheck struct {
	ctx context.Context //nolint:containedctx // the context of the one call
	src idp.TokenSource

	mu         sync.Mutex // guards the fields below while concurrent runs
	broken     []error    // each a *RuleError
	tokens     []string   // returned by the source
	sourceErrs []error    // returned by the source
	overrun    bool       // a call did not end with its context
}

// breaks records a broken rule once.
func (c *sourceCheck) breaks(rule, detail, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := &RuleError{rule, detail, why}
	isKnown := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(c.broken, isKnown) {
		c.broken = append(c.broken, err)
	}
}

func (c *sourceCheck) result() error {
	c.secrets()
	return errors.Join(c.broken...)
}

// token makes a call that must succeed.
func (c *sourceCheck) token(what string) (*idp.Token, bool) {
	o := c.call(c.ctx)
	return o.token, c.check(o, what, "token")
}

// check reports whether a call returned a valid token. If it did not, check records the broken
// rule: rule, or a more specific one.
func (c *sourceCheck) check(o outcome, what, rule string) bool {
	const eitherOr = "callers check only the error"
	switch {
	case o.overrun:
		c.breaks("context", what+" did not end within "+maxOverrun.String()+" after its context", "callers have deadlines; pass ctx to all functions that wait")
	case o.panicked:
		c.breaks(rule, what+" panicked", "a source returns errors")
	case o.err != nil && o.token != nil:
		c.breaks("token", what+" returned a token and an error", eitherOr)
	case o.err != nil:
		c.breaks(rule, fmt.Sprintf("%s failed with a %T", what, o.err), "the source must work during the test; the text of the error is omitted because it may contain a token")
	case o.token == nil || o.token.Raw() == "":
		c.breaks("token", what+" returned no token and no error", eitherOr)
	case !o.token.ValidAt(time.Now()):
		c.breaks("expiry", what+" returned a token that has expired or has no expiry", "the service refuses the token and does not give the cause")
	default:
		return true
	}
	return false
}

func (c *sourceCheck) sameAudience(a, b *idp.Token) {
	x, y := slices.Sorted(slices.Values(a.Claims().Audience)), slices.Sorted(slices.Values(b.Claims().Audience))
	if !slices.Equal(x, y) {
		c.breaks("audience", "two calls returned tokens for different audiences", "the tokens of a source are cached and shared, so they must have one audience")
	}
}

// unchanged reports whether a token still has its text, which determines everything in a token.
func (c *sourceCheck) unchanged(t *idp.Token, before string) bool {
	same := t.Raw() == before
	if !same {
		c.breaks("immutable", "the first token changed when the source was called again",
			"callers share a token; return a new token in each call, or one that never changes")
	}
	return same
}

// concurrent calls the source from several goroutines at once.
func (c *sourceCheck) concurrent(first *idp.Token) {
	const callers, rounds = 8, 2
	for range rounds {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range callers {
			wg.Go(func() {
				<-start
				o := c.call(c.ctx)
				if c.check(o, "one of several concurrent calls", "concurrent") {
					c.sameAudience(first, o.token)
				}
			})
		}
		close(start)
		wg.Wait()
	}
}

// canceled calls the source with a context that has ended, and with one that ends during the call.
func (c *sourceCheck) canceled() {
	known := slices.Clone(c.tokens)
	ended, cancel := context.WithCancel(c.ctx)
	cancel()
	w := &watchedContext{Context: ended}
	o := c.callWith(ended, w)
	c.afterEnd(ended, o, "a call whose context had ended")
	if o.err == nil && o.token.Raw() != "" && !w.checked.Load() && !slices.Contains(known, o.token.Raw()) {
		// A fast server hides this from a clock.
		c.breaks("context", "a call whose context had ended returned a new token and did not check the context", "callers have deadlines; pass ctx to all functions that wait")
	}
	if c.overrun {
		return
	}
	ending, cancel := context.WithTimeout(c.ctx, time.Millisecond)
	defer cancel()
	c.afterEnd(ending, c.call(ending), "a call whose context ended")
}

// afterEnd checks the result of a call whose context may have ended.
func (c *sourceCheck) afterEnd(ctx context.Context, o outcome, what string) {
	switch {
	case o.err != nil && o.token != nil:
		c.check(o, what, "token")
	case o.err == nil: // a cached token is allowed
		c.check(o, what, "context")
	case ctx.Err() != nil && !errors.Is(o.err, ctx.Err()):
		c.breaks("context", what+" failed with an error that does not match ctx.Err()", "callers use errors.Is to see whether their context ended or the source failed")
	}
}

func (c *sourceCheck) invalidate() {
	inv, ok := c.src.(idp.Invalidator)
	if !ok || c.ctx.Err() != nil {
		return
	}
	t, ok := c.token("a call")
	if !ok {
		return
	}
	inv.Invalidate(t)
	again := c.call(c.ctx)
	if again.err == nil && again.token != nil && again.token.Raw() == t.Raw() {
		c.breaks("invalidate", "a token that was invalidated was returned again", "a service has refused the token")
	}
}

func (c *sourceCheck) secrets() {
	for _, err := range c.sourceErrs {
		if containsToken(fmt.Sprintf("%v\n%+v\n%#v", err, err, err), c.tokens) {
			c.breaks("secret", "an error contains a token", "errors are logged")
		}
	}
	if c.overrun {
		return // the call that is still running may change the source
	}
	if containsToken(fmt.Sprintf("%v\n%+v\n%#v\n%s", c.src, c.src, c.src, c.src), c.tokens) {
		c.breaks("secret", "the printed source contains a token", "programs log structs, and a source may be a field of one")
	}
}

// likeJWT matches texts that may be tokens: three parts, the first of which is an encoded JSON
// object, also with white space after its brace.
var likeJWT = regexp.MustCompile(`e[wy][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)

// containsToken reports whether a text contains one of the tokens, or may contain another one.
func containsToken(text string, tokens []string) bool {
	if likeJWT.MatchString(text) {
		return true
	}
	for _, raw := range tokens {
		for _, part := range secretsOf(raw) {
			if strings.Contains(text, part) {
				return true
			}
		}
	}
	return false
}
