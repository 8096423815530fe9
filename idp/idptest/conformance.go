package idptest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/detach"
)

// patience is how long a source may take to notice that its context has ended.
const patience = 2 * time.Second

// A RuleError says which rule for token sources is broken, how, and why there is such a rule.
type RuleError struct {
	Rule   string // a short name: "token", "expiry", "audience", "immutable", "concurrent", "context", "invalidate", "secret"
	Detail string
	Why    string
}

// Error says all three.
func (e *RuleError) Error() string {
	return "idptest: token source breaks the rule " + e.Rule + ": " + e.Detail + " (" + e.Why + ")"
}

// TestTokenSource checks that a source keeps to what [idp.TokenSource] asks for, and returns nil or a join of *[RuleError], one for
// each rule that is broken. It calls the source some twenty times, also from several goroutines, so run it with the race detector:
//
//	func TestSource(t *testing.T) {
//		if err := idptest.TestTokenSource(t.Context(), mypkg.NewSource()); err != nil {
//			t.Error(err)
//		}
//	}
//
// The rules:
//
//   - token: a call returns a token or an error, never neither or both.
//   - expiry: a token that has expired, or has no expiry, is not returned without an error.
//   - audience: all tokens of a source are for the same audience.
//   - immutable: a token that was returned does not change when the source is asked again.
//   - concurrent: calls from several goroutines succeed as single ones do.
//   - context: a call ends soon after its context has, and its error then matches ctx.Err(); a token that was at hand may be returned
//     all the same, but none is fetched without a look at the context.
//   - invalidate: if the source is an [idp.Invalidator], it does not return a token that was invalidated.
//   - secret: neither an error nor the printed source contains a token.
//
// TestTokenSource ends with ctx. A call that ignores its context is left behind, once.
func TestTokenSource(ctx context.Context, src idp.TokenSource) error {
	if src == nil {
		return &RuleError{"token", "the source is nil", "there is nothing to test"}
	}
	c := &conformance{ctx: ctx, src: src}
	first, ok := c.call(ctx, "a call")
	if !ok {
		return c.result()
	}
	before := snapshotOf(first)

	second, ok := c.call(ctx, "a second call")
	if !ok {
		return c.result()
	}
	c.sameAudience(first, second)
	if !c.unchanged(first, before) {
		return c.result() // the calls at the same time would only say it again, as data races
	}
	c.concurrent(first)
	c.unchanged(first, before)
	c.canceled()
	c.invalidate()
	return c.result()
}

type conformance struct {
	ctx context.Context //nolint:containedctx // one check is one call
	src idp.TokenSource

	mu   sync.Mutex // guards the rest
	errs []error
	raws []string // tokens seen
	said []error  // errors of the source
	left bool     // a call was left behind
}

func (c *conformance) broken(rule, detail, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, err := range c.errs {
		var r *RuleError
		if errors.As(err, &r) && r.Rule == rule && r.Detail == detail {
			return
		}
	}
	c.errs = append(c.errs, &RuleError{rule, detail, why})
}

func (c *conformance) result() error {
	c.secrets()
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.errs...)
}

// outcome is what one call did.
type outcome struct {
	token    *idp.Token
	err      error
	panicked any
	timeout  bool
}

// ask calls the source and waits no longer than patience after its context has ended.
func (c *conformance) ask(ctx context.Context) outcome { return c.askWith(ctx, ctx) }

// askWith is ask with a context for the source that ends with ctx.
func (c *conformance) askWith(ctx, given context.Context) outcome {
	call := detach.Go(func() (*idp.Token, error) { return c.src.Token(given) })
	select {
	case <-call.Done():
	case <-ctx.Done():
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-call.Done():
		case <-timer.C:
			c.mu.Lock()
			c.left = true
			c.mu.Unlock()
			return outcome{timeout: true}
		}
	}
	var o outcome
	o.token, o.err = call.Result()
	if p, ok := errors.AsType[*detach.PanicError](o.err); ok {
		return outcome{panicked: p.Value}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.err != nil {
		c.said = append(c.said, o.err)
	}
	if o.token.Raw() != "" {
		c.raws = append(c.raws, o.token.Raw())
	}
	return o
}

// call makes a call that must succeed.
func (c *conformance) call(ctx context.Context, what string) (*idp.Token, bool) {
	o := c.ask(ctx)
	return o.token, c.judge(o, what, "token")
}

func (c *conformance) judge(o outcome, what, rule string) bool {
	const neither = "callers look at the error alone"
	switch {
	case o.timeout:
		c.broken("context", what+" did not end within "+patience.String()+" after its context", "callers have deadlines; pass ctx on to whatever waits")
	case o.panicked != nil:
		c.broken(rule, what+" panicked", "a source returns errors")
	case o.err != nil && o.token != nil:
		c.broken("token", what+" returned a token and an error", neither)
	case o.err != nil:
		c.broken(rule, fmt.Sprintf("%s failed with a %T", what, o.err), "the source must work while it is tested; its error is not repeated here, it may hold a token")
	case o.token == nil || o.token.Raw() == "":
		c.broken("token", what+" returned no token and no error", neither)
	case !o.token.ValidAt(time.Now()):
		c.broken("expiry", what+" returned a token that has expired or has no expiry", "the service that gets it refuses it, and the reason is then far from its cause")
	default:
		return true
	}
	return false
}

