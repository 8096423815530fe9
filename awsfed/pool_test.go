package awsfed_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

func role(n int) string { return fmt.Sprintf("arn:aws:iam::%s:role/r%05d", account, n) }

func provider(t *testing.T, p *awsfed.Pool, n int, optFns ...func(*awsfed.Options)) *awsfed.Provider {
	t.Helper()
	pr, err := p.Provider(role(n), optFns...)
	if err != nil {
		t.Fatal(err)
	}
	return pr
}

// The providers of one role are told apart by their options.
func TestPoolStatusShowsOptions(t *testing.T) {
	t.Parallel()
	p := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.ExpectedAccount = account })
	provider(t, p, 1)
	provider(t, p, 1, func(o *awsfed.Options) { o.SessionName, o.Duration = "ci", 2*time.Hour })
	provider(t, p, 1, func(o *awsfed.Options) { o.Policy = `{"Version":"2012-10-17","Statement":[]}` })
	provider(t, p, 1, func(o *awsfed.Options) {
		o.PolicyARNs, o.KeepOnRefusal = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}, true
	})
	var got []string
	for _, st := range p.Status() {
		got = append(got, st.Options)
	}
	want := []string{
		`ExpectedAccount="123456789012"`,
		`Policy=sha256:8f907b489532ad56fb7c52f3acc89b27680ed51296bf03984ce78d2b7b96076a ExpectedAccount="123456789012"`,
		`PolicyARNs=["arn:aws:iam::aws:policy/ReadOnlyAccess"] ExpectedAccount="123456789012" KeepOnRefusal=true`,
		`SessionName="ci" Duration=2h0m0s ExpectedAccount="123456789012"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("options in Status (-want +got):\n%s", diff)
	}
}

// Options that set those of the pool back to zero are other options.
func TestPoolOptionsBackToZero(t *testing.T) {
	t.Parallel()
	p := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Duration = 2 * time.Hour })
	without := provider(t, p, 1, func(o *awsfed.Options) { o.Duration = 0 })
	if with := provider(t, p, 1); with == without || with.Status().Options != "Duration=2h0m0s" {
		t.Errorf("Provider returns the one with the options %q, want those of the pool", with.Status().Options)
	}
	p.Remove(role(1))
	if n := len(p.Status()); n != 0 {
		t.Errorf("%d providers after Remove, want 0", n)
	}
}

// Config returns what LoadConfig returns, with a provider of the pool.
func TestPoolConfig(t *testing.T) {
	cleanEnv(t)
	writeFiles(t, broken["a missing source profile"])
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role(1), role(2))
	client := sts.New(sts.Options{Region: "us-east-1", HTTPClient: fake.HTTPClient()})
	pool := awsfed.NewPool(client, iss.TokenSource("sts.amazonaws.com"), func(o *awsfed.PoolOptions) { o.SessionName = "pool" })
	for n, session := range map[int]string{1: "pool", 2: "own"} {
		cfg, err := pool.Config(t.Context(), role(n), func(o *awsfed.LoadOptions) {
			o.Config.HTTPClient = fake.HTTPClient()
			o.SessionName = session
		})
		if err != nil {
			t.Fatal(err)
		}
		if cfg.Region != "eu-central-1" {
			t.Errorf("Region = %q, want the one of the file", cfg.Region)
		}
		first, err := cfg.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		fake.ExpireCredentials(first.AccessKeyID)
		who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil) // is sent again
		if err != nil {
			t.Fatal(err)
		}
		if got, want := aws.ToString(who.Arn), fmt.Sprintf("arn:aws:sts::%s:assumed-role/r%05d/%s", account, n, session); got != want {
			t.Errorf("caller = %q, want %q", got, want)
		}
		if pr, ok := awsfed.FromConfig(cfg); !ok || pr != provider(t, pool, n, func(o *awsfed.Options) { o.SessionName = session }) {
			t.Error("the configuration has another provider than the pool")
		}
	}
	for _, arn := range []string{"", "x"} {
		var e *awsfed.OptionError
		if _, err := pool.Config(t.Context(), arn); !errors.As(err, &e) || e.Func != "Pool.Config" || e.Option != "roleARN" {
			t.Errorf("Config(%q) = %v, want an OptionError", arn, err)
		}
	}
	t.Setenv("AWS_PROFILE", "no-such")
	if _, err := pool.Config(t.Context(), role(1)); err == nil || !strings.Contains(err.Error(), "no-such") {
		t.Errorf("Config with a missing profile = %v", err)
	}
}

// A role whose duration is accepted with AnyDuration is refused without it, also if the pool has it.
func TestPoolChecksDuration(t *testing.T) {
	t.Parallel()
	p := awsfed.NewPool(newService(), &mintery{tb: t})
	minute := func(o *awsfed.Options) { o.Duration = time.Minute }
	provider(t, p, 1, minute, func(o *awsfed.Options) { o.AnyDuration = true })
	if _, err := p.Provider(role(1), minute); err == nil {
		t.Error("Provider with a minute = nil error after the same with AnyDuration")
	}
}

// NewPool has no error, so Provider and Config return those of its limits.
func TestPoolLimits(t *testing.T) {
	t.Parallel()
	for option, set := range map[string]func(*awsfed.PoolOptions){
		"MaxConcurrent": func(o *awsfed.PoolOptions) { o.MaxConcurrent = -1 },
		"Rate":          func(o *awsfed.PoolOptions) { o.Rate = -1 },
		"Burst":         func(o *awsfed.PoolOptions) { o.Burst = -1 },
		"MaxRoles":      func(o *awsfed.PoolOptions) { o.MaxRoles = -1 },
	} {
		p := awsfed.NewPool(newService(), &mintery{tb: t}, set)
		_, err := p.Provider(role(1))
		_, cfgErr := p.Config(t.Context(), role(1))
		for _, err := range []error{err, cfgErr} {
			if e, ok := errors.AsType[*awsfed.OptionError](err); !ok || e.Option != option {
				t.Errorf("%s = -1: %v, want an OptionError about it", option, err)
			}
		}
	}
	p := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate = math.NaN() })
	if _, err := p.Provider(role(1)); err == nil {
		t.Error("Provider with a Rate that is not a number = nil error")
	}
}

// A Burst without a Rate would limit nothing.
func TestPoolBurstNeedsARate(t *testing.T) {
	t.Parallel()
	for rate, want := range map[float64]bool{0: false, 0.5: true} {
		p := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate, o.Burst = rate, 5 })
		_, err := p.Provider(role(1))
		if e, ok := errors.AsType[*awsfed.OptionError](err); want != (err == nil) || !want && (!ok || e.Option != "Burst") {
			t.Errorf("Rate %v with Burst 5: %v, accepted: %v", rate, err, want)
		}
	}
}

func TestPoolIdentity(t *testing.T) {
	t.Parallel()
	p := awsfed.NewPool(newService(), &mintery{tb: t}, func(o *awsfed.PoolOptions) {
		o.MaxRoles = 4
		exact(&o.Options)
	})
	a := provider(t, p, 1)
	if a != provider(t, p, 1) {
		t.Error("two providers for the same arguments")
	}
	named := func(o *awsfed.Options) { o.SessionName = "named" }
	b := provider(t, p, 1, named)
	if b == a || b != provider(t, p, 1, named) {
		t.Error("one provider for different options")
	}
	if provider(t, p, 1, func(*awsfed.Options) {}) != a {
		t.Error("another provider for options that change nothing")
	}
	if _, err := p.Provider("nonsense"); err == nil {
		t.Error("Provider of an invalid ARN = nil error")
	}
	if _, err := p.Provider(role(9), func(o *awsfed.Options) { o.Duration = -1 }); err == nil {
		t.Error("Provider with a negative duration = nil error")
	}
	provider(t, p, 2)
	provider(t, p, 3)
	if _, err := p.Provider(role(4)); !errors.Is(err, awsfed.ErrPoolFull) {
		t.Errorf("Provider beyond MaxRoles = %v, want ErrPoolFull", err)
	}
	// Wrong arguments are reported also in a full pool.
	for _, bad := range []struct {
		role string
		fn   func(*awsfed.Options)
	}{
		{"junk", func(*awsfed.Options) {}},
		{role(9), func(o *awsfed.Options) { o.Duration = -1 }},
		{"junk", func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: role(9)}} }},
		{role(1), func(o *awsfed.Options) { o.Chain = []awsfed.NextRole{{RoleARN: "junk"}} }},
	} {
		_, err := p.Provider(bad.role, bad.fn)
		if _, ok := errors.AsType[*awsfed.OptionError](err); !ok {
			t.Errorf("Provider(%q) in a full pool = %v, want an OptionError", bad.role, err)
		}
	}
	p.Remove(role(1))
	p.Remove(role(7))
	provider(t, p, 4)
	provider(t, p, 5)
	var got []string
	for _, st := range p.Status() {
		got = append(got, st.RoleARN)
	}
	if want := []string{role(2), role(3), role(4), role(5)}; !slices.Equal(got, want) {
		t.Errorf("Status has %v, want %v", got, want)
	}
	for _, bad := range []*awsfed.Pool{awsfed.NewPool(nil, &mintery{tb: t}), awsfed.NewPool(newService(), nil)} {
		if _, err := bad.Provider(role(1)); err == nil {
			t.Error("Provider of a pool without client or source = nil error")
		}
	}
}

func TestPoolSharesATokenAndSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &countingService{service: newService()}
		s.latency = 100 * time.Millisecond
		src := &mintery{tb: t}
		p := awsfed.NewPool(s, src, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 8 })
		var wg sync.WaitGroup
		for n := range 200 {
			wg.Go(func() {
				if _, err := provider(t, p, n).Retrieve(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		begin := time.Now()
		wg.Wait()
		if took := time.Since(begin); took != 2500*time.Millisecond {
			t.Errorf("200 roles, 8 at a time of 100 ms, took %v, want 2.5s", took)
		}
		if s.most != 8 {
			t.Errorf("%d refreshes at a time, want 8", s.most)
		}
		if got := src.count(); got != 1 {
			t.Errorf("%d tokens, want 1 for all", got)
		}
	})
}

func TestPoolMaxConcurrentByDefault(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &countingService{service: newService()}
		s.latency = time.Second
		p := awsfed.NewPool(s, &mintery{tb: t})
		var wg sync.WaitGroup
		for n := range 100 {
			wg.Go(func() { _, _ = provider(t, p, n).Retrieve(t.Context()) })
		}
		wg.Wait()
		if s.most != 32 {
			t.Errorf("%d refreshes at a time, want 32", s.most)
		}
	})
}

// countingService counts the concurrent calls.
type countingService struct {
	*service
	now, most int
}

func (s *countingService) AssumeRoleWithWebIdentity(ctx context.Context, in *sts.AssumeRoleWithWebIdentityInput, optFns ...func(*sts.Options)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	s.set(func(*service) { s.now++; s.most = max(s.most, s.now) })
	defer s.set(func(*service) { s.now-- })
	return s.service.AssumeRoleWithWebIdentity(ctx, in, optFns...)
}

// Refreshes start in the order in which the credentials are needed, whatever the order of the
// calls.
func TestPoolPriorities(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Second
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) {
			o.MaxConcurrent = 1
			exact(&o.Options)
		})
		get := func(n int) { _, _ = provider(t, p, n).Retrieve(context.Background()) }
		// Roles 1 to 4 expire in that order, a minute apart; role 5 has expired.
		s.set(func(s *service) { s.life = 10 * time.Minute })
		get(5)
		s.set(func(s *service) { s.life = time.Hour })
		for n := 1; n <= 4; n++ {
			get(n)
			time.Sleep(time.Minute)
		}
		time.Sleep(50 * time.Minute)
		before := s.count()
		go get(100) // has the only slot
		synctest.Wait()
		for _, n := range []int{4, 2, 3, 1} {
			get(n) // in the advisory window: returns at once
			synctest.Wait()
		}
		go get(101) // has no credentials
		synctest.Wait()
		go get(5) // expired
		synctest.Wait()
		time.Sleep(time.Minute)
		got := s.asked(before)
		want := []string{role(100), role(5), role(101), role(1), role(2), role(3), role(4)}
		if !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v", got, want)
		}
	})
}

// Refreshes whose credentials are needed at the same time start in the order of the calls.
func TestPoolIsFair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Second
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.MaxConcurrent = 1 })
		var want []string
		for _, n := range []int{5, 3, 8, 1, 9, 2} {
			go func() { _, _ = provider(t, p, n).Retrieve(context.Background()) }()
			synctest.Wait()
			want = append(want, role(n))
		}
		time.Sleep(time.Minute)
		if got := s.asked(0); !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v", got, want)
		}
	})
}

// A background refresh moves forward in the queue when a caller begins to wait for it.
func TestPoolPromotes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) {
			o.MaxConcurrent = 1
			exact(&o.Options)
		})
		get := func(n int) { _, _ = provider(t, p, n).Retrieve(context.Background()) }
		get(1)
		time.Sleep(time.Minute)
		get(2)
		time.Sleep(46 * time.Minute)
		s.set(func(s *service) { s.latency = time.Second })
		before := s.count()
		go get(100)
		synctest.Wait()
		get(1)
		get(2)
		synctest.Wait()
		provider(t, p, 2).Invalidate(provider(t, p, 2).Status().AccessKeyID)
		go get(2)
		time.Sleep(time.Minute)
		if got, want := s.asked(before)[1], role(2); got != want {
			t.Errorf("the next refresh is of %s, want %s", got, want)
		}
	})
}

func TestPoolQueueAndContexts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 20 * time.Second
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) {
			o.MaxConcurrent = 1
			o.AttemptTimeout = 70 * time.Second
		})
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		for n := range 6 {
			go func() { _, _ = provider(t, p, n).Retrieve(t.Context()) }()
			synctest.Wait()
		}
		begin := time.Now()
		if _, err := provider(t, p, 6).Retrieve(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 5*time.Second {
			t.Errorf("Retrieve = %v after %v, want the caller's deadline", err, time.Since(begin))
		}
		// AttemptTimeout begins with the slot: the last refresh waits two minutes for it and
		// succeeds.
		wantKey(t, provider(t, p, 6), "AKID7", 135*time.Second)
	})
}

func TestPoolRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 10 * time.Millisecond
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate, o.Burst = 50, 5 })
		var wg sync.WaitGroup
		begin := time.Now()
		for n := range 500 {
			wg.Go(func() { _, _ = provider(t, p, n).Retrieve(t.Context()) })
		}
		wg.Wait()
		if took := time.Since(begin); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("500 roles at 50 a second took %v, want 10 s", took)
		}
		checkRate(t, s.started(), 50, 5)
	})
}

// The rate counts all attempts: those after a pause, and those with another token.
func TestPoolRateCountsAttempts(t *testing.T) {
	t.Parallel()
	for code, requests := range map[string]int{"Throttling": 60, "ExpiredToken": 40, "InvalidIdentityToken": 40} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.failWith(apiError(code, ""))
				p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate = 5 })
				var wg sync.WaitGroup
				for n := range 20 {
					wg.Go(func() { _, _ = provider(t, p, n).Retrieve(t.Context()) })
				}
				wg.Wait()
				if got := len(s.started()); got != requests {
					t.Errorf("%d requests for 20 roles, want %d", got, requests)
				}
				checkRate(t, s.started(), 5, 1)
			})
		})
	}
}

// checkRate checks that no second has more requests than the limit.
func checkRate(t *testing.T, starts []time.Time, rate, burst int) {
	t.Helper()
	for i := range starts {
		if j := i + rate + burst; j < len(starts) && starts[j].Sub(starts[i]) < time.Second {
			t.Fatalf("%d requests within %v", rate+burst+1, starts[j].Sub(starts[i]))
		}
	}
}

// Many roles expire together, and STS answers 600 requests per second.
func TestPoolStorm(t *testing.T) {
	t.Parallel()
	const roles = 1_500 // internal/bench has ten thousand
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { o.Rate, o.Burst = 600, 1 })
		all := make([]*awsfed.Provider, roles)
		var wg sync.WaitGroup
		for n := range all {
			all[n] = provider(t, p, n)
			wg.Go(func() {
				if _, err := all[n].Retrieve(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		first := s.count()
		time.Sleep(2 * time.Hour) // all have expired
		for n := range all {
			wg.Go(func() {
				for range 3 {
					if _, err := all[n].Retrieve(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if got := s.count() - first; got != roles {
			t.Errorf("%d calls of STS for %d roles, want one each", got, roles)
		}
		checkRate(t, s.started(), 600, 1)
	})
}

func TestPoolRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := awsfed.NewPool(s, &mintery{tb: t})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- p.Run(ctx) }()
		for n := range 10 {
			provider(t, p, n)
		}
		time.Sleep(24 * time.Hour)
		if got := s.count(); got != 0 {
			t.Errorf("%d calls of STS for roles that are not used, want 0", got)
		}
		// One role is used at least every half hour, another one once.
		if _, err := provider(t, p, 1).Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := provider(t, p, 0).Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 48 {
			begin := time.Now()
			if _, err := provider(t, p, 0).Retrieve(t.Context()); err != nil || time.Since(begin) != 0 {
				t.Errorf("Retrieve = %v after %v", err, time.Since(begin))
			}
			time.Sleep(30 * time.Minute)
		}
		seen := map[string]int{}
		for _, arn := range s.asked(0) {
			seen[arn]++
		}
		// The credentials of a role that is used once are refreshed once.
		if seen[role(1)] > 2 || seen[role(0)] < 24 || seen[role(0)] > 36 || len(seen) != 2 {
			t.Errorf("calls of STS for each role: %v", seen)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v", err)
		}
	})
}

// Run checks each minute whether the credentials that it fetched are used.
func TestPoolRunSeesThatARoleIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) { exact(&o.Options) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = p.Run(ctx) }()
		wantKey(t, provider(t, p, 0), "AKID1", 0)
		time.Sleep(50 * time.Minute) // refreshed after 45
		wantKey(t, provider(t, p, 0), "AKID2", 0)
		time.Sleep(50 * time.Minute)
		wantKey(t, provider(t, p, 0), "AKID3", 0)
	})
}

// A failure wakes Run, so that it retries after the backoff and not after a minute.
func TestPoolRunAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := awsfed.NewPool(s, &mintery{tb: t}, func(o *awsfed.PoolOptions) {
			exact(&o.Options)
			o.RefreshBackoff = func(int, time.Duration) time.Duration { return 5 * time.Second }
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { _ = p.Run(ctx) }()
		wantKey(t, provider(t, p, 0), "AKID1", 0)
		s.failWith(apiError("OptInRequired", "")) // one request for each refresh
		time.Sleep(46*time.Minute + time.Second)
		if got := s.count() - 1; got < 12 || got > 13 {
			t.Errorf("%d refreshes in the first minute of an outage, want one each 5 s", got)
		}
		s.failWith(nil)
		time.Sleep(5 * time.Second)
		wantKey(t, provider(t, p, 0), "AKID2", 0)
	})
}

// Run does not refresh a role that STS refuses, or whose credentials expired in an outage. It would
// do so without end.
func TestPoolRunLeavesRefusedRolesToTheirCallers(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AccessDenied", "InternalFailure"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				p := awsfed.NewPool(s, &mintery{tb: t})
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- p.Run(ctx) }()
				if _, err := provider(t, p, 0).Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				s.failWith(apiError(code, "no"))
				time.Sleep(2 * time.Hour)
				before := s.count()
				if before < 2 {
					t.Error("the role was not refreshed")
				}
				if code == "AccessDenied" && before > 2 {
					t.Errorf("%d calls of STS after a refusal, want 0, also while the credentials are valid", before-2)
				}
				time.Sleep(24 * time.Hour)
				if got := s.count() - before; got != 0 {
					t.Errorf("%d calls of STS in a day without calls for the role, want 0", got)
				}
				s.failWith(nil)
				if _, err := provider(t, p, 0).Retrieve(t.Context()); err != nil {
					t.Errorf("after the repair: %v", err)
				}
				cancel()
				<-ended
			})
		})
	}
}

// STS answers InvalidIdentityToken also for a valid token if the account of the role does not know
// the issuer. The other roles keep the shared token, also if the source has no other one.
func TestPoolKeepsAValidSharedToken(t *testing.T) {
	t.Parallel()
	for _, same := range []bool{true, false} { // whether the source has only one token
		t.Run(fmt.Sprintf("one token %v", same), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss := idptest.NewIssuer(t, nil)
				s := awsfedtest.New(t, iss, roleARN)
				minted := iss.TokenSource(idp.AudienceAWS)
				first, err := minted.Token(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				asked := 0
				p := awsfed.NewPool(s, idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
					if asked++; same || asked == 1 {
						return first, nil
					}
					return minted.Token(ctx)
				}))
				foreign, err := p.Provider("arn:aws:iam::210987654321:role/deploy")
				if err != nil {
					t.Fatal(err)
				}
				_, err = foreign.Retrieve(t.Context())
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Code != "InvalidIdentityToken" || e.Retryable() {
					t.Errorf("a role in an account without the provider: %v", err)
				}
				before := asked
				good, err := p.Provider(roleARN)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := good.Retrieve(t.Context()); err != nil || asked != before {
					t.Errorf("another role: %v, with %d more tokens", err, asked-before)
				}
			})
		})
	}
}

// An invalid shared token is invalidated when STS accepts another one.
func TestPoolReplacesAnInvalidSharedToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.fail = func(call int) error {
			if call == 1 {
				return apiError("InvalidIdentityToken", "the signature of the token is not valid")
			}
			return nil
		}
		src := &mintery{tb: t}
		p := awsfed.NewPool(s, src)
		for n := range 2 {
			if _, err := provider(t, p, n).Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		tokens := map[string]int{}
		s.set(func(s *service) {
			for _, in := range s.inputs {
				tokens[*in.WebIdentityToken]++
			}
		})
		if s.count() != 3 || src.count() != 3 || len(tokens) != 3 || len(src.invalidated) != 1 {
			t.Errorf("%d requests with %d tokens of %d, %d invalidated; want 3, 3, 3, 1", s.count(), len(tokens), src.count(), len(src.invalidated))
		}
	})
}

func TestIdlePoolHasNoGoroutines(t *testing.T) {
	s := newService()
	before := runtime.NumGoroutine()
	p := awsfed.NewPool(s, &mintery{tb: t})
	for n := range 1000 {
		if _, err := provider(t, p, n).Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The goroutine of the last refresh calls OnRefresh after it has released the callers.
	for begin := time.Now(); time.Since(begin) < 5*time.Second; runtime.Gosched() {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines more than before", after-before)
	}
}
