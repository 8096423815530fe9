package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
)

// to returns an option for a chain to a role of its own.
func to(n int) func(*awsfed.Options) {
	return func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: role(n)}} }
}

// chains returns the providers of n chains of a pool, all behind roleARN.
func chains(t *testing.T, pool *awsfed.Pool, n int) []*awsfed.Provider {
	t.Helper()
	var out []*awsfed.Provider
	for i := range n {
		p, err := pool.Provider(roleARN, to(i))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// each calls Retrieve of all providers at once, and fails if one returns an error.
func each(t *testing.T, ps []*awsfed.Provider) {
	t.Helper()
	var wg sync.WaitGroup
	for _, p := range ps {
		wg.Go(func() {
			if _, err := p.Retrieve(context.Background()); err != nil {
				t.Errorf("%s: %v", p.RoleARN(), err)
			}
		})
	}
	wg.Wait()
}

// Chains share the first role: one token and one exchange for all of them, at the start and at each
// refresh, whatever the limit of concurrent refreshes is.
func TestPoolSharesTheFirstRole(t *testing.T) {
	t.Parallel()
	const n = 50
	for _, slots := range []int{1, 2, 100} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newChainService()
				s.latency = 20 * time.Millisecond
				src := &mintery{tb: t}
				pool := awsfed.NewPool(s, src, func(o *awsfed.PoolOptions) { o.MaxConcurrent = slots })
				ps := chains(t, pool, n)
				begin := time.Now()
				each(t, ps)
				if took, most := time.Since(begin), time.Duration(1+(n+slots-1)/slots)*s.latency; took > most {
					t.Errorf("the first calls took %v, want at most %v", took, most)
				}
				if exchanges, others := s.sent(); exchanges != 1 || others != n {
					t.Errorf("%d exchanges and %d other requests, want 1 and %d", exchanges, others, n)
				}
				for time.Since(begin) < 65*time.Minute {
					time.Sleep(10 * time.Second)
					each(t, ps)
				}
				if exchanges, others := s.sent(); exchanges != 2 || others != 2*n {
					t.Errorf("after the refresh: %d exchanges and %d other requests, want 2 and %d", exchanges, others, 2*n)
				}
			})
		})
	}
}

// With one slot, chains whose first credentials STS rejects get new ones: the refresh that renews
// them lends its slot.
func TestPoolRenewsWithOneSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		s.latency = 20 * time.Millisecond
		pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 1 })
		ps := chains(t, pool, 20)
		each(t, ps)
		s.set(func(*service) {
			s.refuse = func(_, key string) error {
				if key == "AKID1" {
					return apiError("ExpiredToken", "no")
				}
				return nil
			}
		})
		for _, p := range ps {
			p.Invalidate(p.Status().AccessKeyID)
		}
		begin := time.Now()
		each(t, ps)
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the calls took %v, want less than a second", took)
		}
		for _, p := range ps {
			if key := p.Status().AccessKeyID; !strings.HasPrefix(key, "AKID2-") {
				t.Errorf("key %q, want one that was made with AKID2", key)
			}
		}
		if exchanges, _ := s.sent(); exchanges != 2 {
			t.Errorf("%d exchanges, want 2", exchanges)
		}
	})
}

// A firstRoleHangs is a service that does not answer the requests for roleARN.
type firstRoleHangs struct{ *chainService }

func (s firstRoleHangs) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	if *in.RoleArn == roleARN {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.chainService.AssumeRoleWithWebIdentity(ctx, in, optFns...)
}

// Chains that wait for their first role hold no slot. The refresh of that role has one of the two
// slots, so another role does not wait.
func TestPoolChainHoldsNoSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool := awsfed.NewPool(firstRoleHangs{newChainService()}, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 2 })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wg sync.WaitGroup
		for _, p := range chains(t, pool, 10) {
			wg.Go(func() {
				if _, err := p.Retrieve(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("Retrieve of a chain whose first role hangs = %v, want canceled", err)
				}
			})
		}
		synctest.Wait()
		begin := time.Now()
		_, err := provider(t, pool, 99).Retrieve(t.Context())
		if took := time.Since(begin); err != nil || took != 0 {
			t.Errorf("Retrieve of another role = %v after %v, want credentials at once", err, took)
		}
		cancel()
		wg.Wait()
		time.Sleep(time.Minute) // the request that hangs ends
	})
}

