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

// wrapped returns the provider as config.WithCredentialsProvider makes it:
// inside the SDK's cache.
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

// With the SDK's cache around it nobody waits, nobody fails, and nobody gets
// credentials that are about to end, through refreshes and an outage.
func TestWrappedInTheSDKsCache(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{15 * time.Minute, time.Hour, 12 * time.Hour} {
		t.Run(life.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				s.latency = 50 * time.Millisecond
				s.life = life
				p := newProvider(t, s)
				creds := wrapped(t, p)
				ends := map[string]time.Time{}
				call := func() (left time.Duration) {
					begin := time.Now()
					c, err := creds.Retrieve(t.Context())
					if err != nil || time.Since(begin) > 0 {
						t.Errorf("Retrieve = %v after %v", err, time.Since(begin))
					}
					if ends[c.AccessKeyID].IsZero() {
						ends[c.AccessKeyID] = p.Status().Expires
					}
					return time.Until(ends[c.AccessKeyID])
				}
				if _, err := creds.Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				window := 60 * time.Minute // the shortest that the life has
				switch life {
				case 15 * time.Minute:
					window = 5 * time.Minute
				case time.Hour:
					window = 15 * time.Minute
				}
				least := life
				begin := time.Now()
				for time.Since(begin) < 5*life {
					least = min(least, call())
					time.Sleep(life / 5000)
				}
				if least < window*9/10 {
					t.Errorf("handed out with %v left, want %v or so", least, window)
				}
				if got := s.count(); got > 10 {
					t.Errorf("%d calls of STS in five lives", got)
				}

				// An outage of most of the window, from its beginning.
				if c, err := creds.Retrieve(t.Context()); err != nil || c.AccessKeyID == "" {
					t.Fatal(err)
				}
				time.Sleep(time.Until(p.Status().RefreshAt))
				s.failWith(errors.New("down"))
				begin, least = time.Now(), life
				for time.Since(begin) < window*8/10 {
					least = min(least, call())
					time.Sleep(life / 5000)
				}
				s.failWith(nil)
				for range 5000 {
					least = min(least, call())
					time.Sleep(life / 50000)
				}
				if least < window/10 {
					t.Errorf("handed out with %v left after the outage, want at least %v", least, window/10)
				}
				if time.Until(p.Status().Expires) < life/2 {
					t.Errorf("not refreshed after the outage: %+v", p.Status())
				}
			})
		})
	}
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

// The last source decides whether a future cache of the SDK keeps credentials beyond their expiry. For own code it
// does not, however the provider gets to the client.
func TestSourcesEndWithCode(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // does not go with the client below
	p := newProvider(t, newService())
	loaded, err := awsfed.LoadConfig(t.Context(), roleARN, &mintery{tb: t}, withClient(doer(nil)), func(o *awsfed.LoadOptions) {
		o.Config = append(o.Config, config.WithRegion("eu-central-1"))
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
