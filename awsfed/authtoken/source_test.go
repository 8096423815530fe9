package authtoken_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
)

func TestCallersShareAToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var signed int
		a := &account{life: time.Hour}
		s, err := authtoken.New(a, func(context.Context, aws.Credentials) (string, time.Time, error) {
			time.Sleep(time.Second)
			signed++
			return "text", time.Now().Add(15 * time.Minute), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() { token(t, s) })
		}
		wg.Wait()
		time.Sleep(11 * time.Minute)
		begin := time.Now()
		for range 1000 {
			wg.Go(func() { token(t, s) })
		}
		wg.Wait()
		if took := time.Since(begin); took != 0 {
			t.Errorf("callers waited %v while the token was valid", took)
		}
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		if signed != 2 || a.calls != 2 {
			t.Errorf("%d tokens were signed with %d sets of credentials, want 2 and 2", signed, a.calls)
		}
	})
}

func TestExpiryIsTheEarlierOfBoth(t *testing.T) {
	t.Parallel()
	const never = 0
	tests := []struct {
		name               string
		credentials, token time.Duration
		want               time.Duration
	}{
		{"the token", time.Hour, 15 * time.Minute, 15 * time.Minute},
		{"the credentials", 10 * time.Minute, 15 * time.Minute, 10 * time.Minute},
		{"credentials of seconds", 2 * time.Second, 15 * time.Minute, 2 * time.Second},
		{"credentials that do not expire", never, 15 * time.Minute, 15 * time.Minute},
		{"a token that does not expire", time.Hour, never, time.Hour},
		{"neither expires", never, never, never},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				s, err := authtoken.New(&account{life: tt.credentials}, func(context.Context, aws.Credentials) (string, time.Time, error) {
					if tt.token == never {
						return "text", time.Time{}, nil
					}
					return "text", begin.Add(tt.token), nil
				})
				if err != nil {
					t.Fatal(err)
				}
				tok := token(t, s)
				if tt.want == never {
					if !tok.Expiry().IsZero() {
						t.Errorf("Expiry = %v, want none", tok.Expiry())
					}
					return
				}
				if got := tok.Expiry().Sub(begin); got != tt.want {
					t.Errorf("Expiry is after %v, want %v", got, tt.want)
				}
			})
		})
	}
}

// A program asks for tokens at random times for a week. Each token is valid, and expires before the
// credentials that signed it.
func TestTokensDoNotOutliveTheirCredentials(t *testing.T) {
	t.Parallel()
	providers := map[string]func(*account) aws.CredentialsProvider{
		"cache":                 func(a *account) aws.CredentialsProvider { return aws.NewCredentialsCache(a) },
		"cache with a window":   func(a *account) aws.CredentialsProvider { return aws.NewCredentialsCache(a, window) },
		"provider, no cache":    func(a *account) aws.CredentialsProvider { return a },
		"cache that has faults": func(a *account) aws.CredentialsProvider { return &flaky{cache: aws.NewCredentialsCache(a)} },
	}
	for name, provider := range providers {
		for _, life := range []time.Duration{10 * time.Second, 15 * time.Minute, time.Hour, 12 * time.Hour} {
			if strings.Contains(name, "window") && life < 5*time.Minute {
				continue // the cache moves the expiry into the past
			}
			t.Run(name+" "+life.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					a := &account{life: life}
					s, err := authtoken.RDS(config(provider(a)), rdsHost, "app")
					if err != nil {
						t.Fatal(err)
					}
					for range 300 {
						tok := token(t, s)
						if end := a.expiryOf(accessKey(t, tok)); tok.Expiry().After(end) {
							t.Fatalf("the token expires %v after its credentials", tok.Expiry().Sub(end))
						}
						if left := time.Until(tok.Expiry()); left <= 0 {
							t.Fatalf("the token expired %v ago", -left)
						}
						time.Sleep(rand.N(2 * life))
					}
				})
			})
		}
	}
}

func window(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 5 * time.Minute }

// A flaky cache fails each time after it was invalidated.
type flaky struct {
	cache *aws.CredentialsCache
	fail  bool
}

func (f *flaky) Invalidate() { f.fail = true }

func (f *flaky) Retrieve(ctx context.Context) (aws.Credentials, error) {
	if f.fail {
		f.fail = false
		return aws.Credentials{}, errors.New("down")
	}
	return f.cache.Retrieve(ctx)
}

// A program that was idle has credentials with little life left.
func TestCredentialsWithLittleLifeAreRefreshedFirst(t *testing.T) {
	t.Parallel()
	providers := map[string]func(*testing.T) aws.CredentialsProvider{
		"awsfed.Provider": func(t *testing.T) aws.CredentialsProvider {
			t.Helper()
			_, cfg := newSTS(t)
			return cfg.Credentials
		},
		"aws.CredentialsCache": func(*testing.T) aws.CredentialsProvider { return aws.NewCredentialsCache(&account{life: time.Hour}) },
	}
	for name, provider := range providers {
		for _, idle := range []time.Duration{30 * time.Minute, 54 * time.Minute, 56 * time.Minute, 59*time.Minute + 50*time.Second} {
			t.Run(name+" "+idle.String(), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					creds := provider(t)
					if _, err := creds.Retrieve(t.Context()); err != nil {
						t.Fatal(err)
					}
					time.Sleep(idle)
					s, err := authtoken.RDS(config(creds), rdsHost, "app")
					if err != nil {
						t.Fatal(err)
					}
					want := 15 * time.Minute
					if left := time.Hour - idle; left >= 5*time.Minute {
						want = min(want, left)
					}
					if got := time.Until(token(t, s).Expiry()); got < want-time.Second || got > want {
						t.Errorf("the token is valid for %v, want %v", got, want)
					}
				})
			})
		}
	}
}