// While the token source hangs, callers of chains get the error of their context. Afterwards all
// chains get credentials within seconds.
func TestPoolChainsAfterSourceHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		src := &mintery{tb: t}
		pool := awsfed.NewPool(s, src, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 2 })
		ps := chains(t, pool, 10)
		src.latency = time.Hour // the source hangs
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		for _, p := range ps {
			wg.Go(func() {
				if _, err := p.Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), p.RoleARN()) {
					t.Errorf("Retrieve = %v", err)
				}
			})
		}
		wg.Wait()
		src.mu.Lock()
		src.latency = 0
		src.mu.Unlock()
		time.Sleep(time.Minute) // the refresh of the first role has timed out
		begin := time.Now()
		each(t, ps)
		if took := time.Since(begin); took > 16*time.Second {
			t.Errorf("the calls took %v", took)
		}
	})
}

// After an outage of the first role, the chains behind it have new credentials within the longest
// backoff of one role, although both have a backoff.
func TestPoolChainsRecover(t *testing.T) {
	t.Parallel()
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := newChainService()
			pool := awsfed.NewPool(s, &mintery{tb: t})
			ps := chains(t, pool, 10)
			each(t, ps)
			down := errors.New("connection refused")
			s.failWith(down)
			s.set(func(*service) { s.refuse = func(string, string) error { return down } })
			time.Sleep(61 * time.Minute)
			for range 3000 {
				for _, p := range ps {
					if _, err := p.Retrieve(t.Context()); err == nil {
						t.Fatal("Retrieve = nil error in the outage")
					}
				}
				time.Sleep(100 * time.Millisecond)
			}
			exchanges, _ := s.sent()
			if exchanges > 300 {
				t.Errorf("%d exchanges in an outage of five minutes with 10 chains, want those of one role", exchanges)
			}
			s.failWith(nil)
			s.set(func(*service) { s.refuse = nil })
			repaired := time.Now()
			for _, p := range ps {
				for _, err := p.Retrieve(t.Context()); err != nil; _, err = p.Retrieve(t.Context()) {
					time.Sleep(100 * time.Millisecond)
				}
			}
			if took := time.Since(repaired); took > 17*time.Second {
				t.Errorf("all chains have new credentials %v after the repair, want at most 17s", took)
			}
		})
	}
}

