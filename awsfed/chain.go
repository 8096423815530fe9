package awsfed

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/internal/refresh"
)

// firstOptions returns the options of the first role of a chain, without those that apply only to
// the credentials of the last role.
func (s *settings) firstOptions(roleARN string) Options {
	o := s.Options
	o.Chain = nil
	o.ServeExpired = false // STS does not accept expired credentials
	if o.ExpectedAccount != accountOf(roleARN) {
		o.ExpectedAccount = ""
	}
	return o
}

// privateOptions returns the options of a first role that only one provider uses. The refreshes of
// that provider are the only callers, and have a backoff of their own.
func (s *settings) privateOptions(roleARN string) Options {
	o := s.firstOptions(roleARN)
	o.OnRefresh = nil
	o.RefreshBackoff = func(int, time.Duration) time.Duration { return 0 }
	return o
}

// A chain is the part of a [Provider] with a chain of roles. Its first role is a provider of its own,
// so that the providers of a pool can share it. The credentials of the roles between the first and
// the last one are not kept.
type chain struct {
	first  *Provider
	roles  []NextRole
	client stscreds.AssumeRoleAPIClient
	queue  *queue // nil without a pool
	rules  refresh.Rules

	// failed is the reason why the first role had no credentials before the current refresh; nil if it
	// had credentials.
	failed atomic.Pointer[error]
}

// chainTo returns the provider of a chain behind first.
func chainTo(first *Provider, s *settings) (*Provider, error) {
	client, ok := first.client.(stscreds.AssumeRoleAPIClient)
	if !ok {
		return nil, optionError("client", "%T has no method AssumeRole, which a chain of roles needs; *sts.Client has it", first.client)
	}
	for i, r := range s.Chain {
		if got, want := partitionOf(r.RoleARN), partitionOf(first.roleARN); got != want {
			return nil, inChain(i, optionError("RoleARN", "is in partition %q, and the first role in %q", got, want))
		}
	}
	last := s.Chain[len(s.Chain)-1].RoleARN
	if err := s.checkAccount(last); err != nil {
		return nil, err
	}
	c := &chain{first: first, roles: s.Chain, client: client, rules: s.rules}
	c.rules.Gate = c
	if s.pool != nil {
		c.queue = s.pool.queue
	}
	p := &Provider{client: first.client, src: first.src, opts: s, roleARN: last, chain: c}
	p.engine.Init((*driver)(p), &c.rules)
	return p, nil
}

var _ refresh.Gate = (*chain)(nil)

// Enter waits until the first role has credentials, and then for a slot of the pool. A refresh that
// waits for another one has no slot, so the refresh that it waits for always gets one.
func (c *chain) Enter(ctx context.Context, need time.Time, urge, quit <-chan struct{}) func() {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-quit:
			cancel()
		case <-ctx.Done():
		}
	}()
	// Credentials in the second half of their life are refreshed first, so that the whole chain is
	// refreshed together.
	_, err := c.first.engine.ValueFor(ctx, longestSession)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		err = c.first.callerError(ctx, err)
		c.failed.Store(&err)
		return func() {} // Fetch sends nothing
	}
	c.failed.Store(nil)
	if c.queue == nil {
		return func() {}
	}
	return c.queue.Enter(ctx, need, urge, quit)
}

// renew returns other credentials of the first role than those that STS rejected, if there are any.
// The slot of the pool is free meanwhile, because the refresh of the first role needs one.
func (c *chain) renew(ctx context.Context, rejected *session) (next *session, ok bool) {
	c.first.Invalidate(rejected.served.AccessKeyID)
	wait := func() { next, _ = c.first.engine.Value(ctx) }
	if c.queue != nil {
		c.queue.lend(ctx, wait)
	} else {
		wait()
	}
	return next, next != nil && next.served.AccessKeyID != rejected.served.AccessKeyID && ctx.Err() == nil
}

