package faults_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// The columns of the table.
const (
	provider      = "provider, STS"
	providerToken = "provider, token API"
	keySet        = "key set"
	apiClient     = "API client"
	tokenCache    = "token cache"
	credCache     = "credentials cache"
	tokenFile     = "token file"
	credFile      = "credentials file"
)

// maxStale is less than the default of a day, so that the tests take less time.
const maxStale = 2 * time.Hour

// component is a part of the module that waits for servers, with the bounds that its documentation
// promises.
type component struct {
	name string
	what string
	host string // the host with the faults
	// keeps is set if the component keeps a value and returns it until it expires.
	keeps bool
	step  time.Duration // time between two calls of a test

	cold     time.Duration // longest wait without a value
	warm     time.Duration // longest wait while there is a valid value
	recovery time.Duration // from the end of a fault to the first new value

	perCall int  // maximum requests for one call without a value
	perHour int  // maximum requests in an hour without faults
	obeys   bool // it waits for the Retry-After of a server

	start func(c *cell, w *world) *subject
}

// subject is a component in use.
type subject struct {
	// use makes a call, and returns the ID of the value: an access key, a fingerprint, or a kid.
	use func(ctx context.Context) (id string, err error)
	// changeValue makes the next value differ from the previous ones. It is nil if each value
	// differs.
	changeValue func()
	// end returns the expiry of a kept value by the local clock. If it is nil, the world knows the
	// expiry.
	end func(id string) time.Time
	// checkExpired checks the error after the expiry. It may be nil.
	checkExpired func(err error) error
}

// components returns the components that return values to callers. The writers of files have their
// own tests.
func components() []component {
	return []component{
		{
			name: provider, what: "`awsfed.Provider`, faults at STS", host: stsHost,
			keeps: true, step: 30 * time.Second,
			cold: 30 * time.Second, warm: time.Second, recovery: 45 * time.Second, perCall: 3, perHour: 3, obeys: true,
			start: func(c *cell, w *world) *subject { return startProvider(c, w, w.source()) },
		},
		{
			name: providerToken, what: "`awsfed.Provider` over `idp.Client`, faults at the API", host: apiHost,
			keeps: true, step: 30 * time.Second,
			cold: 30 * time.Second, warm: time.Second, recovery: 45 * time.Second, perCall: 4, perHour: 6, obeys: true,
			start: func(c *cell, w *world) *subject { return startProvider(c, w, newClient(c, w).Source(idp.AudienceAWS)) },
		},
		{
			name: keySet, what: "`issuer.Verifier` over `issuer.RemoteKeySet` with discovery", host: apiHost,
			keeps: true, step: 5 * time.Second,
			cold: 10 * time.Second, warm: 0, recovery: 15 * time.Second, perCall: 2, perHour: 10, obeys: true,
			start: startVerifier,
		},
		{
			name: apiClient, what: "`idp.Client`", host: apiHost,
			step: time.Minute, cold: 32 * time.Second, perCall: 3, obeys: true,
			start: func(c *cell, w *world) *subject { return startSource(w, newClient(c, w).Source(idp.AudienceAWS)) },
		},
		{
			name: tokenCache, what: "`idp.Cached` over `idp.Client`", host: apiHost,
			keeps: true, step: 30 * time.Second,
			cold: 30 * time.Second, warm: time.Second, recovery: 45 * time.Second, perCall: 3, perHour: 3, obeys: true,
			start: func(c *cell, w *world) *subject {
				return startSource(w, idp.Cached(newClient(c, w).Source(idp.AudienceAWS), &idp.CachedOptions{Logger: w.logger()}))
			},
		},
		{
			name: credCache, what: "`export.Cache`, each call a new provider as in a `credential_process`, faults at STS", host: stsHost,
			keeps: true, step: 2 * time.Minute,
			cold: 30 * time.Second, warm: 30 * time.Second, recovery: 0, perCall: 3, perHour: 3,
			start: startCache,
		},
	}
}

// newProvider returns a provider of the world.
func newProvider(c *cell, w *world, src idp.TokenSource) *awsfed.Provider {
	p, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1", HTTPClient: w.client}), roleARN, src, func(o *awsfed.Options) {
		o.Logger = w.logger()
		o.AttemptTimeout = c.attempt // zero in a bubble
		o.Duration, o.AnyDuration = c.life, true
	})
	if err != nil {
		c.Fatal(err)
	}
	return p
}

func startProvider(c *cell, w *world, src idp.TokenSource) *subject {
	p := newProvider(c, w, src)
	return &subject{use: func(ctx context.Context) (string, error) {
		creds, err := p.Retrieve(ctx)
		if err == nil && !creds.Expires.After(time.Now()) {
			c.Errorf("Retrieve returned Expires = %v, which is in the past", creds.Expires)
		}
		return creds.AccessKeyID, err
	}}
}