// The first role is a provider of the pool: it is in Status, counts for MaxRoles and can be removed.
func TestPoolWithChains(t *testing.T) {
	t.Parallel()
	s := newChainService()
	pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxRoles = 3; o.SessionName = "ci" })
	a, err := pool.Provider(roleARN, to(1))
	if err != nil {
		t.Fatal(err)
	}
	type entry struct{ role, first, options string }
	status := func() (out []entry) {
		for _, st := range pool.Status() {
			out = append(out, entry{st.RoleARN, st.FirstRoleARN, st.Options})
		}
		return out
	}
	want := []entry{
		{roleARN, "", `SessionName="ci"`},
		{role(1), roleARN, `SessionName="ci" Chain[0].RoleARN="` + role(1) + `"`},
	}
	if diff := cmp.Diff(want, status(), cmp.AllowUnexported(entry{})); diff != "" {
		t.Errorf("Status (-want +got):\n%s", diff)
	}
	if first, err := pool.Provider(roleARN); err != nil || first.RoleARN() != roleARN || len(pool.Status()) != 2 {
		t.Errorf("Provider of the first role = %v, %v, want the one that the chain uses", first, err)
	}
	if b, err := pool.Provider(roleARN, to(1)); err != nil || b != a {
		t.Errorf("Provider of the same chain = %p, %v, want %p", b, err, a)
	}
	if b, err := pool.Provider(roleARN, to(1), func(o *awsfed.Options) { o.Chain[0].ExternalID = "id" }); err != nil || b == a {
		t.Errorf("Provider with an external ID = %p, %v, want another one than %p", b, err, a)
	}
	if _, err := pool.Provider(role(7), to(8)); !errors.Is(err, awsfed.ErrPoolFull) {
		t.Errorf("Provider in a full pool = %v, want ErrPoolFull", err)
	}
	pool.Remove(role(1))
	if _, err := pool.Provider(role(7), to(8)); err != nil {
		t.Errorf("Provider after Remove = %v", err)
	}
	if _, err := pool.Provider(role(9), to(8)); !errors.Is(err, awsfed.ErrPoolFull) || len(pool.Status()) != 3 {
		t.Errorf("Provider in a full pool = %v, want ErrPoolFull and no new role: %v", err, status())
	}
	pool.Remove(role(8))
	if _, err := pool.Provider(role(9), to(8)); !errors.Is(err, awsfed.ErrPoolFull) || len(pool.Status()) != 2 {
		t.Errorf("Provider of a chain in a pool with one free place = %v, want ErrPoolFull and no new role: %v", err, status())
	}
	if _, err := pool.Provider(role(7), func(o *awsfed.Options) { to(8)(o); o.ExpectedAccount = "999999999999" }); err == nil || len(pool.Status()) != 2 {
		t.Errorf("Provider with another account behind a role of the pool = %v, want an error and the same roles: %v", err, status())
	}
	if _, err := pool.Provider(role(9), func(o *awsfed.Options) { to(8)(o); o.ExpectedAccount = "999999999999" }); err == nil || len(pool.Status()) != 2 {
		t.Errorf("Provider with another account = %v, want an error and no new role: %v", err, status())
	}
	pool.Remove(roleARN)
	pool.Remove(role(7))
	if got := status(); len(got) != 0 {
		t.Errorf("Status after Remove = %v, want none", got)
	}
	if _, err := a.Retrieve(t.Context()); err != nil {
		t.Errorf("Retrieve after Remove = %v, want no error", err)
	}
}

// The options of a pool may have a chain. The expected account is that of the last role, and the first
// role is shared with calls without the chain.
func TestPoolOptionsWithChain(t *testing.T) {
	t.Parallel()
	s := newChainService()
	pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) {
		o.Chain, o.ExpectedAccount = []awsfed.NextRole{{RoleARN: lastRole}}, lastAccount
	})
	p, err := pool.Provider(roleARN)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := p.Credentials(t.Context()); err != nil || c.AccountID != lastAccount {
		t.Errorf("Credentials = %+v, %v", c, err)
	}
	first, err := pool.Provider(roleARN, func(o *awsfed.Options) { o.Chain, o.ExpectedAccount = nil, "" })
	if err != nil || first == p || first.RoleARN() != roleARN || first.Status().AccessKeyID != "AKID1" {
		t.Errorf("Provider without the chain = %+v, %v, want the first role with its credentials", first, err)
	}
	if len(pool.Status()) != 2 {
		t.Errorf("%d roles, want 2", len(pool.Status()))
	}
}

// A chain to another account shares the first role with the callers of that role in a pool for its
// account.
func TestPoolOfOneAccountWithChain(t *testing.T) {
	t.Parallel()
	s := newChainService()
	pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.ExpectedAccount = account })
	ps := []*awsfed.Provider{}
	for _, opt := range []func(*awsfed.Options){func(*awsfed.Options) {}, func(o *awsfed.Options) { two(o); o.ExpectedAccount = lastAccount }} {
		p, err := pool.Provider(roleARN, opt)
		if err != nil {
			t.Fatal(err)
		}
		ps = append(ps, p)
	}
	each(t, ps)
	if exchanges, _ := s.sent(); exchanges != 1 || len(pool.Status()) != 2 {
		t.Errorf("%d exchanges for %d roles, want 1 for 2", exchanges, len(pool.Status()))
	}
	var e *awsfed.OptionError
	if _, err := pool.Provider(roleARN, two); !errors.As(err, &e) || e.Option != "ExpectedAccount" {
		t.Errorf("Provider of a chain to another account = %v, want an OptionError", err)
	}
}

