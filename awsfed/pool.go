package awsfed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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

// PoolOptions are the options of [NewPool].
type PoolOptions struct {
	// MaxConcurrent is how many refreshes run at a time. Zero is 32.
	MaxConcurrent int

	// Rate is how many requests a second go to STS at most, Burst how many of
	// them at once. A Rate of zero is no limit; a Burst of zero is 1. Both
	// count tries, not only refreshes.
	Rate  float64
	Burst int

	// MaxRoles is how many providers the pool holds, so that role ARNs that
	// come from outside cannot fill the memory. Zero is 100,000.
	MaxRoles int

	// Provider are options for all providers of the pool; those given to
	// [Pool.Provider] are applied after them.
	Provider []func(*Options)
}

// ErrPoolFull is returned by [Pool.Provider] for one more role than MaxRoles.
var ErrPoolFull = errors.New("awsfed: the pool holds as many roles as MaxRoles allows; Remove some")

// A Pool gives providers for many roles, which share one token source and take
// turns at STS. Those that callers wait for come first, then the ones whose
// credentials expire earliest; a role that STS refuses takes its turn when the
// pause after the refusal is over, and who gives up waiting leaves the queue. A
// role that nobody uses costs its few hundred bytes and nothing else.
//
// Its methods may be called by several goroutines at once. It starts nothing
// and needs no closing.
type Pool struct {
	client stscreds.AssumeRoleWithWebIdentityAPIClient
	src    idp.TokenSource
	opts   PoolOptions
	queue  *queue
	wake   chan struct{} // tells Run that a provider has changed
	base   Options       // of providers without their own
	own    string        // optionsKey of base

	mu      sync.Mutex // guards what follows
	roles   map[roleKey]*Provider
	special int       // how many of roles have options of their own
	shared  *settings // those of the pool, once they are needed
}

// A roleKey is what makes a provider of a pool the same. options is empty for
// those of the pool.
type roleKey struct{ roleARN, options string }

// A sharedSource is the token source of a pool, and the one that it caches.
type sharedSource struct {
	*idp.CachedSource
	uncached idp.TokenSource
}

// NewPool returns a pool of providers that exchange tokens of src at STS. src is
// wrapped in [idp.Cached], unless it is one, so that the roles share a token.
// When STS refuses that token for one role, whose account may not know the
// issuer, the other roles keep it; if src was an *[idp.CachedSource] already,
// they lose it and fetch another one. Wrong arguments show as errors of
// [Pool.Provider].
func NewPool(client stscreds.AssumeRoleWithWebIdentityAPIClient, src idp.TokenSource, optFns ...func(*PoolOptions)) *Pool {
	var o PoolOptions
	for _, fn := range optFns {
		fn(&o)
	}
	if o.MaxConcurrent <= 0 {
		o.MaxConcurrent = defaultMaxConcurrent
	}
	if o.MaxRoles <= 0 {
		o.MaxRoles = defaultMaxRoles
	}
	o.Provider = slices.Clone(o.Provider)
	if _, ok := src.(*idp.CachedSource); !ok && src != nil {
		src = &sharedSource{CachedSource: idp.Cached(src, nil), uncached: src}
	}
	p := &Pool{
		client: client,
		src:    src,
		opts:   o,
		queue:  newQueue(o.MaxConcurrent, o.Rate, o.Burst),
		wake:   make(chan struct{}, 1),
		roles:  map[roleKey]*Provider{},
	}
	p.base = p.options(nil)
	p.own = optionsKey(p.base)
	return p
}

