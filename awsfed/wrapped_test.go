package awsfed_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
)

// wrapped returns the provider inside the cache of the SDK, as config.WithCredentialsProvider does.
func wrapped(t *testing.T, p *awsfed.Provider) aws.CredentialsProvider {
	t.Helper()
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithCredentialsProvider(p), config.WithRegion("eu-central-1"),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	if !aws.IsCredentialsProvider(cfg.Credentials, p) {
		t.Fatalf("Credentials = %T, want the provider inside", cfg.Credentials)
	}
	if _, ok := cfg.Credentials.(*aws.CredentialsCache); !ok {
		t.Fatalf("Credentials = %T, want *aws.CredentialsCache", cfg.Credentials)
	}
	return cfg.Credentials
}

// With the cache of the SDK around the provider, callers do not wait, get no errors, and get no
// credentials that are about to expire, during refreshes and an outage.
func TestWrapped(t *testing.T) {
	t.Parallel()
	for life, window := range map[time.Duration]time.Duration{ // the shortest advisory window of each lifetime
		15 * time.Minute: 5 * time.Minute,
		time.Hour:        15 * time.Minute,
		12 * time.Hour:   60 * time.Minute,
	} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.latency = 50 * time.Millisecond
				s.life = life
				p := newProvider(t, s)
				c := cachedCaller{t: t, p: p, creds: wrapped(t, p), ends: map[string]time.Time{}}
				if _, err := c.creds.Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				if least := c.call(5*life, life/5000); least < window*9/10 {
					t.Errorf("returned with %v left, want about %v", least, window)
				}
				if got := s.count(); got > 10 {
					t.Errorf("%d calls of STS in five lifetimes", got)
				}

				// An outage from the beginning of the window through most of it.
				if c, err := c.creds.Retrieve(t.Context()); err != nil || c.AccessKeyID == "" {
					t.Fatal(err)
				}
				time.Sleep(time.Until(p.Status().RefreshAt))
				s.failWith(errors.New("down"))
				least := c.call(window*8/10, life/5000)
				s.failWith(nil)
				if least = min(least, c.call(life/10, life/50000)); least < window/10 {
					t.Errorf("returned with %v left after the outage, want at least %v", least, window/10)
				}
				if time.Until(p.Status().Expires) < life/2 {
					t.Errorf("not refreshed after the outage: %+v", p.Status())
				}
			})
		})
	}
}

// A cachedCaller calls a provider through a cache.
type cachedCaller struct {
	t     *testing.T
	p     *awsfed.Provider
	creds aws.CredentialsProvider
	ends  map[string]time.Time // expiry of each key
}

// call retrieves credentials for some time, at intervals, and returns the shortest remaining life
// of any.
func (c cachedCaller) call(duration, interval time.Duration) (least time.Duration) {
	c.t.Helper()
	least = 1000 * time.Hour
	for begin := time.Now(); time.Since(begin) < duration; time.Sleep(interval) {
		called := time.Now()
		got, err := c.creds.Retrieve(c.t.Context())
		if err != nil || time.Since(called) > 0 {
			c.t.Errorf("Retrieve = %v after %v", err, time.Since(called))
		}
		if c.ends[got.AccessKeyID].IsZero() {
			c.ends[got.AccessKeyID] = c.p.Status().Expires
		}
		least = min(least, time.Until(c.ends[got.AccessKeyID]))
	}
	return least
}

func TestWrappedManyCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		creds := wrapped(t, newProvider(t, s, exact))
		if _, err := creds.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(45*time.Minute - 100*time.Millisecond)
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for range 30 {
					begin := time.Now()
					if _, err := creds.Retrieve(context.Background()); err != nil || time.Since(begin) != 0 {
						t.Errorf("Retrieve = %v after %v", err, time.Since(begin))
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		time.Sleep(10 * time.Second)
		wantKey(t, creds, "AKID2", 0)
		if got := s.count(); got != 2 {
			t.Errorf("%d calls of STS, want 2", got)
		}
	})
}

// A cache in the SDK may keep credentials beyond their expiry, depending on their last source. It
// does not for the caller's own code, in whatever way the client gets the provider.
func TestSourcesEndWithCode(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // needs a client with a transport
	p := newProvider(t, newService())
	loaded, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}, withClient(doer(nil)), func(o *awsfed.LoadOptions) {
		o.Config.Region = "eu-central-1"
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, creds := range map[string]aws.CredentialsProvider{
		"set directly":                   p,
		"LoadConfig":                     loaded.Credentials,
		"config.WithCredentialsProvider": wrapped(t, p),
		"a client":                       sts.NewFromConfig(aws.Config{Credentials: p, Region: "eu-central-1"}).Options().Credentials,
	} {
		want := []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceCode}
		if got := creds.(aws.CredentialProviderSource).ProviderSources(); !slices.Equal(got, want) {
			t.Errorf("%s: ProviderSources = %v, want %v", name, got, want)
		}
	}
}