// Run refreshes chains in use and their first role, and stops when callers do.
func TestPoolRunWithChains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 1 })
		ps := chains(t, pool, 10)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- pool.Run(ctx) }()
		each(t, ps)
		time.Sleep(58 * time.Minute)
		for _, st := range pool.Status() {
			if !st.Valid || st.Remaining(time.Now()) < 30*time.Minute {
				t.Errorf("%s: %v left, want new credentials", st.RoleARN, st.Remaining(time.Now()))
			}
		}
		if exchanges, others := s.sent(); exchanges != 2 || others != 20 {
			t.Errorf("%d exchanges and %d other requests, want 2 and 20", exchanges, others)
		}
		time.Sleep(3 * time.Hour)
		if exchanges, others := s.sent(); exchanges > 3 || others != 20 {
			t.Errorf("without callers: %d exchanges and %d other requests, want at most 3 and 20", exchanges, others)
		}
		cancel()
		<-done
	})
}

// The rate of the pool counts the requests for all roles of a chain.
func TestPoolRateWithChains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate = 10 })
		var ps []*awsfed.Provider
		for i := range 20 {
			p, err := pool.Provider(roleARN, func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: middleRole}, {RoleARN: role(i)}} })
			if err != nil {
				t.Fatal(err)
			}
			ps = append(ps, p)
		}
		begin := time.Now()
		each(t, ps)
		if took := time.Since(begin); took != 4*time.Second {
			t.Errorf("41 requests at 10 a second took %v, want 4s", took)
		}
	})
}

// Config has a chain too, and FromConfig finds its provider.
func TestPoolConfigWithChain(t *testing.T) {
	cleanEnv(t)
	pool := awsfed.NewPool(newChainService(), &mintery{tb: t})
	cfg, err := pool.Config(t.Context(), roleARN, func(o *awsfed.LoadOptions) { two(&o.Options) })
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := awsfed.FromConfig(cfg); !ok || p.RoleARN() != lastRole {
		t.Errorf("FromConfig = %v, %v, want the provider of the chain", p, ok)
	}
	if c, err := cfg.Credentials.Retrieve(t.Context()); err != nil || c.AccessKeyID != "AKID1-last1" {
		t.Errorf("Retrieve = %q, %v", c.AccessKeyID, err)
	}
	sources := cfg.Credentials.(aws.CredentialProviderSource).ProviderSources()
	if want := []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceSTSAssumeRole, aws.CredentialSourceCode}; !cmp.Equal(sources, want) {
		t.Errorf("ProviderSources = %v, want %v", sources, want)
	}
}

// Remove removes also the only provider with other options, and the only one of a chain.
func TestRemoveTheLastSpecialProvider(t *testing.T) {
	t.Parallel()
	pool := awsfed.NewPool(newChainService(), &mintery{tb: t})
	provider(t, pool, 1, func(o *awsfed.Options) { o.SessionName = "ci" })
	pool.Remove(role(1))
	if got := pool.Status(); len(got) != 0 {
		t.Errorf("Status after Remove = %v, want none", got)
	}
	pool = awsfed.NewPool(newChainService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { two(&o.Options) })
	provider(t, pool, 1)
	pool.Remove(role(1)) // the first role of the chain
	pool.Remove(lastRole)
	if got := pool.Status(); len(got) != 0 {
		t.Errorf("Status after Remove of both roles = %v, want none", got)
	}
}

// Each request of a chain waits for the rate of the pool.
func TestPoolRateOfOneChain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newChainService()
		begin := time.Now()
		got := map[string]time.Duration{}
		s.refuse = func(role, _ string) error {
			got[role] = time.Since(begin)
			return nil
		}
		pool := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate = 1; three(&o.Options) })
		p, err := pool.Provider(roleARN)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]time.Duration{middleRole: time.Second, lastRole: 2 * time.Second}, got); diff != "" {
			t.Errorf("times of the requests (-want +got):\n%s", diff)
		}
	})
}
