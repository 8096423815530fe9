package awsfed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/refresh"
	"github.com/onafed/onafed/internal/retry"
)

// maxTries is how often one token is sent to STS within one refresh.
const maxTries = 3

// exchanger is the provider as its engine sees it, which keeps these methods
// out of the exported ones.
type exchanger Provider

var _ refresh.Driver[session] = (*exchanger)(nil)

// errNoToken is the failure of a source that breaks its contract.
var errNoToken = errors.New("the token source returned neither a token nor an error")

// Fetch exchanges a token for credentials: one refresh with all its tries.
func (e *exchanger) Fetch(ctx context.Context) (session, error) {
	p := (*Provider)(e)
	x := exchange{p: p, fresh: p.doubtsConnections()}
	if want, got := p.opts.expectedAccount, accountOf(p.roleARN); want != "" && got != want {
		// No token leaves for a role that would not be used anyway.
		return session{}, x.fail(nil, &AccountError{Got: got, Want: want})
	}
	tok, err := x.token(ctx)
	if err != nil {
		return session{}, x.fail(nil, err)
	}
	reminted := false
	for try := 1; ; try++ {
		s, err := x.send(ctx, tok)
		if err == nil {
			if x.suspect != nil {
				x.invalidate(x.suspect)
			}
			return s, nil
		}
		switch class := classify(err); {
		case class == otherToken && !reminted:
			next, tokErr := x.remint(ctx, tok, err)
			if tokErr != nil {
				return session{}, x.fail(tok, errors.Join(err, tokErr))
			}
			if next.Equal(tok) {
				// The source has no other one: the answer would be the same.
				return session{}, x.fail(tok, err)
			}
			tok, reminted, try = next, true, 0
			if p.throttled(ctx) != nil {
				return session{}, x.fail(tok, err)
			}
		case class == again && try < maxTries:
			if !p.sleep(ctx, pauseBefore(try+1, err)) {
				return session{}, x.fail(tok, err)
			}
			x.fresh = x.fresh || isTimeout(err)
		default:
			return session{}, x.fail(tok, err)
		}
	}
}

// Expiry returns when the credentials end by the local clock.
func (e *exchanger) Expiry(s session) time.Time { return s.localExpiry() }

// Prepare sets what Retrieve returns as the time to ask again.
func (e *exchanger) Prepare(s *session, w refresh.Windows) { s.served.Expires = w.Advisory }

// Temporary reports whether a failed refresh may succeed later.
func (e *exchanger) Temporary(err error) bool { return recoverable(err) }

// RetryAfter tells how long STS asked to be left alone.
func (e *exchanger) RetryAfter(err error) time.Duration { return retryAfter(err) }

// An exchange is the work of one refresh.
type exchange struct {
	p *Provider
	// fresh asks for a new connection.
	fresh bool
	// suspect is a token that is dropped if STS takes another one.
	suspect *idp.Token
}

// token returns a token of the source.
func (x *exchange) token(ctx context.Context) (*idp.Token, error) { return x.ask(ctx, x.p.src) }

func (x *exchange) ask(ctx context.Context, src idp.TokenSource) (*idp.Token, error) {
	tok, err := src.Token(ctx)
	switch {
	case err != nil:
		temporary, said := retry.Temporary(err)
		return nil, &tokenError{source: x.p.sourceName(), err: err, lasting: said && !temporary}
	case tok == nil || tok.Raw() == "":
		return nil, &tokenError{source: x.p.sourceName(), err: errNoToken}
	}
	return tok, nil
}

// remint returns a token other than the one that STS did not take, if the
// source has one.
func (x *exchange) remint(ctx context.Context, old *idp.Token, refused error) (*idp.Token, error) {
	if s, ok := x.p.src.(*sharedSource); ok && codeOf(refused) == codeInvalidToken {
		// STS says this of a bad token, and of a good one too where the role's
		// account does not know the issuer. The roles of a pool share the
		// token, so it is not taken from the others until another one turns
		// out to be better.
		x.suspect = old
		return x.ask(ctx, s.uncached)
	}
	x.invalidate(old)
	return x.token(ctx)
}

// invalidate tells the source, if it can be told, that STS did not take a token.
func (x *exchange) invalidate(tok *idp.Token) {
	if inv, ok := x.p.src.(idp.Invalidator); ok {
		inv.Invalidate(tok)
	}
}