// retryAt returns when the first role may have credentials again, after a refresh that failed because
// it had none; otherwise the zero time. The first role of a pool has a backoff of its own, so the
// backoffs of the chains behind it would only add to it.
func (c *chain) retryAt() time.Time {
	if c.queue == nil || c.failed.Load() == nil {
		return time.Time{}
	}
	if at := c.first.engine.Status().RetryAt; !at.IsZero() {
		return at
	}
	return time.Now()
}

// minRefusedAge is the age from which credentials of the first role are renewed when STS answers
// AccessDenied to them: their permissions may have been revoked ("Revoke IAM role temporary
// security credentials", IAM User Guide), which does not affect new credentials. So a chain that
// STS always refuses adds at most one request in that time.
const minRefusedAge = time.Minute

// mayRenew reports whether new credentials of the first role may change the answer of STS.
func (c *chain) mayRenew(first *session, err error) bool {
	code := codeOf(err)
	if code == codeAccessDenied {
		age := time.Since(first.at)
		return age < 0 || age >= minRefusedAge
	}
	return rejectsCredentials(code)
}

// chain assumes the roles of a chain after the first one.
func (f *fetch) chain(ctx context.Context) (session, error) {
	c := f.p.chain
	if failed := c.failed.Load(); failed != nil {
		return session{}, f.failFirst(*failed)
	}
	first, ok := c.first.engine.Peek()
	if !ok {
		return session{}, f.failFirst(errNoCredentials)
	}
	c.first.touch(first)
	s, at, err := f.next(ctx, first)
	if err != nil && c.mayRenew(first, err) {
		if other, ok := c.renew(ctx, first); ok {
			c.first.touch(other)
			s, at, err = f.next(ctx, other)
		}
	}
	if err != nil {
		return session{}, f.failNext(at, first, err)
	}
	return s, nil
}

var (
	errNoCredentials = errors.New("the first role has no credentials")
	errRateLimit     = fmt.Errorf("the rate limit of the pool leaves no time for the request: %w", context.DeadlineExceeded)
)

// next assumes the roles after the first one. After an error, at is the index of the role.
func (f *fetch) next(ctx context.Context, first *session) (s session, at int, err error) {
	previous, ends := *first, refresh.UnixNano(first.localExpiry())
	for i := range f.p.chain.roles {
		if i > 0 && f.p.throttle(ctx) != nil {
			return session{}, i, errRateLimit
		}
		s, err := f.send(ctx, func(ctx context.Context) (session, error) { return f.assume(ctx, i, &previous) })
		if err != nil {
			return session{}, i, err
		}
		s.madeUntil = ends
		previous = s
		ends = min(ends, refresh.UnixNano(s.localExpiry()))
	}
	return previous, 0, nil
}

// failFirst returns the error of a chain whose first role has no credentials.
func (f *fetch) failFirst(err error) error {
	e, ok := errors.AsType[*AssumeRoleError](err)
	if !ok {
		e = newAssumeRoleError(f.p.chain.first.roleARN, err)
	}
	of := *e
	of.Step, of.Steps = 1, 1+len(f.p.chain.roles)
	return &of
}

// failNext returns the error of the role with that index.
func (f *fetch) failNext(i int, first *session, err error) error {
	c := f.p.chain
	e := newAssumeRoleError(c.roles[i].RoleARN, err)
	e.Step, e.Steps = i+2, 1+len(c.roles)
	e.SessionName = c.sessionName(i, first)
	e.next = c.request(i, first)
	return e
}

// request returns what is known about the request for the role with that index.
func (c *chain) request(i int, first *session) *nextRequest {
	r := &nextRequest{role: &c.roles[i], previous: c.first.roleARN}
	r.tags, r.identity = len(r.role.Tags) > 0, r.role.SourceIdentity != "" || first.identity.Value().sourceIdentity != ""
	for _, before := range c.roles[:i] {
		r.previous = before.RoleARN
		r.tags = r.tags || len(before.TransitiveTagKeys) > 0
		r.identity = r.identity || before.SourceIdentity != ""
	}
	return r
}
