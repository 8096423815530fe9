package awsfed_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

func TestRetrieve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := newProvider(t, s, exact)
		if s.count() != 0 {
			t.Error("New called STS")
		}
		c := wantKey(t, p, "AKID1", 50*time.Millisecond)
		if c.SecretAccessKey != "the-secret-key" || c.SessionToken != "the-session-token" || !c.CanExpire || c.AccountID != account || c.Source == "" {
			t.Errorf("Retrieve = %+v", c)
		}
		in := s.inputs[0]
		if got, want := aws.ToString(in.RoleSessionName), "env-"+envID; got != want {
			t.Errorf("session name = %q, want %q", got, want)
		}
		if aws.ToString(in.RoleArn) != roleARN || in.DurationSeconds != nil || in.Policy != nil || in.PolicyArns != nil || in.ProviderId != nil {
			t.Errorf("input = %+v", in)
		}
		for range 100 {
			wantKey(t, p, "AKID1", 0)
		}
		if got := s.count(); got != 1 {
			t.Errorf("%d calls of STS, want 1", got)
		}
	})
}

func TestOptionsReachSTS(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s, func(o *awsfed.Options) {
			o.SessionName = "ci@main"
			o.Duration = 2 * time.Hour
			o.Policy = `{"Version":"2012-10-17"}`
			o.PolicyARNs = []string{"arn:aws:iam::aws:policy/ReadOnlyAccess"}
			o.ExpectedAccount = account
		})
		wantKey(t, p, "AKID1", 0)
		in := s.inputs[0]
		if aws.ToString(in.RoleSessionName) != "ci@main" || aws.ToInt32(in.DurationSeconds) != 7200 || aws.ToString(in.Policy) != `{"Version":"2012-10-17"}` ||
			len(in.PolicyArns) != 1 || aws.ToString(in.PolicyArns[0].Arn) != "arn:aws:iam::aws:policy/ReadOnlyAccess" {
			t.Errorf("input = %+v", in)
		}
	})
}

func TestSessionNameOfUnknownSubjects(t *testing.T) {
	t.Parallel()
	names := map[string]string{}
	for _, sub := range []string{"repo:octo/cat:ref:refs/heads/main", "repo:octo/dog:ref:refs/heads/main"} {
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			p, err := awsfed.New(s, roleARN, &mintery{tb: t, claims: map[string]any{"sub": sub, "iss": "https://token.actions.githubusercontent.com", "org": nil}})
			if err != nil {
				t.Fatal(err)
			}
			wantKey(t, p, "AKID1", 0)
			p.Invalidate("AKID1")
			wantKey(t, p, "AKID2", 0)
			a, b := aws.ToString(s.inputs[0].RoleSessionName), aws.ToString(s.inputs[1].RoleSessionName)
			if a != b || len(a) != len("onafed-")+8 || !strings.HasPrefix(a, "onafed-") {
				t.Errorf("session names %q and %q, want the same onafed-<8 hex>", a, b)
			}
			names[a] = sub
		})
	}
	if len(names) != 2 {
		t.Errorf("two subjects have the session names %v", names)
	}
}

// Expires is the time to ask again for a cache around the provider.
func TestExpiresOfRetrieve(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s, exact)
		begin := time.Now()
		expiration := begin.Add(time.Hour)
		at := func(d time.Duration) {
			t.Helper()
			time.Sleep(time.Until(begin.Add(d)))
		}
		check := func(want time.Duration) {
			t.Helper()
			c, err := p.Retrieve(t.Context())
			if got := time.Until(c.Expires); err != nil || got != want {
				t.Errorf("%v: Expires in %v, %v, want in %v", time.Since(begin), got, err, want)
			}
			full, err := p.Credentials(t.Context())
			if err != nil || !full.Expires.Equal(expiration) {
				t.Errorf("%v: Credentials expire at %v, %v, want %v", time.Since(begin), full.Expires, err, expiration)
			}
		}
		check(45 * time.Minute)
		at(30 * time.Minute)
		check(15 * time.Minute)
		s.failWith(errors.New("down"))
		at(45 * time.Minute)
		check(10 * time.Second) // a twentieth of 15 minutes, at most 10 s
		at(58 * time.Minute)
		check(6 * time.Second)
		at(59*time.Minute + 50*time.Second)
		check(time.Second)
		at(time.Hour - 300*time.Millisecond)
		check(300 * time.Millisecond) // never after the expiry
	})
}

func TestRefreshInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := newProvider(t, s, exact)
		wantKey(t, p, "AKID1", 50*time.Millisecond)
		time.Sleep(46 * time.Minute)
		var wg sync.WaitGroup
		for range 1000 {
			wg.Go(func() { wantKey(t, p, "AKID1", 0) })
		}
		wg.Wait()
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		wantKey(t, p, "AKID2", 0)
		if got := s.count(); got != 2 {
			t.Errorf("%d calls of STS, want 2", got)
		}
	})
}

