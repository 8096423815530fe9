package awsfed_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
)

// answering returns a provider with the client of the SDK and the given transport.
func answering(t *testing.T, do doer) *awsfed.Provider {
	t.Helper()
	p, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1", HTTPClient: do}), roleARN, &mintery{tb: t})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// granted returns the body of an answer with credentials that expire at that time.
func granted(expires time.Time) string {
	return fmt.Sprintf(`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>A</AccessKeyId><SecretAccessKey>B</SecretAccessKey><SessionToken>C</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`, expires.UTC().Format(time.RFC3339))
}

// endless is an endless body that counts the bytes that are read.
type endless struct{ read *atomic.Int64 }

func (e endless) Read(p []byte) (int, error) {
	e.read.Add(int64(len(p)))
	return copy(p, strings.Repeat("<", len(p))), nil
}

// An endless answer, or one that grows by decompression, is read up to the limit, for success and
// failure.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusOK, http.StatusForbidden, http.StatusBadGateway} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var attempts, read atomic.Int64
				p := answering(t, func(*http.Request) (*http.Response, error) {
					attempts.Add(1)
					return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(endless{&read})}, nil
				})
				_, err := p.Retrieve(t.Context())
				if err == nil || len(err.Error()) > 2000 {
					t.Errorf("Retrieve = %v", err)
				}
				if most := attempts.Load() * 2 << 20; attempts.Load() == 0 || read.Load() > most {
					t.Errorf("%d attempts read %d bytes, want at most %d", attempts.Load(), read.Load(), most)
				}
			})
		})
	}
}

// A Date header that contradicts the expiration, such as that of a proxy, is ignored.
func TestBadDate(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		date, expires time.Duration // from now
		want          time.Duration // remaining life
	}{
		"right":                     {0, time.Hour, time.Hour},
		"ten minutes ahead":         {10 * time.Minute, time.Hour + 10*time.Minute, time.Hour},
		"ten minutes behind":        {-10 * time.Minute, 50 * time.Minute, time.Hour},
		"a day ahead":               {24 * time.Hour, time.Hour, time.Hour},
		"a day behind":              {-24 * time.Hour, time.Hour, time.Hour},
		"years behind":              {-175200 * time.Hour, time.Hour, time.Hour},
		"a server a day ahead":      {24 * time.Hour, 25 * time.Hour, time.Hour},
		"a server a day behind":     {-24 * time.Hour, -23 * time.Hour, time.Hour},
		"a session of twelve hours": {0, 12 * time.Hour, 12 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := answering(t, func(*http.Request) (*http.Response, error) {
					body := granted(time.Now().Add(tt.expires))
					return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {time.Now().Add(tt.date).UTC().Format(http.TimeFormat)}}, Body: readCloser(body)}, nil
				})
				if _, err := p.Retrieve(t.Context()); err != nil {
					t.Fatal(err)
				}
				st := p.Status()
				if got := st.Remaining(time.Now()); (got - tt.want).Abs() > 2*time.Second {
					t.Errorf("%v left, want %v", got, tt.want)
				}
				if until := time.Until(st.RefreshAt); until <= 0 || until >= tt.want {
					t.Errorf("refreshed in %v of %v", until, tt.want)
				}
			})
		})
	}
}

// Deadlines are kept in the time of STS also if the client does not correct signing times.
func TestSkewWithoutTheSDKsCorrection(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{-20 * time.Minute, 0, 20 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			hc := doer(func(*http.Request) (*http.Response, error) {
				now := time.Now().Add(ahead).UTC()
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {now.Format(http.TimeFormat)}}, Body: readCloser(granted(now.Add(time.Hour)))}, nil
			})
			p, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1", HTTPClient: hc, DisableClockSkewCorrection: true}), roleARN, &mintery{tb: t})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Retrieve(t.Context()); err != nil {
				t.Fatal(err)
			}
			if st := p.Status(); (st.ClockSkew-ahead).Abs() > 2*time.Second || (st.Remaining(time.Now())-time.Hour).Abs() > 2*time.Second {
				t.Errorf("a clock %v ahead: skew %v, %v left, want 1h", ahead, st.ClockSkew, st.Remaining(time.Now()))
			}
		})
	}
}

// Times that 64 bits of nanoseconds cannot represent are not accepted as others.
func TestExpirationsFarAway(t *testing.T) {
	t.Parallel()
	for expires, want := range map[time.Time]bool{
		time.Unix(9999999999, 0):                        false,
		time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC):   false,
		time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC):     false,
		time.Date(2262, 4, 11, 23, 47, 16, 0, time.UTC): false,
		time.Date(2262, 4, 11, 23, 47, 17, 0, time.UTC): false,
		time.Date(2000, 1, 1, 12, 0, 59, 0, time.UTC):   true,
		time.Date(2000, 1, 1, 12, 1, 1, 0, time.UTC):    false,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			s.life = time.Hour
			p := answering(t, func(*http.Request) (*http.Response, error) {
				body := granted(expires)
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: readCloser(body)}, nil
			})
			c, err := p.Retrieve(t.Context())
			if (err == nil) != want || want && (c.Expires.Before(time.Now()) || c.Expired()) {
				t.Errorf("%v: Retrieve = %v, %v; want credentials: %v", expires, c.Expires, err, want)
			}
		})
	}
}
