package awsfed_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// noCredentials is an answer without credentials.
const noCredentials = `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">` +
	`<AssumeRoleWithWebIdentityResult/></AssumeRoleWithWebIdentityResponse>`

type httpFault struct {
	name     string
	fault    awsfedtest.Fault
	requests int
	code     string // of the error
	kept     bool   // callers keep the valid credentials
}

// For each fault of a server, with the client of the SDK: how many requests a refresh makes, and
// whether callers keep valid credentials.
func TestFaultsOverHTTP(t *testing.T) {
	t.Parallel()
	for _, tt := range httpFaults() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, s, _ := federation(t, exact)
				first, err := p.Retrieve(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				end := s.Inject(tt.fault)
				time.Sleep(46 * time.Minute)
				if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID != first.AccessKeyID {
					t.Errorf("Retrieve = %q, %v", c.AccessKeyID, err)
				}
				for p.Status().Failures == 0 {
					time.Sleep(10 * time.Millisecond)
				}
				if got := len(s.Calls()) - 1; got != tt.requests {
					t.Errorf("%d requests, want %d: %+v", got, tt.requests, s.Calls())
				}
				_, err = p.Retrieve(t.Context())
				if (err == nil) != tt.kept {
					t.Errorf("Retrieve = %v, want the old ones kept: %v", err, tt.kept)
				}
				if e, ok := errors.AsType[*awsfed.AssumeRoleError](p.Status().Err); !ok || e.Code != tt.code || e.Retryable() != tt.kept || tt.code != "" && e.RequestID == "" {
					t.Errorf("error = %v", p.Status().Err)
				}
				end()
				time.Sleep(3 * time.Minute)
				if _, err := p.Retrieve(t.Context()); err != nil {
					t.Errorf("after the repair: %v", err)
				}
				time.Sleep(time.Minute)
				if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID == first.AccessKeyID {
					t.Errorf("after the repair: %q, %v, want new ones", c.AccessKeyID, err)
				}
			})
		})
	}
}

func httpFaults() []httpFault {
	return []httpFault{
		{"500", awsfedtest.Fault{Code: "InternalFailure"}, 3, "InternalFailure", true},
		{"503", awsfedtest.Fault{Code: "ServiceUnavailable"}, 3, "ServiceUnavailable", true},
		{"throttling", awsfedtest.Fault{Code: "Throttling"}, 3, "Throttling", true},
		{"the issuer is down", awsfedtest.Fault{Code: "IDPCommunicationError"}, 3, "IDPCommunicationError", true},
		{"HTML of a proxy", awsfedtest.Fault{Status: 502, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html>502 Bad Gateway</html>")}, 3, "", true},
		{"a hang", awsfedtest.Fault{Hang: true}, 3, "", true},
		{"a connection that drops", awsfedtest.Fault{Err: syscall.ECONNRESET}, 3, "", true},
		{"half an answer", awsfedtest.Fault{Truncate: true}, 3, "", true},
		{"an empty answer", awsfedtest.Fault{Body: []byte(noCredentials)}, 1, "", true},
		{"denied", awsfedtest.Fault{Code: "AccessDenied"}, 1, "AccessDenied", false},
		{"a refused token", awsfedtest.Fault{Code: "InvalidIdentityToken", Message: "no"}, 2, "InvalidIdentityToken", false},
		{"a disabled region", awsfedtest.Fault{Code: "RegionDisabledException"}, 1, "RegionDisabledException", false},
		{"an unknown code", awsfedtest.Fault{Code: "OfNextYear", Status: 418}, 1, "OfNextYear", true},
	}
}

// With a clock that is wrong by hours, deadlines are kept in the time of STS.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-2 * time.Hour, -20 * time.Minute, 20 * time.Minute, 2 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss := idptest.NewIssuer(t, nil)
				s := awsfedtest.New(t, iss, roleARN)
				s.SkewClock(ahead)
				src := skewed{iss, ahead}
				p, err := awsfed.New(s, roleARN, src, exact)
				if err != nil {
					t.Fatal(err)
				}
				first, err := p.Retrieve(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if left := time.Until(first.Expires); (left - 45*time.Minute).Abs() > 2*time.Second {
					t.Errorf("Expires in %v, want in 45m", left)
				}
				full, err := p.Credentials(t.Context())
				if left := time.Until(full.Expires) - ahead; err != nil || (left-time.Hour).Abs() > 2*time.Second {
					t.Errorf("Credentials expire in %v of the time of STS, %v, want in 1h", left, err)
				}
				st := p.Status()
				if (st.ClockSkew-ahead).Abs() > 2*time.Second || (st.Remaining(time.Now())-time.Hour).Abs() > 2*time.Second {
					t.Errorf("Status = %+v, remaining %v", st, st.Remaining(time.Now()))
				}
				time.Sleep(44 * time.Minute)
				wantKey(t, p, first.AccessKeyID, 0)
				time.Sleep(2 * time.Minute)
				wantKey(t, p, first.AccessKeyID, 0)
				synctest.Wait()
				if c, err := p.Retrieve(t.Context()); err != nil || c.AccessKeyID == first.AccessKeyID {
					t.Errorf("Retrieve after the refresh = %q, %v", c.AccessKeyID, err)
				}
			})
		})
	}
}

