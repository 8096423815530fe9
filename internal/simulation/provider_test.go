package simulation

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// A provider is an awsfed.Provider as a subject.
type provider struct{ *awsfed.Provider }

func newProvider(r *role) subject {
	p, err := awsfed.New(client(r), roleARN(r), tokens{r.w}, options(r))
	return seeded(r, p, err)
}

func roleARN(r *role) string { return fmt.Sprintf("arn:aws:iam::123456789012:role/r%d", r.n) }

// seeded returns the subject, with a source of jitter that depends on the seed.
func seeded(r *role, p *awsfed.Provider, err error) subject {
	if err != nil {
		panic(err) // the arguments are constants
	}
	j := jitter{rnd: r.w.stream()}
	field(reflect.ValueOf(p), "opts", "rules", "Random").Set(reflect.ValueOf(j.next))
	return provider{p}
}

// options returns the options of the plan.
func options(r *role) func(*awsfed.Options) {
	return func(o *awsfed.Options) {
		rules := r.w.plan.rules
		o.AdvisoryWindow, o.AttemptTimeout, o.RefreshBackoff = rules.AdvisoryWindow, rules.AttemptTimeout, rules.Backoff
		o.ServeExpired, o.KeepOnRefusal = rules.ServeExpired, rules.KeepOnPermanent
		o.OnRefresh = func(ev awsfed.RefreshEvent) {
			if ev.Err != nil {
				r.settled(0, !ev.Retryable)
				return
			}
			r.settled(number(ev.AccessKeyID), false)
		}
	}
}

// number returns the number of a key.
func number(accessKeyID string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(accessKeyID, "ASIA"))
	if err != nil {
		panic(err) // the server issues no other keys
	}
	return n
}

func (p provider) call(ctx context.Context) (int, error) {
	c, err := p.Retrieve(ctx)
	if err != nil {
		return 0, err
	}
	return number(c.AccessKeyID), nil
}

func (p provider) invalidate(n int) bool {
	if !p.Status().Valid {
		return false
	}
	p.Invalidate("ASIA" + strconv.Itoa(n))
	return !p.Status().Valid
}

func (p provider) run(ctx context.Context) { _ = p.Run(ctx) }

func (p provider) status() status {
	st := p.Status()
	return status{st.Valid, st.Refreshing, st.Failures, st.RefreshAt, st.RetryAt}
}

func (p provider) older(d time.Duration) {
	v := reflect.ValueOf(p.Provider)
	makeOlder(field(v, "engine"), d)
	if used := field(v, "used").Addr().Interface().(*atomic.Int64); used.Load() != 0 {
		used.Add(-int64(d)) // identifies the session by its expiry
	}
}

// openPool creates a pool and its roles.
func openPool(w *world) {
	// The client tells the roles apart by the ARN in the request.
	pool := awsfed.NewPool(client(w.roles...), tokens{w}, func(o *awsfed.PoolOptions) {
		o.MaxConcurrent, o.Rate = w.plan.slots, w.plan.rate
	})
	for _, r := range w.roles {
		p, err := pool.Provider(roleARN(r), options(r))
		r.subject = seeded(r, p, err)
	}
	j := jitter{rnd: w.stream()}
	source := field(reflect.ValueOf(pool), "src", "CachedSource", "engine")
	field(source, "rules", "Random").Set(reflect.ValueOf(j.next))
	w.plan.shared = func(d time.Duration) { makeOlder(source, d) }
	w.plan.run = func(ctx context.Context) { _ = pool.Run(ctx) }
}

// tokens is a token source with the weather of the world.
type tokens struct{ w *world }

// A permanent error does not go away.
type permanent struct{ error }

func (permanent) Temporary() bool { return false }

func (s tokens) Token(context.Context) (*idp.Token, error) {
	s.w.mu.Lock()
	weather := s.w.weather
	s.w.note("token, %v", weather)
	s.w.mu.Unlock()
	switch weather {
	case noToken:
		return nil, errors.New("no token")
	case noTokens:
		return nil, permanent{errors.New("no token")}
	}
	now := time.Now()
	payload := fmt.Sprintf(`{"iss":"https://issuer.example","aud":"sts.amazonaws.com","sub":"s","iat":%d,"exp":%d}`, now.Unix(), now.Add(time.Hour).Unix())
	enc := base64.RawURLEncoding
	return idp.ParseToken(enc.EncodeToString([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + enc.EncodeToString([]byte(payload)) + "." + enc.EncodeToString([]byte("signature")))
}

// A doer is an HTTP client.
type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(rq *http.Request) (*http.Response, error) { return f(rq) }

// client returns the SDK's client for the server's part of the roles.
func client(roles ...*role) *sts.Client {
	return sts.New(sts.Options{Region: "eu-central-1", HTTPClient: doer(func(rq *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(rq.Body)
		if err != nil {
			return nil, err
		}
		form := string(body)
		for _, r := range roles {
			if strings.Contains(form, "role%2Fr"+strconv.Itoa(r.n)+"&") {
				k, err := r.request(rq.Context())
				return r.response(rq, k, err)
			}
		}
		return nil, errors.New("a request for an unknown role: " + form)
	})})
}

// response returns the HTTP response for the result of a request.
func (r *role) response(rq *http.Request, k *key, err error) (*http.Response, error) {
	r.w.mu.Lock()
	date := time.Now().Add(r.w.skew)
	r.w.mu.Unlock()
	resp := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {date.UTC().Format(http.TimeFormat)}}, Request: rq}
	answer := func(status int, body string) (*http.Response, error) {
		resp.StatusCode, resp.Body, resp.ContentLength = status, io.NopCloser(strings.NewReader(body)), int64(len(body))
		return resp, nil
	}
	failure := func(status int, code string) (*http.Response, error) {
		return answer(status, "<ErrorResponse><Error><Code>"+code+"</Code><Message>as planned</Message></Error></ErrorResponse>")
	}
	var (
		throttled throttling
		code      stsError
	)
	switch {
	case err == nil:
		return answer(http.StatusOK, fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>`+
			`<AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/r%d/session</Arn><AssumedRoleId>A:s</AssumedRoleId></AssumedRoleUser>`+
			`<Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials>`+
			`</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, r.n, k.n, k.expires.UTC().Format(time.RFC3339Nano)))
	case errors.Is(err, errRefused):
		return failure(http.StatusForbidden, "AccessDenied")
	case errors.As(err, &throttled):
		resp.Header.Set("Retry-After", strconv.Itoa(int(time.Duration(throttled)/time.Second)))
		return failure(http.StatusBadRequest, "Throttling")
	case errors.As(err, &code) && code != "":
		return failure(http.StatusBadRequest, string(code))
	case errors.As(err, &code):
		return answer(http.StatusOK, "<html>guest network</html>")
	case errors.Is(err, errDown):
		return failure(http.StatusServiceUnavailable, "ServiceUnavailable")
	}
	return nil, err
}

var _ aws.CredentialsProvider = provider{}