func (c *conformance) sameAudience(a, b *idp.Token) {
	x, y := slices.Sorted(slices.Values(a.Claims().Audience)), slices.Sorted(slices.Values(b.Claims().Audience))
	if !slices.Equal(x, y) {
		c.broken("audience", "two calls returned tokens for different audiences", "a source is for one audience: its tokens are kept and shared")
	}
}

func (c *conformance) unchanged(t *idp.Token, before state) bool {
	same := snapshotOf(t).equal(before)
	if !same {
		c.broken("immutable", "the first token changed when the source was asked again",
			"a token is shared by whoever asked; give each a token of its own or one that never changes")
	}
	return same
}

// concurrent calls the source from several goroutines at once.
func (c *conformance) concurrent(first *idp.Token) {
	const callers, rounds = 8, 2
	for range rounds {
		var wg sync.WaitGroup
		start := make(chan struct{})
		for range callers {
			wg.Go(func() {
				<-start
				o := c.ask(c.ctx)
				if c.judge(o, "one of several calls at the same time", "concurrent") {
					c.sameAudience(first, o.token)
				}
			})
		}
		close(start)
		wg.Wait()
	}
}

// canceled calls the source with a context that has ended, and with one that ends during the call.
func (c *conformance) canceled() {
	c.mu.Lock()
	seen := slices.Clone(c.raws)
	c.mu.Unlock()
	before, cancel := context.WithCancel(c.ctx)
	cancel()
	w := &watched{Context: before}
	o := c.askWith(before, w)
	c.afterEnd(o, before, "a call whose context had ended")
	if o.err == nil && o.token.Raw() != "" && !w.looked.Load() && !slices.Contains(seen, o.token.Raw()) {
		// Against a server that is quick no clock shows it.
		c.broken("context", "a call whose context had ended got a new token and never looked at the context", "callers have deadlines; pass ctx on to whatever waits")
	}
	c.mu.Lock()
	left := c.left
	c.mu.Unlock()
	if left {
		return
	}
	during, cancel := context.WithTimeout(c.ctx, time.Millisecond)
	defer cancel()
	c.afterEnd(c.ask(during), during, "a call whose context ended")
}

// watched is a context that knows whether somebody looked if it has ended.
type watched struct {
	context.Context //nolint:containedctx // it is one
	looked          atomic.Bool
}

// Done implements context.Context.
func (w *watched) Done() <-chan struct{} {
	w.looked.Store(true)
	return w.Context.Done()
}

// Err implements context.Context.
func (w *watched) Err() error {
	w.looked.Store(true)
	return w.Context.Err()
}

func (c *conformance) afterEnd(o outcome, ctx context.Context, what string) { //nolint:revive // the context is what is judged, not what bounds this
	switch {
	case o.err != nil && o.token != nil:
		c.judge(o, what, "token")
	case o.err == nil:
		// A token that was at hand may be returned all the same.
		c.judge(o, what, "context")
	case ctx.Err() != nil && !errors.Is(o.err, ctx.Err()):
		c.broken("context", what+" failed with an error that does not match ctx.Err()", "callers tell by errors.Is whether they gave up or the source failed")
	}
}

func (c *conformance) invalidate() {
	inv, ok := c.src.(idp.Invalidator)
	if !ok || c.ctx.Err() != nil {
		return
	}
	o := c.ask(c.ctx)
	if !c.judge(o, "a call", "token") {
		return
	}
	inv.Invalidate(o.token)
	again := c.ask(c.ctx)
	if again.err == nil && again.token != nil && again.token.Raw() == o.token.Raw() {
		c.broken("invalidate", "the token that was invalidated was returned again", "it is invalidated because a service refused it")
	}
}

// jwtLike finds what may be a token that this check has not seen: three parts, the first of which is an encoded JSON object, also
// one with white space behind the brace.
var jwtLike = regexp.MustCompile(`e[wy][A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`)

func (c *conformance) secrets() {
	c.mu.Lock()
	said, raws, left := slices.Clone(c.said), slices.Clone(c.raws), c.left
	c.mu.Unlock()
	for _, err := range said {
		if leaks(fmt.Sprintf("%v\n%+v\n%#v", err, err, err), raws) {
			c.broken("secret", "an error contains a token", "errors are logged")
		}
	}
	if left {
		return // that call may be writing to what would be printed
	}
	if leaks(fmt.Sprintf("%v\n%+v\n%#v\n%s", c.src, c.src, c.src, c.src), raws) {
		c.broken("secret", "the source prints its token", "a source is a field of somebody's struct, and structs are logged")
	}
}

func leaks(text string, raws []string) bool {
	if jwtLike.MatchString(text) {
		return true
	}
	for _, raw := range raws {
		for _, part := range secretsOf(raw) {
			if strings.Contains(text, part) {
				return true
			}
		}
	}
	return false
}

// state is what can be seen of a token.
type state struct {
	raw, fingerprint, subject string
	audience                  []string
	expiry                    time.Time
}

func snapshotOf(t *idp.Token) state {
	return state{t.Raw(), t.Fingerprint(), t.Claims().Subject, slices.Clone(t.Claims().Audience), t.Expiry()}
}

func (s state) equal(o state) bool {
	return s.raw == o.raw && s.fingerprint == o.fingerprint && s.subject == o.subject && slices.Equal(s.audience, o.audience) && s.expiry.Equal(o.expiry)
}