// Provider returns the provider of a role, the same one for the same role and
// options. Functions and loggers among the options are not compared: those of
// the first call stay. It sends nothing. The error names what is wrong, or is
// [ErrPoolFull].
func (p *Pool) Provider(roleARN string, optFns ...func(*Options)) (*Provider, error) {
	key := roleKey{roleARN: roleARN}
	var o Options
	if len(optFns) > 0 {
		o = p.options(optFns)
		if key.options = optionsKey(o); key.options == p.own {
			key.options = ""
		}
	}

	p.mu.Lock()
	defer p.mu.Unlock()
	if pr := p.roles[key]; pr != nil {
		return pr, nil
	}
	if len(p.roles) >= p.opts.MaxRoles {
		return nil, ErrPoolFull
	}
	s, err := p.settings(o, len(optFns) > 0)
	if err != nil {
		return nil, err
	}
	key.roleARN = strings.Clone(roleARN) // not the document that it was cut from
	pr, err := newProvider(p.client, key.roleARN, p.src, s)
	if err != nil {
		return nil, err
	}
	p.roles[key] = pr
	if key.options != "" {
		p.special++
	}
	return pr, nil
}

// options returns the pool's options with others applied.
func (p *Pool) options(optFns []func(*Options)) Options {
	var o Options
	for _, fn := range p.opts.Provider {
		fn(&o)
	}
	for _, fn := range optFns {
		fn(&o)
	}
	return o
}

// settings returns checked options, its own or the ones that providers without
// their own share. The caller holds mu.
func (p *Pool) settings(o Options, own bool) (*settings, error) {
	if own {
		return newSettings(o, p)
	}
	if p.shared == nil {
		s, err := newSettings(p.base, p)
		if err != nil {
			return nil, err
		}
		p.shared = s
	}
	return p.shared, nil
}

// optionsKey returns a text that is the same for options that are, functions and
// loggers aside.
func optionsKey(o Options) string {
	return fmt.Sprintf("%q %d %q %q %q %d %d %t %t", o.SessionName, o.Duration, o.Policy, o.PolicyARNs,
		o.ExpectedAccount, o.AdvisoryWindow, o.AttemptTimeout, o.ServeExpired, o.KeepOnDenial)
}

// Remove forgets the providers of a role. Who holds one can go on using it.
func (p *Pool) Remove(roleARN string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.roles, roleKey{roleARN: roleARN})
	if p.special == 0 {
		return
	}
	for key := range p.roles {
		if key.roleARN == roleARN {
			delete(p.roles, key)
			p.special--
		}
	}
}

// Status returns the status of all providers, by role ARN.
func (p *Pool) Status() []Status {
	ps := p.providers()
	out := make([]Status, len(ps))
	for i, pr := range ps {
		out[i] = pr.Status()
	}
	slices.SortStableFunc(out, func(a, b Status) int { return cmp.Compare(a.RoleARN, b.RoleARN) })
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

// Run keeps the roles in use warm until ctx is done and returns its error. A
// role is in use if somebody got its present credentials; the others are let
// expire. Roles whose credentials have expired and those that STS refuses are
// left to their callers. Run is optional, since callers refresh by themselves what they use
// often; the caller owns the goroutine, of which there is one whatever the
// number of roles.
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
			if since := time.Since(last); since >= 0 && since < pause {
				t.Reset(pause - since)
				continue
			}
		}
		last = time.Now()
		t.Reset(p.tend(ctx))
	}
}

const (
	// glance is how long Run sleeps at most: a timer stands still in a
	// suspended machine, and does not see a clock that was set.
	glance = time.Minute
	// pause is how long it sleeps at least, so that the roles of a large pool
	// are not all looked at for each refresh of one.
	pause = time.Second
)

// tend starts the refreshes that are due and returns when to look again.
func (p *Pool) tend(ctx context.Context) time.Duration {
	now := time.Now()
	next := now.Add(glance)
	for _, pr := range p.providers() {
		v, ok := pr.engine.Peek()
		if !ok || !pr.inUse(v) {
			continue
		}
		if st := pr.engine.Status(); !st.Valid || st.Permanent {
			// There is nothing to keep warm, and for a role that is gone for
			// good STS would be asked without end.
			continue
		}
		due, ok := pr.engine.Due()
		switch {
		case !ok:
		case due.After(now):
			if due.Before(next) {
				next = due
			}
		default:
			pr.engine.Kick(ctx)
		}
	}
	return max(pause, next.Sub(now))
}

var _ refresh.Gate = (*queue)(nil)