func TestOutages(t *testing.T) {
	t.Parallel()
	outages := map[string]func(*service){
		"an error of the service": func(s *service) { s.fail = func(int) error { return apiError("InternalFailure", "") } },
		"throttling":              func(s *service) { s.fail = func(int) error { return apiError("Throttling", "Rate exceeded") } },
		"an unknown code":         func(s *service) { s.fail = func(int) error { return apiError("SomethingNew", "") } },
		"the network":             func(s *service) { s.fail = func(int) error { return errors.New("connection refused") } },
		"a hang":                  func(s *service) { s.latency = 1000 * time.Hour },
		"expired answers":         func(s *service) { s.life = -time.Minute },
	}
	for name, outage := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				p := newProvider(t, s, exact)
				begin := time.Now()
				wantKey(t, p, "AKID1", 0)
				s.set(outage)
				for time.Since(begin) < time.Hour-2*time.Second {
					call := time.Now()
					c, err := p.Retrieve(t.Context())
					if err != nil || c.AccessKeyID != "AKID1" || !c.Expires.After(call) || time.Since(call) > time.Second {
						t.Fatalf("%v: Retrieve = %q, %v, expires %v, after %v", time.Since(begin), c.AccessKeyID, err, c.Expires, time.Since(call))
					}
					time.Sleep(time.Second)
				}
				time.Sleep(time.Minute)
				_, err := p.Retrieve(t.Context())
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || !e.Retryable() {
					t.Errorf("after the expiry Retrieve = %v, want a retryable AssumeRoleError", err)
				}
				s.set(func(s *service) { s.fail, s.latency, s.life = nil, 0, time.Hour })
				time.Sleep(time.Minute)
				if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID == "AKID1" {
					t.Errorf("after the repair Retrieve = %q, %v", c.AccessKeyID, err)
				}
			})
		})
	}
}

func TestRefusalAndRepair(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 50 * time.Millisecond
		p := newProvider(t, s, exact)
		wantKey(t, p, "AKID1", 50*time.Millisecond)
		s.failWith(apiError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))
		time.Sleep(46 * time.Minute)
		wantKey(t, p, "AKID1", 0)
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		for range 100 {
			_, err := p.Retrieve(t.Context())
			if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Retryable() || e.Code != "AccessDenied" {
				t.Fatalf("Retrieve = %v, want AccessDenied", err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if st := p.Status(); !st.Valid || st.AccessKeyID != "AKID1" {
			t.Errorf("Status = %+v: want valid credentials, although callers get the refusal", st)
		}
		s.failWith(nil)
		time.Sleep(5 * time.Second)
		wantKey(t, p, "AKID2", 50*time.Millisecond)
	})
}

func TestKeepOnRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s, exact, func(o *awsfed.Options) { o.KeepOnRefusal = true })
		wantKey(t, p, "AKID1", 0)
		s.failWith(apiError("AccessDenied", "no"))
		time.Sleep(45 * time.Minute)
		for range 14 {
			wantKey(t, p, "AKID1", 0)
			time.Sleep(time.Minute)
		}
		time.Sleep(30 * time.Second) // in the last minute
		if _, err := p.Retrieve(t.Context()); err == nil {
			t.Error("no error in the last minute")
		}
	})
}

func TestInvalidateOneKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s)
		wantKey(t, p, "AKID1", 0)
		p.Invalidate("AKID0")
		p.Invalidate("")
		wantKey(t, p, "AKID1", 0)
		p.Invalidate("AKID1")
		if p.Status().Valid {
			t.Error("valid after Invalidate")
		}
		wantKey(t, p, "AKID2", 0)
		p.Invalidate("AKID1")
		wantKey(t, p, "AKID2", 0)
	})
}

