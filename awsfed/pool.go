package awsfed

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/refresh"
)

const (
	defaultMaxConcurrent = 32
	defaultMaxRoles      = 100_000
)

// PoolOptions are the options of [NewPool]. [Pool.Provider] refuses negative limits.
type PoolOptions struct {
	// Options are the options of all providers of the pool. Those of [Pool.Provider] are applied
	// after them.
	Options

	// MaxConcurrent is how many refreshes run at a time. Zero means 32.
	MaxConcurrent int

	// Rate limits the requests to STS per second, and Burst is how many of them may be sent at once.
	// Both count all attempts of a refresh. A Rate of zero means no limit, a Burst of zero means 1.
	Rate  float64
	Burst int

	// MaxRoles is how many providers the pool holds, so that role ARNs from untrusted input cannot
	// exhaust the memory. Zero means 100,000.
	MaxRoles int
}

// ErrPoolFull is returned by [Pool.Provider] if the pool has MaxRoles providers.
var ErrPoolFull = errors.New("awsfed: the pool has as many roles as MaxRoles allows; remove some with Remove")

// A Pool has providers for many roles, which share one token source and one queue for STS.
// Refreshes that callers wait for come first, then those whose credentials expire earliest. A role
// that STS refuses enters the queue after the backoff, and a refresh whose callers have all been
// canceled leaves it. A role that is not used costs a few hundred bytes of memory and nothing else.
//
// A Pool is safe for concurrent use. It starts nothing and needs no closing.
type Pool struct {
	client stscreds.AssumeRoleWithWebIdentityAPIClient
	src    idp.TokenSource
	opts   PoolOptions
	queue  *queue
	wake   chan struct{} // receives a value when a provider has changed
	key    string        // optionsText of opts.Options
	badOpt error         // why the limits in opts are refused

	// checkClient returns the error of checkClient for the client, which it calls once.
	checkClient func() error

	mu       sync.Mutex // guards the fields below
	roles    map[roleKey]*Provider
	withOwn  int       // number of providers with options of their own
	settings *settings // of opts.Options; nil until they are needed
}

// A roleKey identifies a provider of a pool. options is empty for the options of the pool.
type roleKey struct{ roleARN, options string }

// A sharedSource is the cached token source of a pool, and the source without the cache.
type sharedSource struct {
	*idp.CachedSource
	uncached idp.TokenSource
}

// NewPool returns a pool of providers that exchange tokens of src at STS. The roles share a cached
// token: NewPool wraps src in [idp.Cached], unless it is an [*idp.CachedSource]. If STS rejects the
// token for one role, for example because its account does not know the issuer, the other roles
// keep it; with an [*idp.CachedSource] they fetch another one. [Pool.Provider] returns the errors
// of invalid arguments.
func NewPool(client stscreds.AssumeRoleWithWebIdentityAPIClient, src idp.TokenSource, optFns ...func(*PoolOptions)) *Pool {
	var o PoolOptions
	for _, fn := range optFns {
		fn(&o)
	}
	badOpt := checkLimits(&o)
	o.MaxConcurrent = cmp.Or(max(o.MaxConcurrent, 0), defaultMaxConcurrent)
	o.MaxRoles = cmp.Or(max(o.MaxRoles, 0), defaultMaxRoles)
	o.PolicyARNs = slices.Clone(o.PolicyARNs)
	if _, ok := src.(*idp.CachedSource); !ok && src != nil {
		src = &sharedSource{CachedSource: idp.Cached(src, nil), uncached: src}
	}
	return &Pool{
		client: client,
		src:    src,
		opts:   o,
		queue:  newQueue(o.MaxConcurrent, o.Rate, o.Burst),
		wake:   make(chan struct{}, 1),
		key:    optionsText(&o.Options),
		badOpt: badOpt,

		checkClient: sync.OnceValue(func() error { return checkClient(client) }),

		roles: map[roleKey]*Provider{},
	}
}

// checkLimits refuses limits that have no meaning.
func checkLimits(o *PoolOptions) error {
	switch {
	case o.MaxConcurrent < 0:
		return optionError("MaxConcurrent", "%d is negative", o.MaxConcurrent)
	case o.Rate < 0 || math.IsNaN(o.Rate):
		return optionError("Rate", "%v is not zero or more", o.Rate)
	case o.Burst < 0:
		return optionError("Burst", "%d is negative", o.Burst)
	case o.MaxRoles < 0:
		return optionError("MaxRoles", "%d is negative", o.MaxRoles)
	}
	return nil
}

// Provider returns the provider of a role, the same one for the same role and options. The role
// with other options, for example another session policy, has another provider with credentials of
// its own. Both are in [Pool.Status], where [Status].Options tells them apart, and both count for
// MaxRoles. Functions and loggers in the options are not compared: those of the first call are
// used. Provider sends nothing. The error is an [*OptionError] or [ErrPoolFull].
func (p *Pool) Provider(roleARN string, optFns ...func(*Options)) (*Provider, error) {
	o := p.opts.Options
	if len(optFns) > 0 {
		o = p.options(optFns)
	}
	pr, err := p.provider(roleARN, o, len(optFns) > 0)
	return pr, inFunc("Pool.Provider", err)
}

