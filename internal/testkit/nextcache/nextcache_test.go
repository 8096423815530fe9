package nextcache_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/testkit/nextcache"
)

// A source is a provider of numbered keys.
type source struct {
	sources []aws.CredentialSource
	latency time.Duration

	mu    sync.Mutex
	life  time.Duration
	calls int
	err   error
}

func (s *source) ProviderSources() []aws.CredentialSource { return s.sources }

func (s *source) Retrieve(ctx context.Context) (aws.Credentials, error) {
	select {
	case <-time.After(s.latency):
	case <-ctx.Done():
		return aws.Credentials{}, ctx.Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.err != nil {
		return aws.Credentials{}, s.err
	}
	return aws.Credentials{AccessKeyID: fmt.Sprint("K", s.calls), SecretAccessKey: "s", CanExpire: true, Expires: time.Now().Add(s.life)}, nil
}

func (s *source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func webIdentity() *source {
	return &source{sources: []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID}, latency: 100 * time.Millisecond, life: time.Hour}
}

var (
	errDown    = errors.New("down")
	errRefused = errors.New("refused")
)

// want retrieves and checks the key or the error, and how long the call took.
func want(t *testing.T, c *nextcache.Cache, key string, err error, took time.Duration) {
	t.Helper()
	begin := time.Now()
	got, gotErr := c.Retrieve(t.Context())
	if got.AccessKeyID != key || !errors.Is(gotErr, err) || time.Since(begin) != took {
		t.Errorf("Retrieve = %q, %v after %v, want %q, %v after %v", got.AccessKeyID, gotErr, time.Since(begin), key, err, took)
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sources []aws.CredentialSource
		want    bool
	}{
		{nil, false},
		{[]aws.CredentialSource{aws.CredentialSourceCode}, false},
		{[]aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID}, true},
		{[]aws.CredentialSource{aws.CredentialSourceCode, aws.CredentialSourceIMDS}, true},
		{[]aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID, aws.CredentialSourceCode}, false},
		{[]aws.CredentialSource{aws.CredentialSourceProcess}, false},
		{[]aws.CredentialSource{aws.CredentialSourceLogin}, true},
	} {
		p := &source{sources: tt.sources}
		_, isCache := nextcache.ForClient(p).(*nextcache.Cache)
		if nextcache.InScope(p) != tt.want || nextcache.New(p).Legacy() == tt.want || isCache != tt.want {
			t.Errorf("sources %v: in scope = %v, want %v", tt.sources, !tt.want, tt.want)
		}
	}
	c := nextcache.New(webIdentity())
	if nextcache.ForClient(c) != aws.CredentialsProvider(c) {
		t.Error("ForClient wraps a cache again")
	}
}

// In the advisory window the first caller waits, others do not. In the mandatory window all wait.
func TestWindows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := webIdentity()
		c := nextcache.New(s)
		want(t, c, "K1", nil, s.latency)
		time.Sleep(45*time.Minute - time.Second)
		want(t, c, "K1", nil, 0)
		time.Sleep(2 * time.Second)
		go want(t, c, "K2", nil, s.latency)
		synctest.Wait()
		want(t, c, "K1", nil, 0)
		time.Sleep(time.Second)
		want(t, c, "K2", nil, 0)
		time.Sleep(59*time.Minute + time.Second)
		go want(t, c, "K3", nil, s.latency)
		synctest.Wait()
		want(t, c, "K3", nil, s.latency)
	})
}

// An error keeps the old credentials, also after their expiry, and the provider is asked again after 5
// to 10 minutes.
func TestStaticStability(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := webIdentity()
		c := nextcache.New(s)
		s.fail(errDown)
		want(t, c, "", errDown, s.latency)
		want(t, c, "", errDown, s.latency) // nothing is remembered of the first fetch
		s.fail(nil)
		want(t, c, "K3", nil, s.latency)
		time.Sleep(59*time.Minute + 30*time.Second)
		s.fail(errDown)
		want(t, c, "K3", nil, s.latency)
		time.Sleep(4 * time.Minute) // the credentials have expired
		want(t, c, "K3", nil, 0)
		s.fail(nil)
		want(t, c, "K3", nil, 0)
		time.Sleep(6 * time.Minute)
		want(t, c, "K5", nil, s.latency)
	})
}

// Only an error that is marked as non-recoverable is returned, and it is remembered for 1 to 5 s.
func TestNonRecoverable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := webIdentity()
		c := nextcache.New(s, func(o *nextcache.Options) {
			o.NonRecoverable = func(err error) bool { return errors.Is(err, errRefused) }
		})
		want(t, c, "K1", nil, s.latency)
		time.Sleep(50 * time.Minute)
		s.fail(errRefused)
		want(t, c, "", errRefused, s.latency)
		s.fail(nil)
		want(t, c, "", errRefused, 0)
		time.Sleep(5 * time.Second)
		want(t, c, "K3", nil, s.latency)
	})
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := webIdentity()
		c := nextcache.New(s)
		want(t, c, "K1", nil, s.latency)
		c.InvalidateCredentials(aws.Credentials{AccessKeyID: "K0"})
		want(t, c, "K1", nil, 0)
		c.InvalidateCredentials(aws.Credentials{AccessKeyID: "K1"})
		s.fail(errDown)
		want(t, c, "K1", nil, s.latency) // the value is kept
		want(t, c, "K1", nil, 0)         // and the backoff
		c.Invalidate()
		want(t, c, "", errDown, s.latency)
		s.mu.Lock()
		s.err, s.life = nil, -time.Second
		s.mu.Unlock()
		if _, err := c.Retrieve(t.Context()); err == nil {
			t.Error("Retrieve of credentials that arrive expired = nil error")
		}
	})
}

func TestCanceledCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := webIdentity()
		c := nextcache.New(s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var canceled *aws.RequestCanceledError
		if _, err := c.Retrieve(ctx); !errors.As(err, &canceled) {
			t.Errorf("Retrieve with a context that ends = %v", err)
		}
		time.Sleep(time.Second)
		want(t, c, "K1", nil, 0)
	})
}
