package sdk_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/internal/testkit/nextcache"
)

// A cloud is S3 and STS, and checks that the key of each request has not expired.
type cloud struct {
	t *testing.T
	p *awsfed.Provider

	mu      sync.Mutex
	ends    map[string]time.Time // expiry of each key
	service map[string]int       // requests by service
}

func (c *cloud) Do(rq *http.Request) (*http.Response, error) {
	_, credential, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
	scope := strings.Split(credential, "/") // key, date, region, service
	if len(scope) < 4 {
		c.t.Errorf("a request without a signature: %v", rq.URL)
		return nil, io.ErrUnexpectedEOF
	}
	id, service := scope[0], scope[3]
	c.mu.Lock()
	defer c.mu.Unlock()
	if st := c.p.Status(); st.AccessKeyID == id {
		c.ends[id] = st.Expires
	}
	if end, ok := c.ends[id]; !ok || !time.Now().Before(end) {
		c.t.Errorf("%s got the key %s, which expired at %v, at %v", service, id, end, time.Now())
	}
	c.service[service]++
	a := buckets
	if service == "sts" {
		a = stsOK
	}
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body)), ContentLength: int64(len(a.body)), Request: rq}, nil
}

// The whole flow as most programs have it: config.LoadDefaultConfig with WithCredentialsProvider, and
// clients of two services that share the configuration, through three lifetimes and an outage of STS
// while the credentials are valid. With today's cache, and with the model of the coming one in its place.
func TestWholeFlow(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // needs a client with a transport
	for _, coming := range []bool{false, true} {
		name := map[bool]string{false: "today's SDK", true: "coming SDK (model)"}[coming]
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { wholeFlow(t, coming) })
		})
	}
}

func wholeFlow(t *testing.T, coming bool) {
	t.Helper()
	p, _, tokens := provider(t)
	services := &cloud{t: t, p: p, ends: map[string]time.Time{}, service: map[string]int{}}
	cfg, err := config.LoadDefaultConfig(t.Context(),
		config.WithRegion("eu-central-1"), config.WithHTTPClient(services), config.WithCredentialsProvider(p),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := cfg.Credentials.(*aws.CredentialsCache); !ok {
		t.Fatalf("Credentials = %T, want a cache", cfg.Credentials)
	}
	if coming {
		cfg.Credentials = nextcache.New(p)
	}
	storage, identity := s3.NewFromConfig(cfg), sts.NewFromConfig(cfg)
	begin := time.Now()
	var repair func()
	for elapsed := time.Duration(0); elapsed < 3*time.Hour; elapsed = time.Since(begin) {
		switch {
		case repair == nil && elapsed >= 30*time.Minute:
			repair = tokens.Inject(awsfedtest.Fault{Action: "AssumeRoleWithWebIdentity", Status: http.StatusServiceUnavailable})
		case repair != nil && elapsed >= 58*time.Minute:
			repair()
		}
		called := time.Now()
		if _, err := storage.ListBuckets(t.Context(), nil); err != nil {
			t.Errorf("after %v: S3: %v", elapsed, err)
		}
		if _, err := identity.GetCallerIdentity(t.Context(), nil); err != nil {
			t.Errorf("after %v: STS: %v", elapsed, err)
		}
		if took := time.Since(called); took > 0 {
			t.Errorf("after %v: the calls waited %v", elapsed, took)
		}
		time.Sleep(10 * time.Second)
	}
	time.Sleep(time.Minute) // the last refresh ends
	if len(services.ends) < 4 || services.service["s3"] != 1080 || services.service["sts"] != 1080 {
		t.Errorf("requests %v with %d keys, want 1080 of each service and at least 4 keys", services.service, len(services.ends))
	}
}