// options returns the options of the pool with others applied.
func (p *Pool) options(optFns []func(*Options)) Options {
	o := p.opts.Options
	o.PolicyARNs = slices.Clone(o.PolicyARNs) // a function may write to it
	for _, fn := range optFns {
		fn(&o)
	}
	return o
}

// provider returns the provider of a role. If own is false, o are the options of the pool.
func (p *Pool) provider(roleARN string, o Options, own bool) (*Provider, error) {
	key := roleKey{roleARN: roleARN}
	if own {
		if key.options = optionsText(&o); key.options == p.key {
			key.options = ""
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pr := p.roles[key]; pr != nil {
		return pr, nil
	}
	if p.badOpt != nil {
		return nil, p.badOpt
	}
	if len(p.roles) >= p.opts.MaxRoles {
		return nil, ErrPoolFull
	}
	s, err := p.settingsFor(o, own)
	if err != nil {
		return nil, err
	}
	if !s.insecureHTTP {
		if err := p.checkClient(); err != nil {
			return nil, err
		}
	}
	key.roleARN = strings.Clone(roleARN) // a part of a document would keep all of it in memory
	pr, err := newProvider(p.client, key.roleARN, p.src, s)
	if err != nil {
		return nil, err
	}
	p.roles[key] = pr
	if key.options != "" {
		p.withOwn++
	}
	return pr, nil
}

// settingsFor returns checked options: o, or if own is false those of the pool, which its providers
// share. The caller holds mu.
func (p *Pool) settingsFor(o Options, own bool) (*settings, error) {
	if own {
		return newSettings(o, p)
	}
	if p.settings == nil {
		s, err := newSettings(o, p)
		if err != nil {
			return nil, err
		}
		p.settings = s
	}
	return p.settings, nil
}

// Remove removes the providers of a role from the pool. They stay usable.
func (p *Pool) Remove(roleARN string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.roles, roleKey{roleARN: roleARN})
	if p.withOwn == 0 {
		return
	}
	for key := range p.roles {
		if key.roleARN == roleARN {
			delete(p.roles, key)
			p.withOwn--
		}
	}
}

// Status returns the status of all providers, sorted by role ARN and options.
func (p *Pool) Status() []Status {
	ps := p.providers()
	out := make([]Status, len(ps))
	for i, pr := range ps {
		out[i] = pr.Status()
	}
	slices.SortFunc(out, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.RoleARN, b.RoleARN), cmp.Compare(a.Options, b.Options))
	})
	return out
}

func (p *Pool) providers() []*Provider {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]*Provider, 0, len(p.roles))
	for _, pr := range p.roles {
		out = append(out, pr)
	}
	return out
}

func (p *Pool) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Run refreshes the credentials of the roles in use when they are due, until ctx is done, and
// returns the error of ctx. A role is in use if a caller got its current credentials. Run does not
// refresh other roles, roles whose credentials have expired, and roles that STS refuses; their
// callers do. Run is optional: calls start the refreshes of credentials that they use often.
func (p *Pool) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		case <-p.wake:
			if since := time.Since(last); since >= 0 && since < minSleep {
				t.Reset(minSleep - since)
				continue
			}
		}
		last = time.Now()
		t.Reset(p.refreshDue(ctx))
	}
}

const (
	// maxSleep is the longest sleep of Run. A timer does not run while the machine is suspended, and
	// does not follow changes of the clock.
	maxSleep = time.Minute
	// minSleep is the shortest sleep of Run, so that a refresh of one role does not make it check
	// all roles of a large pool each time.
	minSleep = time.Second
)

// refreshDue starts the refreshes that are due, those whose credentials expire earliest first, and
// returns when to look again.
func (p *Pool) refreshDue(ctx context.Context) time.Duration {
	type dueProvider struct {
		*Provider
		expires time.Time
	}
	var all []dueProvider
	now := time.Now()
	next := now.Add(maxSleep)
	for _, pr := range p.providers() {
		v, ok := pr.engine.Peek()
		if !ok || !pr.inUse(v) {
			continue
		}
		st := pr.engine.Status()
		if !st.Valid || st.Permanent {
			continue // for a role that was deleted the requests to STS would not end
		}
		due, ok := pr.engine.Due()
		switch {
		case !ok:
		case due.After(now):
			if due.Before(next) {
				next = due
			}
		default:
			all = append(all, dueProvider{pr, st.Expires})
		}
	}
	slices.SortFunc(all, func(a, b dueProvider) int {
		return cmp.Or(a.expires.Compare(b.expires), cmp.Compare(a.roleARN, b.roleARN))
	})
	for _, pr := range all {
		pr.engine.Kick(ctx)
	}
	return max(minSleep, next.Sub(now))
}

var _ refresh.Gate = (*queue)(nil)