// While STS is down, tokens have the life that is left of the credentials, and other users of the
// provider do not wait.
func TestOutageOfSTS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fake, cfg := newSTS(t)
		begin := time.Now()
		if _, err := cfg.Credentials.Retrieve(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(56 * time.Minute)
		fake.Outage(true)
		s, err := authtoken.RDS(cfg, rdsHost, "app")
		if err != nil {
			t.Fatal(err)
		}
		tok := token(t, s)
		if got := tok.Expiry().Sub(begin).Round(time.Second); got != time.Hour {
			t.Errorf("the token expires after %v, want 1h0m0s as its credentials", got)
		}
		now := time.Now()
		if _, err := cfg.Credentials.Retrieve(t.Context()); err != nil || time.Since(now) != 0 {
			t.Errorf("another user of the provider: %v after %v", err, time.Since(now))
		}
		time.Sleep(5 * time.Minute)
		_, err = s.Token(t.Context())
		if _, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok {
			t.Errorf("Token = %v, want an *awsfed.AssumeRoleError", err)
		}
		fake.Outage(false)
		time.Sleep(16 * time.Second)
		token(t, s)
	})
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, err := authtoken.RDS(config(&account{life: time.Hour}), rdsHost, "app")
		if err != nil {
			t.Fatal(err)
		}
		first := token(t, s)
		s.Invalidate(authtoken.Token{})
		if token(t, s).Raw() != first.Raw() {
			t.Error("Invalidate of another token dropped the current one")
		}
		s.Invalidate(first)
		second := token(t, s)
		if second.Raw() == first.Raw() {
			t.Error("Token returned an invalid token")
		}
		s.Invalidate(first)
		if token(t, s).Raw() != second.Raw() {
			t.Error("Invalidate of an old token dropped the current one")
		}
	})
}

// While the provider fails, callers get the error and not the invalid token again, and after that a
// new one.
func TestInvalidateDuringAnOutage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		idle time.Duration // before the token is invalidated
	}{
		{"a new token", 0},
		{"a token whose refresh has failed", 14 * time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				down, fails, n := errors.New("down"), false, 0
				provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					if fails {
						return aws.Credentials{}, down
					}
					return keys, nil
				})
				s, err := authtoken.New(provider, func(context.Context, aws.Credentials) (string, time.Time, error) {
					n++
					return fmt.Sprint("token ", n), time.Now().Add(15 * time.Minute), nil
				})
				if err != nil {
					t.Fatal(err)
				}
				first := token(t, s)
				fails = true
				time.Sleep(tt.idle)
				if got := token(t, s); got.Raw() != first.Raw() {
					t.Errorf("Token returned another token before Invalidate")
				}
				synctest.Wait()
				s.Invalidate(first)
				for range 3 {
					if tok, err := s.Token(t.Context()); !errors.Is(err, down) || tok.Raw() != "" {
						t.Errorf("Token during the outage = %q, %v, want the error", tok.Raw(), err)
					}
				}
				fails = false
				s.Invalidate(first)
				time.Sleep(15 * time.Second)
				if got := token(t, s); got.Raw() != "token 2" {
					t.Errorf("Token after the outage = %q, want the second one", got.Raw())
				}
			})
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	sign := func(context.Context, aws.Credentials) (string, time.Time, error) { return "text", time.Time{}, nil }
	tests := []struct {
		name  string
		creds aws.Credentials
		err   error
		sign  authtoken.Sign
		want  string
	}{
		{"no credentials", aws.Credentials{}, down, sign, "authtoken: cannot get credentials: down"},
		{"no keys", aws.Credentials{AccessKeyID: "A"}, nil, sign, "authtoken: the credentials have no keys"},
		{"expired", aws.Credentials{AccessKeyID: "A", SecretAccessKey: "B", CanExpire: true, Expires: time.Unix(0, 0)}, nil, sign, "authtoken: the credentials expired at 1970-01-01T00:00:00Z"},
		{"sign fails", keys, nil, func(context.Context, aws.Credentials) (string, time.Time, error) { return "", time.Time{}, down }, "authtoken: down"},
		{"an empty token", keys, nil, func(context.Context, aws.Credentials) (string, time.Time, error) { return "", time.Time{}, nil }, "authtoken: the signed token is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := authtoken.New(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return tt.creds, tt.err }), tt.sign)
			if err != nil {
				t.Fatal(err)
			}
			if tok, err := s.Token(t.Context()); err == nil || err.Error() != tt.want || tok.Raw() != "" {
				t.Errorf("Token = %v, %v, want %q", tok, err, tt.want)
			}
		})
	}
	t.Run("a canceled caller", func(t *testing.T) {
		t.Parallel()
		s, err := authtoken.New(static(), sign)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Token = %v, want canceled", err)
		}
	})
}