func TestCanceledCallers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = 5 * time.Second
		p := newProvider(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := p.Retrieve(ctx)
		var cancelled *aws.RequestCanceledError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &cancelled) || !strings.Contains(err.Error(), roleARN) {
			t.Errorf("Retrieve = %v, want the deadline and the role", err)
		}
		wantKey(t, p, "AKID1", 4*time.Second)
		if got := s.count(); got != 1 {
			t.Errorf("%d calls of STS, want 1", got)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Second
		p := newProvider(t, s)
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		time.Sleep(2 * time.Second)
		for range 23 {
			begin := time.Now()
			if _, err := p.Retrieve(t.Context()); err != nil || time.Since(begin) != 0 {
				t.Errorf("Retrieve = %v after %v", err, time.Since(begin))
			}
			time.Sleep(time.Hour)
		}
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run = %v", err)
		}
		if got := s.count(); got < 24 || got > 40 {
			t.Errorf("%d calls of STS in a day", got)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	src := &mintery{tb: t}
	long := "arn:aws:iam::123456789012:role/" + strings.Repeat("x", 2048)
	tests := []struct {
		name string
		new  func() (*awsfed.Provider, error)
		want string
	}{
		{"no client", func() (*awsfed.Provider, error) { return awsfed.New(nil, roleARN, src) }, "client"},
		{"no source", func() (*awsfed.Provider, error) { return awsfed.New(newService(), roleARN, nil) }, "src"},
		{"no role", func() (*awsfed.Provider, error) { return awsfed.New(newService(), "", src) }, "roleARN: is empty"},
		{"a short ARN", func() (*awsfed.Provider, error) { return awsfed.New(newService(), "arn:role/x", src) }, "arn:aws:iam"},
		{"a long ARN", func() (*awsfed.Provider, error) { return awsfed.New(newService(), long, src) }, "characters"},
		{"no ARN", func() (*awsfed.Provider, error) { return awsfed.New(newService(), "the role named deploy", src) }, "arn:aws:iam"},
		{"an assumed role", func() (*awsfed.Provider, error) {
			return awsfed.New(newService(), "arn:aws:sts::123456789012:assumed-role/deploy/x", src)
		}, "role"},
		{"a user", func() (*awsfed.Provider, error) {
			return awsfed.New(newService(), "arn:aws:iam::123456789012:user/x", src)
		}, "role"},
	}
	opts := map[string]func(*awsfed.Options){
		"SessionName":      func(o *awsfed.Options) { o.SessionName = "a b" },
		"SessionName: \"x": func(o *awsfed.Options) { o.SessionName = "x" },
		"AdvisoryWindow":   func(o *awsfed.Options) { o.AdvisoryWindow = -1 },
		"AttemptTimeout":   func(o *awsfed.Options) { o.AttemptTimeout = -1 },
	}
	for name, fn := range opts {
		tests = append(tests, struct {
			name string
			new  func() (*awsfed.Provider, error)
			want string
		}{"option " + name, func() (*awsfed.Provider, error) { return awsfed.New(newService(), roleARN, src, fn) }, name})
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := tt.new()
			if p != nil || err == nil || !strings.HasPrefix(err.Error(), "awsfed: ") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, %v, want an error about %q", p, err, tt.want)
			}
			if e, ok := errors.AsType[*awsfed.OptionError](err); !ok || e.Func != "New" || e.Option == "" || e.Error() != "awsfed: New: "+e.Option+": "+e.Err.Error() {
				t.Errorf("New = %#v, want an OptionError", err)
			}
		})
	}
}

// An OptionError names the function that the caller used.
func TestOptionErrorsNameTheFunction(t *testing.T) {
	t.Parallel()
	src := &mintery{tb: t}
	_, loadErr := awsfed.LoadConfig(t.Context(), "x", src)
	_, poolErr := awsfed.NewPool(newService(), src).Provider("x")
	_, optErr := awsfed.NewPool(newService(), src).Provider(roleARN, func(o *awsfed.Options) { o.Duration = -1 })
	for want, err := range map[string]error{
		"awsfed: LoadConfig: roleARN: ":     loadErr,
		"awsfed: Pool.Provider: roleARN: ":  poolErr,
		"awsfed: Pool.Provider: Duration: ": optErr,
	} {
		if _, ok := errors.AsType[*awsfed.OptionError](err); !ok || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want an OptionError that begins with %q", err, want)
		}
	}
}

func TestExpectedAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		src := &mintery{tb: t}
		_, err := awsfed.New(s, roleARN, src, func(o *awsfed.Options) { o.ExpectedAccount = "999999999999" })
		if ae, ok := errors.AsType[*awsfed.AccountError](err); !ok || ae.Got != account || ae.Want != "999999999999" {
			t.Errorf("New = %v, want an AccountError", err)
		}
		if src.count() != 0 || s.count() != 0 {
			t.Error("a token was fetched for a role of another account")
		}

		s.set(func(s *service) { s.account = "888888888888" })
		p := newProvider(t, s, func(o *awsfed.Options) { o.ExpectedAccount = account })
		_, err = p.Retrieve(t.Context())
		ae, ok := errors.AsType[*awsfed.AccountError](err)
		if !ok || ae.Got != "888888888888" {
			t.Errorf("Retrieve = %v, want an AccountError", err)
		}
		if e, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || e.Retryable() {
			t.Errorf("Retrieve = %v, want an AssumeRoleError that is not retryable", err)
		}
	})
}

func TestInvalidSources(t *testing.T) {
	t.Parallel()
	sources := map[string]idp.TokenSource{
		"nothing": idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, nil }), //nolint:nilnil // as the source under test does
		"empty":   idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return new(idp.Token), nil }),
		"panic":   idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { panic("no") }),
		"goexit":  idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { runtime.Goexit(); return nil, nil }), //nolint:nilnil // not reached
	}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newService()
				p, err := awsfed.New(s, roleARN, src)
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.Retrieve(t.Context())
				e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
				if !ok || !e.Retryable() {
					t.Fatalf("Retrieve = %v, want an AssumeRoleError that is retryable", err)
				}
				if !strings.Contains(err.Error(), "cannot get an ID token from idp.TokenSourceFunc") || !strings.Contains(e.NextStep(), "check the source") {
					t.Errorf("Retrieve = %v, next step %q, want the source in both", err, e.NextStep())
				}
				if s.count() != 0 {
					t.Error("STS was called")
				}
			})
		})
	}
}

func TestRetrieveDoesNotAllocate(t *testing.T) {
	p := newProvider(t, newService())
	ctx := t.Context()
	if _, err := p.Retrieve(ctx); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = p.Retrieve(ctx) }); n != 0 {
		t.Errorf("Retrieve allocates %v times", n)
	}
}
