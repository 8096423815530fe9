package awsfed

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/onafed/onafed/idp"
)

const (
	defaultMaxConcurrent = 32
	defaultMaxRoles      = 100_000
)

// PoolOptions are the options of [NewPool]. [Pool.Provider] refuses wrong limits, such as negative
// ones.
type PoolOptions struct {
	// Options are the options of all providers of the pool. Those of [Pool.Provider] are applied
	// after them.
	Options

	// MaxConcurrent is how many refreshes run at a time. Zero means 32.
	MaxConcurrent int

	// Rate limits the requests to STS per second, and Burst is how many of them may be sent at
	// once. Both count all attempts of a refresh. A Rate of zero means no limit, and a Burst
	// without a Rate is refused. A Burst of zero means 1.
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

	settings    *settings // of opts.Options
	badSettings error     // why they are refused

	mu      sync.Mutex // guards the fields below
	roles   map[roleKey]*Provider
	special int // number of keys for which isSpecial is true
}

// A sharedSource is the cached token source of a pool, and the source without the cache.
type sharedSource struct {
	*idp.CachedSource
	uncached idp.TokenSource
}

// NewPool returns a pool of providers that exchange tokens of src at STS. The roles share a cached
// token: NewPool wraps src in [idp.Cached], unless it is an [*idp.CachedSource]. STS may reject the
// token for one role only, for example because its account does not know the issuer. The other
// roles then keep the token. If src is an [*idp.CachedSource], the rejected token is removed from
// its cache, and the other roles use a new one. [Pool.Provider] returns the errors of invalid
// arguments.
func NewPool(client stscreds.AssumeRoleWithWebIdentityAPIClient, src idp.TokenSource, optFns ...func(*PoolOptions)) *Pool {
	var o PoolOptions
	for _, fn := range optFns {
		fn(&o)
	}
	badOpt := checkLimits(&o)
	o.MaxConcurrent = cmp.Or(max(o.MaxConcurrent, 0), defaultMaxConcurrent)
	o.MaxRoles = cmp.Or(max(o.MaxRoles, 0), defaultMaxRoles)
	o.PolicyARNs, o.Chain = slices.Clone(o.PolicyARNs), cloneChain(o.Chain)
	if _, ok := src.(*idp.CachedSource); !ok && src != nil {
		src = &sharedSource{CachedSource: idp.Cached(src, nil), uncached: src}
	}
	p := &Pool{
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
	p.settings, p.badSettings = newSettings(o.Options, p)
	return p
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
	case o.Burst > 0 && o.Rate == 0:
		return optionError("Burst", "%d has no effect without Rate: set Rate too", o.Burst)
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
//
// With [Options].Chain, the role is the first one. Chains whose first role is the same and has the
// same options share its credentials, and one exchange of a token. The credentials of the first
// role belong to another provider of the pool, which is in [Pool.Status] and counts for MaxRoles
// too. That provider has the same options, except that Chain and ServeExpired are not set. Its
// ExpectedAccount is set only if it is the account of the first role.
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
	o.PolicyARNs, o.Chain = slices.Clone(o.PolicyARNs), cloneChain(o.Chain) // a function may write to them
	for _, fn := range optFns {
		fn(&o)
	}
	return o
}

// provider returns the provider of a role. If own is false, o are the options of the pool.
func (p *Pool) provider(roleARN string, o Options, own bool) (*Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.providerLocked(roleARN, o, own)
}

// providerLocked is provider for a caller that holds mu.
func (p *Pool) providerLocked(roleARN string, o Options, own bool) (*Provider, error) {
	key := p.keyOf(roleARN, &o, own)
	if pr := p.roles[key]; pr != nil {
		return pr, nil
	}
	if p.badOpt != nil {
		return nil, p.badOpt
	}
	s, err := p.settings, p.badSettings
	if own {
		s, err = newSettings(o, p)
	}
	if err != nil {
		return nil, err
	}
	if !s.InsecureHTTP {
		if err := p.checkClient(); err != nil {
			return nil, err
		}
	}
	var pr *Provider
	if key.first == "" {
		key.roleARN = strings.Clone(roleARN) // a part of a document would keep all of it in memory
		pr, err = newRole(p.client, key.roleARN, p.src, s)
		if err == nil && len(p.roles) >= p.opts.MaxRoles {
			err = ErrPoolFull
		}
	} else {
		pr, err = p.chain(roleARN, s)
	}
	if err != nil {
		return nil, err
	}
	if pr.chain != nil {
		key.roleARN, key.first = pr.roleARN, pr.chain.first.roleARN
	}
	p.roles[key] = pr
	if p.isSpecial(key) {
		p.special++
	}
	return pr, nil
}

// chain returns the provider of a chain, and adds that of its first role if the pool does not have
// it. The caller holds mu.
func (p *Pool) chain(roleARN string, s *settings) (*Provider, error) {
	o := s.firstOptions(roleARN)
	if o.ExpectedAccount == "" && p.opts.ExpectedAccount == accountOf(roleARN) {
		o.ExpectedAccount = p.opts.ExpectedAccount // so that other callers share the role
	}
	key, size := p.keyOf(roleARN, &o, true), len(p.roles)
	first, err := p.providerLocked(roleARN, o, true)
	if err != nil {
		return nil, err
	}
	pr, err := chainTo(first, s)
	if err == nil && len(p.roles) >= p.opts.MaxRoles {
		err = ErrPoolFull
	}
	if err != nil && len(p.roles) > size {
		p.delete(key)
	}
	return pr, err
}

// Remove removes the providers of a role from the pool, also those of chains whose last role it is.
// They stay usable, also as the first role of chains.
func (p *Pool) Remove(roleARN string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.roles, roleKey{roleARN: roleARN, options: p.key})
	if p.special == 0 {
		return
	}
	for key := range p.roles {
		if key.roleARN == roleARN {
			p.delete(key)
		}
	}
}

// Status returns the status of all providers, sorted by role ARN, first role of a chain and options.
func (p *Pool) Status() []Status {
	ps := p.providers()
	out := make([]Status, len(ps))
	for i, pr := range ps {
		out[i] = pr.Status()
	}
	slices.SortFunc(out, func(a, b Status) int {
		return cmp.Or(cmp.Compare(a.RoleARN, b.RoleARN), cmp.Compare(a.FirstRoleARN, b.FirstRoleARN), cmp.Compare(a.Options, b.Options))
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
