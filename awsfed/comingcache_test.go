package awsfed_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/testkit/nextcache"
)

// A path is a way in which a client gets the credentials.
type path struct {
	name string
	open func(t *testing.T, s *service, src idp.TokenSource, optFns ...func(*awsfed.Options)) (aws.CredentialsProvider, *awsfed.Provider)
}

// paths are the ways with today's SDK and with the model of the coming one.
func paths() []path {
	around := func(wrap func(*testing.T, *awsfed.Provider) aws.CredentialsProvider) func(*testing.T, *service, idp.TokenSource, ...func(*awsfed.Options)) (aws.CredentialsProvider, *awsfed.Provider) {
		return func(t *testing.T, s *service, src idp.TokenSource, optFns ...func(*awsfed.Options)) (aws.CredentialsProvider, *awsfed.Provider) {
			t.Helper()
			p, err := awsfed.New(s, roleARN, src, optFns...)
			if err != nil {
				t.Fatal(err)
			}
			return wrap(t, p), p
		}
	}
	return []path{
		{"set directly", around(func(_ *testing.T, p *awsfed.Provider) aws.CredentialsProvider {
			return sts.NewFromConfig(aws.Config{Credentials: p}).Options().Credentials
		})},
		{"set directly, coming SDK", around(func(_ *testing.T, p *awsfed.Provider) aws.CredentialsProvider { return nextcache.ForClient(p) })},
		{"WithCredentialsProvider", around(wrapped)},
		{"WithCredentialsProvider, coming SDK", around(func(_ *testing.T, p *awsfed.Provider) aws.CredentialsProvider { return nextcache.New(p) })},
		{"WithCredentialsProvider and a window", around(func(_ *testing.T, p *awsfed.Provider) aws.CredentialsProvider {
			return aws.NewCredentialsCache(p, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow, o.ExpiryWindowJitterFrac = 5*time.Minute, 0.5 })
		})},
		{"WithCredentialsProvider and a window, coming SDK", around(func(_ *testing.T, p *awsfed.Provider) aws.CredentialsProvider {
			return nextcache.New(p, func(o *nextcache.Options) { o.ExpiryWindow = 5 * time.Minute })
		})},
		{"LoadConfig, coming SDK", func(t *testing.T, s *service, src idp.TokenSource, optFns ...func(*awsfed.Options)) (aws.CredentialsProvider, *awsfed.Provider) {
			t.Helper()
			cfg, err := awsfed.LoadConfig(t.Context(), roleARN, src, withClient(overHTTP(s)), func(o *awsfed.LoadOptions) {
				o.Config.Region = "eu-central-1"
				o.Config.SharedConfigFiles, o.Config.SharedCredentialsFiles = []string{}, []string{}
				for _, fn := range optFns {
					fn(&o.Options)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			return nextcache.ForClient(cfg.Credentials), cfg.Credentials.(*awsfed.Provider)
		}},
	}
}

// inEachPath runs a test for each path, in a bubble.
func inEachPath(t *testing.T, test func(t *testing.T, p path)) {
	t.Helper()
	t.Setenv("AWS_CA_BUNDLE", "") // LoadConfig refuses it together with a client
	for _, p := range paths() {
		t.Run(p.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, p) })
		})
	}
}