// skewed issues tokens by a wrong clock, each of them different.
type skewed struct {
	iss   *idptest.Issuer
	ahead time.Duration
}

func (s skewed) Token(context.Context) (*idp.Token, error) {
	now := time.Now().Add(s.ahead)
	return idp.ParseToken(s.iss.Sign(idptest.With(s.iss.Claims("sts.amazonaws.com"), "iat", now.Unix(), "exp", now.Add(time.Hour).Unix(), "jti", rand.Text())))
}

func TestCausesOfRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		arrange  func(*testing.T, *awsfedtest.STS, *idptest.Issuer)
		audience string
		opt      func(*awsfed.Options)
		code     string
		next     string
	}{
		{name: "no such role", arrange: func(_ *testing.T, s *awsfedtest.STS, _ *idptest.Issuer) { s.DeleteRole(roleARN) }, code: "AccessDenied", next: "the role exists"},
		{name: "wrong audience", audience: "somebody.else", code: "InvalidIdentityToken", next: `"somebody.else"`},
		{name: "duration over the maximum", opt: func(o *awsfed.Options) { o.Duration, o.AnyDuration = 13*time.Hour, true }, code: "ValidationError", next: "MaxSessionDuration"},
		{name: "keys that cannot be fetched", arrange: func(_ *testing.T, _ *awsfedtest.STS, iss *idptest.Issuer) { iss.Inject(idptest.Fault{Status: 500}) }, code: "InvalidIdentityToken", next: "could not fetch the keys"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss := idptest.NewIssuer(t, nil)
				s := awsfedtest.New(t, iss, roleARN)
				if tt.arrange != nil {
					tt.arrange(t, s, iss)
				}
				audience := tt.audience
				if audience == "" {
					audience = "sts.amazonaws.com"
				}
				var opts []func(*awsfed.Options)
				if tt.opt != nil {
					opts = append(opts, tt.opt)
				}
				p, err := awsfed.New(s, roleARN, iss.TokenSource(audience), opts...)
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.Retrieve(t.Context())
				e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
				if !ok || e.Code != tt.code || !strings.Contains(e.NextStep(), tt.next) {
					t.Errorf("Retrieve = %v, want %s and %q", err, tt.code, tt.next)
				}
			})
		})
	}
}

// After a timeout the next request uses a new connection, because idle ones may be broken too.
func TestNewConnectionAfterATimeout(t *testing.T) {
	t.Parallel()
	clients := map[string]func() aws.HTTPClient{
		"the SDK's client": func() aws.HTTPClient { return nil },
		"an http.Client":   func() aws.HTTPClient { return &http.Client{Transport: new(http.Transport)} },
	}
	for name, client := range clients {
		for _, hangs := range []int{1, 0} { // the first request, or all requests until the fault ends
			t.Run(fmt.Sprintf("%s, hang %d", name, hangs), func(t *testing.T) {
				t.Parallel()
				p, s, used := idleConnections(t, client(), func(o *awsfed.Options) {
					// A request that hangs takes a third of it, and a pause of up to a second
					// follows.
					o.AttemptTimeout = 4500 * time.Millisecond
					if hangs == 0 {
						o.AttemptTimeout = 1500 * time.Millisecond
					}
					o.RefreshBackoff = func(int, time.Duration) time.Duration { return 0 }
				})
				before := used()
				if before < 2 {
					t.Errorf("%d connections, want 2", before)
				}
				end := s.Inject(awsfedtest.Fault{Hang: true, Times: hangs})
				old := p.Status().AccessKeyID
				p.Invalidate(old)
				if _, err := p.Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				if hangs == 0 {
					if p.Status().Failures == 0 {
						t.Fatal("no failed refresh with an STS that hangs")
					}
					end()
					before = used()
				}
				for n := 0; p.Status().AccessKeyID == old && n < 10; n++ { // half a second is short on a busy machine
					if _, err := p.Retrieve(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if p.Status().AccessKeyID == old {
					t.Fatalf("no new credentials: %+v", p.Status())
				}
				if got := used(); got <= before {
					t.Errorf("%d connections, want more than the %d before", got, before)
				}
			})
		}
	}
}

// idleConnections returns a provider with credentials, whose client has two idle connections, its
// STS, and a function that returns the number of connections that were made.
func idleConnections(t *testing.T, hc aws.HTTPClient, opt func(*awsfed.Options)) (p *awsfed.Provider, s *awsfedtest.STS, used func() int) {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	s = awsfedtest.New(t, iss, roleARN)
	var requests atomic.Int32
	both := make(chan struct{})
	url, used := countConns(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch requests.Add(1) { // the first two wait for each other
		case 1:
			select {
			case <-both:
			case <-r.Context().Done():
			}
		case 2:
			close(both)
		}
		s.ServeHTTP(w, r)
	}))
	if c, ok := hc.(*http.Client); ok {
		t.Cleanup(c.CloseIdleConnections)
	}
	client := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(url), HTTPClient: hc})
	retrieve := func() *awsfed.Provider {
		p, err := awsfed.New(client, roleARN, skewed{iss, 0}, opt)
		if err == nil {
			_, err = p.Retrieve(t.Context())
		}
		if err != nil {
			t.Error(err)
		}
		return p
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { retrieve() })
	}
	wg.Wait()
	return retrieve(), s, used
}