// newClient returns a client of the API of the world.
func newClient(c *cell, w *world) *idp.Client {
	cl, err := idp.NewClient(&idp.ClientOptions{
		Bearer:     func(context.Context) (string, error) { return w.bearer, nil },
		HTTPClient: w.client, Logger: w.logger(), AttemptTimeout: c.attempt / 3, MaxAttempts: c.attempts,
	})
	if err != nil {
		c.Fatal(err)
	}
	return cl
}

func startSource(_ *world, src idp.TokenSource) *subject {
	return &subject{use: func(ctx context.Context) (string, error) {
		t, err := src.Token(ctx)
		if err != nil {
			return "", err
		}
		return t.Fingerprint(), nil
	}}
}

func startVerifier(c *cell, w *world) *subject {
	keys, err := issuer.NewIssuerKeySet(w.iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: w.client, Logger: w.logger(), MaxStale: maxStale, Timeout: c.attempt / 3})
	if err != nil {
		c.Fatal(err)
	}
	v, err := issuer.NewVerifier(w.iss.URL, keys, &issuer.VerifierOptions{
		Audiences: []string{"deploy"}, Organizations: []string{idptest.OrganizationID}, Algorithms: []string{w.alg}, Logger: w.logger(),
	})
	if err != nil {
		c.Fatal(err)
	}
	// One token for each second is enough. One for each of a thousand callers would take much time.
	var (
		mu   sync.Mutex
		last *idp.Token
	)
	token := func() *idp.Token {
		mu.Lock()
		defer mu.Unlock()
		if last == nil || last.Claims().IssuedAt.Unix() != w.now().Unix() {
			last = w.mint("deploy")
		}
		return last
	}
	return &subject{
		use: func(ctx context.Context) (string, error) {
			t := token()
			if _, err := v.Verify(ctx, t.Raw()); err != nil {
				if e, ok := errors.AsType[*issuer.VerifyError](err); ok && e.Reason != issuer.ReasonKeysUnavailable {
					c.Errorf("a valid token is refused because of its %s: %v", e.Reason, err)
				}
				return "", err
			}
			return t.Header().KeyID, nil
		},
		changeValue: func() { w.iss.RotateKey() },
		end: func(string) time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.published.Add(maxStale)
		},
		checkExpired: func(err error) error {
			if _, ok := errors.AsType[*issuer.StaleKeysError](err); !ok {
				return fmt.Errorf("%w is not a *issuer.StaleKeysError", err)
			}
			return nil
		},
	}
}

func startCache(c *cell, w *world) *subject {
	cache := export.OpenCache(&export.CacheOptions{Dir: filepath.Join(c.dir, "cache"), Logger: w.logger()})
	if err := cache.Off(); err != nil {
		c.Fatal(err)
	}
	return &subject{use: func(ctx context.Context) (string, error) {
		e, err := cache.Entry(ctx, export.CacheRequest{Key: export.CacheKey{RoleARN: roleARN}, Fetch: func(ctx context.Context) (export.CacheEntry, error) {
			creds, err := newProvider(c, w, w.source()).Credentials(ctx)
			return export.NewCacheEntry(export.CacheIdentity{}, creds), err
		}})
		return e.Credentials().AccessKeyID, err
	}}
}

// fakeCredentials returns credentials number n, with a lifetime of an hour.
func fakeCredentials(n int) aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     fmt.Sprintf("ASIATESTONAFED%06d", n),
		SecretAccessKey: fmt.Sprintf("%040d", n),
		SessionToken:    fmt.Sprintf("FwoGZXIvYXdzE%080d//+=", n),
		Source:          "test",
		CanExpire:       true,
		Expires:         time.Now().Add(time.Hour),
		AccountID:       account,
	}
}

// cell is one field of the table while its test runs.
type cell struct {
	testing.TB
	column, row string
	report      *report
	dir         string        // a folder for this cell only
	attempt     time.Duration // timeout outside of a bubble; zero is the default
	attempts    int           // of the API client; zero is the default
	life        time.Duration // of credentials; zero is the default
	bad         bool
	notes       []string
	seen        map[string]bool // kinds of errors that were searched for secrets
}

func (c *cell) Errorf(format string, args ...any) {
	c.Helper()
	c.bad = true
	c.TB.Errorf("%s under %s: %s", c.column, c.row, fmt.Sprintf(format, args...))
}

func (c *cell) Fatal(args ...any) {
	c.Helper()
	c.bad = true
	c.TB.Fatal(args...)
}

// note adds a measurement.
func (c *cell) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}