// overHTTP is the service as a server for the SDK's own client.
func overHTTP(s *service) aws.HTTPClient {
	return doer(func(rq *http.Request) (*http.Response, error) {
		body, err := readAll(rq)
		if err != nil {
			return nil, err
		}
		form, err := url.ParseQuery(body)
		if err != nil {
			return nil, err
		}
		out, err := s.AssumeRoleWithWebIdentity(rq.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(form.Get("RoleArn")), RoleSessionName: aws.String(form.Get("RoleSessionName")), WebIdentityToken: aws.String(form.Get("WebIdentityToken")),
		})
		header := http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}
		var api smithy.APIError
		switch {
		case errors.As(err, &api):
			return &http.Response{StatusCode: http.StatusForbidden, Header: header, Body: readCloser(
				`<ErrorResponse><Error><Code>` + api.ErrorCode() + `</Code><Message>` + api.ErrorMessage() + `</Message></Error></ErrorResponse>`)}, nil
		case err != nil:
			return nil, err
		}
		c := out.Credentials
		return &http.Response{StatusCode: http.StatusOK, Header: header, Body: readCloser(fmt.Sprintf(
			`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`+
				`<AssumedRoleUser><Arn>%s</Arn><AssumedRoleId>%s</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>%s</AccessKeyId>`+
				`<SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>%s</Expiration></Credentials>`+
				`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
			*out.AssumedRoleUser.Arn, *out.AssumedRoleUser.AssumedRoleId, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken, c.Expiration.Format(time.RFC3339Nano)))}, nil
	})
}

// An observation is what a caller with one call each second gets.
type observation struct {
	expired, failed         int
	firstFailed, lastFailed time.Time
	calls                   int
}

// call calls once a second for d, and checks each key against its expiry at STS.
func (e *observation) call(t *testing.T, creds aws.CredentialsProvider, s *service, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second) {
		c, err := creds.Retrieve(t.Context())
		e.calls++
		switch {
		case err != nil:
			e.failed++
			e.lastFailed = time.Now()
			if e.firstFailed.IsZero() {
				e.firstFailed = time.Now()
			}
		case !time.Now().Before(s.end(c.AccessKeyID)):
			e.expired++
		}
	}
}

// STS is down from 2 minutes before the advisory window until a minute after the expiry. Calls fail
// only after the expiry. After the repair, new credentials arrive within 15 s and the time of the
// running attempt.
func TestOutageAcrossTheExpiry(t *testing.T) {
	inEachPath(t, func(t *testing.T, p path) {
		t.Helper()
		s := newService()
		creds, _ := p.open(t, s, &mintery{tb: t}, exact)
		var seen observation
		seen.call(t, creds, s, 43*time.Minute)
		expiry := s.end("AKID1")
		s.failWith(errors.New("down"))
		seen.call(t, creds, s, time.Until(expiry.Add(time.Minute)))
		s.failWith(nil)
		repair := time.Now()
		seen.call(t, creds, s, 30*time.Minute)
		if seen.expired != 0 || seen.failed == 0 {
			t.Errorf("%+v, want no expired key, and errors", seen)
		}
		if seen.firstFailed.Before(expiry) || seen.firstFailed.After(expiry.Add(5*time.Second)) || seen.lastFailed.After(repair.Add(20*time.Second)) {
			t.Errorf("calls failed from %v after the expiry to %v after the repair", seen.firstFailed.Sub(expiry), seen.lastFailed.Sub(repair))
		}
	})
}

// Callers get a permanent failure within seconds of the failed refresh, although the credentials
// are valid. After its repair they get credentials within seconds.
func TestPermanentFailuresReachCallers(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  bool // callers keep the valid credentials, and get the error when these expire
		fail func(s *service, m *mintery)
	}{
		{"STS refuses the role", false, func(s *service, _ *mintery) { s.failWith(apiError("AccessDenied", "no")) }},
		{"the token source has no token any more", false, func(_ *service, m *mintery) { m.failWith(temporary(false)) }},
		{"the token source fails with an unknown error", true, func(_ *service, m *mintery) { m.failWith(errors.New("no file")) }},
		{"STS answers for another account", false, func(s *service, _ *mintery) { s.set(func(s *service) { s.account = "210987654321" }) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inEachPath(t, func(t *testing.T, p path) {
				t.Helper()
				s, m := newService(), &mintery{tb: t}
				creds, prov := p.open(t, s, m, exact, func(o *awsfed.Options) { o.ExpectedAccount = account })
				var seen observation
				seen.call(t, creds, s, 10*time.Minute)
				tt.fail(s, m)
				seen.call(t, creds, s, time.Until(prov.Status().RefreshAt))
				want := time.Now()
				if tt.end {
					want = s.end("AKID1")
				}
				seen.call(t, creds, s, 40*time.Minute)
				if seen.expired != 0 || seen.firstFailed.Before(want) || seen.firstFailed.After(want.Add(15*time.Second)) {
					t.Errorf("%+v: the first error came %v after the time that it is due", seen, seen.firstFailed.Sub(want))
				}
				s.set(func(s *service) { s.fail, s.account = nil, account })
				m.failWith(nil)
				repair := time.Now()
				seen.call(t, creds, s, 10*time.Minute)
				if seen.lastFailed.After(repair.Add(20 * time.Second)) {
					t.Errorf("the last call failed %v after the repair", seen.lastFailed.Sub(repair))
				}
			})
		})
	}
}

// A key that a service rejects is replaced at once, if no cache is around the provider. With a cache,
// callers get it until the cache asks again, but never after its expiry.
func TestDeadKey(t *testing.T) {
	inEachPath(t, func(t *testing.T, p path) {
		t.Helper()
		s := newService()
		creds, prov := p.open(t, s, &mintery{tb: t}, exact)
		var seen observation
		seen.call(t, creds, s, 10*time.Minute)
		prov.Invalidate("AKID1")
		c, err := creds.Retrieve(t.Context())
		if creds == aws.CredentialsProvider(prov) && (err != nil || c.AccessKeyID != "AKID2") {
			t.Errorf("after Invalidate: %q, %v, want AKID2", c.AccessKeyID, err)
		}
		if cache, ok := creds.(interface{ Invalidate() }); ok {
			cache.Invalidate()
			if c, err := creds.Retrieve(t.Context()); err != nil || c.AccessKeyID != "AKID2" {
				t.Errorf("after Invalidate of the cache: %q, %v, want AKID2", c.AccessKeyID, err)
			}
		}
		seen.call(t, creds, s, 100*time.Minute)
		if seen.expired != 0 || seen.failed != 0 {
			t.Errorf("%+v, want no expired key and no error", seen)
		}
	})
}

// onlyWebIdentity is a provider without the last source, which keeps a cache of the coming SDK in its
// old mode.
type onlyWebIdentity struct{ *awsfed.Provider }

func (onlyWebIdentity) ProviderSources() []aws.CredentialSource {
	return []aws.CredentialSource{aws.CredentialSourceSTSAssumeRoleWebID}
}

// Without that source the model returns expired keys in the tests above. So these tests can fail.
func TestNewModeReturnsExpiredKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		p := newProvider(t, s, exact)
		if nextcache.InScope(p) || nextcache.ForClient(p) != aws.CredentialsProvider(p) || !nextcache.New(p).Legacy() {
			t.Error("the provider is in the scope of the new mode")
		}
		creds := nextcache.ForClient(onlyWebIdentity{p})
		var seen observation
		seen.call(t, creds, s, 43*time.Minute)
		s.failWith(errors.New("down"))
		seen.call(t, creds, s, 18*time.Minute)
		s.failWith(nil)
		seen.call(t, creds, s, 15*time.Minute)
		if seen.expired < 60 {
			t.Errorf("%+v, want a minute or more of expired keys", seen)
		}
	})
}