// The extra connection beside those of the SDK's client is closed.
func TestNewConnectionIsClosed(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	s := awsfedtest.New(t, iss, roleARN)
	url, used := countConns(t, s)
	var closed atomic.Int32
	hc := awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &closing{Conn: c, closed: &closed}, err
		}
	})
	p := afterATimeout(t, sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(url), HTTPClient: hc}), iss)
	if _, err := p.Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if used() != 1 || closed.Load() != 1 {
		t.Errorf("%d connections, %d closed, want 1 and 1", used(), closed.Load())
	}
}

// A closing is a connection that counts its first Close.
type closing struct {
	net.Conn
	once   sync.Once
	closed *atomic.Int32
}

func (c *closing) Close() error {
	c.once.Do(func() { c.closed.Add(1) })
	return c.Conn.Close()
}

// afterATimeout returns a provider whose last refresh failed with a timeout.
func afterATimeout(t *testing.T, client *sts.Client, iss *idptest.Issuer) *awsfed.Provider {
	t.Helper()
	p, err := awsfed.New(client, roleARN, idptest.Sequence(idptest.Fails(context.DeadlineExceeded), iss.TokenSource(idp.AudienceAWS)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Retrieve(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Retrieve = %v, want a timeout", err)
	}
	return p
}

// Redirects are not followed: the token is not sent to another host, and no credentials are taken
// from one.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	clients := map[string]func() aws.HTTPClient{
		"the SDK's client": func() aws.HTTPClient { return nil },
		"an http.Client":   func() aws.HTTPClient { return &http.Client{Transport: new(http.Transport)} },
	}
	for name, client := range clients {
		for _, status := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%s, %d", name, status), func(t *testing.T) {
				t.Parallel()
				iss := idptest.NewIssuer(t, nil)
				var followed atomic.Int32
				elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
				defer elsewhere.Close()
				here := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
				defer here.Close()
				hc := client()
				if c, ok := hc.(*http.Client); ok {
					defer c.CloseIdleConnections()
				}
				c := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(here.URL), HTTPClient: hc})
				p, err := awsfed.New(c, roleARN, iss.TokenSource(idp.AudienceAWS), func(o *awsfed.Options) { o.AttemptTimeout = 10 * time.Second })
				if err != nil {
					t.Fatal(err)
				}
				for name, p := range map[string]*awsfed.Provider{"the first request": p, "over a new connection": afterATimeout(t, c, iss)} {
					if _, err := p.Retrieve(t.Context()); err == nil || followed.Load() != 0 {
						t.Errorf("%s: Retrieve = %v, with %d requests to the other host", name, err, followed.Load())
					}
				}
			})
		}
	}
}

// countConns serves h and counts the connections.
func countConns(t *testing.T, h http.Handler) (url string, used func() int) {
	t.Helper()
	var n atomic.Int32
	srv := httptest.NewUnstartedServer(h)
	srv.Config.ConnState = func(_ net.Conn, st http.ConnState) {
		if st == http.StateNew {
			n.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return srv.URL, func() int { return int(n.Load()) }
}