// send makes one request.
func (x *exchange) send(ctx context.Context, tok *idp.Token) (session, error) {
	p := x.p
	ctx, cancel := context.WithTimeout(ctx, p.opts.attemptTimeout()/3)
	defer cancel()
	rq := &request{client: p.client, fresh: x.fresh}
	creds, err := stscreds.NewWebIdentityRoleProvider(rq, p.roleARN, retriever(tok.Raw()), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = p.sessionName(tok)
		o.Duration = p.opts.duration
		if p.opts.policy != "" {
			o.Policy = &p.opts.policy
		}
		for _, arn := range p.opts.policyARNs {
			o.PolicyARNs = append(o.PolicyARNs, types.PolicyDescriptorType{Arn: aws.String(arn)})
		}
	}).Retrieve(ctx)
	if err != nil {
		return session{}, err
	}
	s := session{
		served:  creds,
		at:      time.Now(),
		expires: refresh.UnixNano(creds.Expires),
		skew:    rq.skew,
		arn:     rq.arn,
		request: rq.id,
	}
	s.distrustDate()
	switch {
	case !creds.HasKeys() || creds.SessionToken == "":
		return session{}, &answerError{requestID: rq.id, reason: "the answer has no credentials"}
	case creds.Expires.IsZero():
		return session{}, &answerError{requestID: rq.id, reason: "the answer does not say when the credentials expire"}
	case !s.localExpiry().After(s.at):
		return session{}, &answerError{requestID: rq.id, expired: true, reason: "the credentials in the answer expired at " + creds.Expires.UTC().Format(time.RFC3339)}
	case p.opts.expectedAccount != "" && creds.AccountID != p.opts.expectedAccount:
		return session{}, &AccountError{Got: creds.AccountID, Want: p.opts.expectedAccount}
	}
	return s, nil
}

// fail makes an error of an exchange one that a caller can act on. tok is what
// STS saw; nil if it saw none.
func (x *exchange) fail(tok *idp.Token, err error) error {
	e := newAssumeRoleError(x.p.roleARN, err)
	e.SessionName = x.p.opts.sessionName
	if tok != nil {
		e.SessionName = x.p.sessionName(tok)
		e.sawToken(tok.Claims())
	}
	return e
}

func (p *Provider) sessionName(tok *idp.Token) string {
	if p.opts.sessionName != "" {
		return p.opts.sessionName
	}
	return sessionName(tok.Claims())
}

func (p *Provider) sourceName() string {
	if s, ok := p.src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", p.src), "*")
}

// doubtsConnections reports whether idle connections may be dead without
// knowing: the last refresh ran into a timeout, or the wall clock went another
// way than the monotonic one since the last answer, as it does when the machine
// is suspended.
func (p *Provider) doubtsConnections() bool {
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

// jumped reports whether as much time passed by the wall clock as by the
// monotonic one, but for what NTP corrects in a clock that runs.
func jumped(wall, mono time.Duration) bool {
	return (wall - mono).Abs() > 10*time.Second
}

// sleep pauses and then waits for the throttle. It returns false, at once, when
// there is no time left for another request.
func (p *Provider) sleep(ctx context.Context, d time.Duration) bool {
	return retry.Pause(ctx, d) && p.throttled(ctx) == nil
}

func (p *Provider) throttled(ctx context.Context) error {
	if p.opts.pool == nil {
		return nil
	}
	return p.opts.pool.queue.throttle(ctx)
}

// pauseBefore returns the pause before a try: full jitter over a second, then
// two, unless the server asked for more.
func pauseBefore(try int, err error) time.Duration {
	limit := time.Second << (try - 2)
	d := time.Duration(rand.Int64N(int64(limit))) //nolint:gosec // jitter spreads load; nobody gains by guessing it
	return max(d, retryAfter(err))
}

// accountOf returns the account in a role ARN.
func accountOf(roleARN string) string {
	if parts := strings.SplitN(roleARN, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// retriever hands stscreds a token that was fetched already, since its own
// interface has no context.
type retriever string

// GetIdentityToken returns the token.
func (r retriever) GetIdentityToken() ([]byte, error) { return []byte(r), nil }
