package sdk_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

const roleARN = "arn:aws:iam::123456789012:role/deploy"

// An answer is what a service says in its protocol.
type answer struct {
	status int
	header http.Header
	body   string
}

var (
	xmlRejection  = answer{400, http.Header{"Content-Type": {"application/xml"}}, `<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>`}
	jsonRejection = answer{400, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, `{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The security token included in the request is expired"}`}
	stsRejection  = answer{403, http.Header{"Content-Type": {"text/xml"}}, `<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>expired</Message></Error></ErrorResponse>`}

	noBody  = answer{200, http.Header{}, ""}
	jsonOK  = answer{200, http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, "{}"}
	stsOK   = answer{200, http.Header{"Content-Type": {"text/xml"}}, `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>1</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`}
	buckets = answer{200, http.Header{"Content-Type": {"application/xml"}}, `<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>`}
)

// A service is an HTTP client that rejects the keys in dead.
type service struct {
	ok, rejection answer
	together      int // answers this many requests of the first key at once; zero answers each

	mu     sync.Mutex
	dead   map[string]bool
	keys   []string
	bodies []string
	full   chan struct{} // closed when together requests are there
}

func newService(ok, rejection answer) *service {
	return &service{ok: ok, rejection: rejection, dead: map[string]bool{}, full: make(chan struct{})}
}

func (s *service) Do(rq *http.Request) (*http.Response, error) {
	var body []byte
	if rq.Body != nil {
		var err error
		if body, err = io.ReadAll(rq.Body); err != nil {
			return nil, err
		}
	}
	_, after, _ := strings.Cut(rq.Header.Get("Authorization"), "Credential=")
	id, _, _ := strings.Cut(after, "/")
	s.mu.Lock()
	s.keys, s.bodies = append(s.keys, id), append(s.bodies, string(body))
	n, dead := len(s.keys), s.dead[id] || s.dead["all"]
	s.mu.Unlock()
	if n == s.together {
		close(s.full)
	}
	if n <= s.together {
		<-s.full
	}
	a := s.ok
	if dead {
		a = s.rejection
	}
	content := a.body
	if rq.Method == http.MethodHead {
		content = ""
	}
	return &http.Response{StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(content)), ContentLength: int64(len(content)), Request: rq}, nil
}

// provider returns a provider with its first key, and its STS.
func provider(t *testing.T) (p *awsfed.Provider, key string, tokens *awsfedtest.STS) {
	t.Helper()
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, roleARN)
	p, err := awsfed.New(fake, roleARN, iss.TokenSource("sts.amazonaws.com"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p, c.AccessKeyID, fake
}

func configOf(p *awsfed.Provider, s *service) aws.Config {
	return aws.Config{
		Credentials: p, Region: "eu-central-1", HTTPClient: s,
		APIOptions: []func(*middleware.Stack) error{p.APIOption()},
	}
}

type deadKeyCase struct {
	name          string
	ok, rejection answer
	call          func(aws.Config) func(context.Context) error
}

// With the default retry quota, 100 of 100 requests that were sent with one rejected key succeed,
// and STS is called once for all of them.
func TestManyRequestsWithOneDeadKey(t *testing.T) {
	t.Parallel()
	for _, tt := range deadKeyCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const n = 100
				p, key, tokens := provider(t)
				s := newService(tt.ok, tt.rejection)
				s.together, s.dead[key] = n, true
				call := tt.call(configOf(p, s))
				before := len(tokens.Calls())
				var calls sync.WaitGroup
				for range n {
					calls.Go(func() {
						if err := call(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				calls.Wait()
				if got := len(s.keys); got != 2*n {
					t.Errorf("%d requests, want %d", got, 2*n)
				}
				if got := len(tokens.Calls()) - before; got != 1 {
					t.Errorf("STS was called %d times, want once", got)
				}
			})
		})
	}
}

func deadKeyCases() []deadKeyCase {
	return []deadKeyCase{
		{"s3", buckets, xmlRejection, func(cfg aws.Config) func(context.Context) error {
			client := s3.NewFromConfig(cfg)
			return func(ctx context.Context) error {
				_, err := client.ListBuckets(ctx, nil)
				return err
			}
		}},
		{"dynamodb", jsonOK, jsonRejection, func(cfg aws.Config) func(context.Context) error {
			client := dynamodb.NewFromConfig(cfg)
			return func(ctx context.Context) error {
				_, err := client.ListTables(ctx, nil)
				return err
			}
		}},
		{"sqs", jsonOK, jsonRejection, func(cfg aws.Config) func(context.Context) error {
			client := sqs.NewFromConfig(cfg)
			return func(ctx context.Context) error {
				_, err := client.ListQueues(ctx, nil)
				return err
			}
		}},
		{"sts", stsOK, stsRejection, func(cfg aws.Config) func(context.Context) error {
			client := sts.NewFromConfig(cfg)
			return func(ctx context.Context) error {
				_, err := client.GetCallerIdentity(ctx, nil)
				return err
			}
		}},
	}
}

// The second request has the bytes of the first one, also with trailing checksums, which the SDK
// computes while it reads the body.
func TestBodiesAreRepeated(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		checksum aws.RequestChecksumCalculation
		offset   int64
		chunked  bool
	}{
		{"trailing checksum", aws.RequestChecksumCalculationWhenSupported, 0, true},
		{"trailing checksum at an offset", aws.RequestChecksumCalculationWhenSupported, 11, true},
		{"plain", aws.RequestChecksumCalculationWhenRequired, 0, false},
		{"plain at an offset", aws.RequestChecksumCalculationWhenRequired, 11, false},
	}
	content := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, key, _ := provider(t)
				s := newService(noBody, xmlRejection)
				s.dead[key] = true
				client := s3.NewFromConfig(configOf(p, s), func(o *s3.Options) { o.RequestChecksumCalculation = tt.checksum })
				body := bytes.NewReader(content)
				if _, err := body.Seek(tt.offset, io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: body}); err != nil {
					t.Fatal(err)
				}
				if len(s.bodies) != 2 || s.bodies[0] != s.bodies[1] {
					t.Fatalf("%d bodies, want two that are equal", len(s.bodies))
				}
				if got := strings.Contains(s.bodies[1], "x-amz-checksum-crc32:"); got != tt.chunked {
					t.Errorf("a trailing checksum: %v, want %v", got, tt.chunked)
				}
				if !strings.Contains(s.bodies[1], string(content[tt.offset:])) || strings.Count(s.bodies[1], "0123") != strings.Count(string(content[tt.offset:]), "0123") {
					t.Errorf("the body is not the content from offset %d", tt.offset)
				}
			})
		})
	}
}

func TestNotSentAgain(t *testing.T) {
	t.Parallel()
	get := func(ctx context.Context, c *s3.Client) error {
		_, err := c.ListBuckets(ctx, nil)
		return err
	}
	tests := []struct {
		name     string
		dead     string // "all", or "" for the first key
		cached   bool   // a cache is around the provider
		call     func(context.Context, *s3.Client) error
		requests int
		code     string
		text     string
		replaces bool // the provider has another key afterwards
	}{
		{name: "a HEAD request, whose answer has no code", call: func(ctx context.Context, c *s3.Client) error {
			_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
			return err
		}, requests: 1, code: "BadRequest"},
		{name: "a body that cannot be read again", call: func(ctx context.Context, c *s3.Client) error {
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key"), Body: io.MultiReader(strings.NewReader("once")), ContentLength: aws.Int64(4)})
			return err
		}, requests: 1, code: "ExpiredToken", text: "cannot be sent again with new credentials", replaces: true},
		{name: "a key that a cache around the provider keeps", cached: true, call: get, requests: 1, code: "ExpiredToken", replaces: true},
		{name: "a request whose second key is rejected too", dead: "all", call: get, requests: 2, code: "ExpiredToken", replaces: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, key, _ := provider(t)
				s := newService(buckets, xmlRejection)
				s.dead[key], s.dead[tt.dead] = true, true
				cfg := configOf(p, s)
				if tt.cached {
					cfg.Credentials = aws.NewCredentialsCache(p)
				}
				err := tt.call(t.Context(), s3.NewFromConfig(cfg))
				var api smithy.APIError
				if !errors.As(err, &api) || api.ErrorCode() != tt.code || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("the call = %v, want code %s and text %q", err, tt.code, tt.text)
				}
				if len(s.keys) != tt.requests {
					t.Errorf("requests with %q, want %d", s.keys, tt.requests)
				}
				c, err := p.Retrieve(t.Context())
				if err != nil || (c.AccessKeyID != key) != tt.replaces {
					t.Errorf("Retrieve = %s, %v, want a new key: %v", c.AccessKeyID, err, tt.replaces)
				}
			})
		})
	}
}

func TestWithoutRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, key, _ := provider(t)
		s := newService(buckets, xmlRejection)
		s.dead[key] = true
		client := s3.NewFromConfig(configOf(p, s), func(o *s3.Options) { o.Retryer = aws.NopRetryer{} })
		if _, err := client.ListBuckets(t.Context(), nil); err != nil {
			t.Error(err)
		}
	})
}

func TestPresign(t *testing.T) {
	t.Parallel()
	p, key, _ := provider(t)
	client := s3.NewFromConfig(configOf(p, newService(noBody, xmlRejection)))
	rq, err := s3.NewPresignClient(client).PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(rq.URL, "X-Amz-Credential="+key) {
		t.Errorf("PresignGetObject = %s, want key %s in it", rq.URL, key)
	}
}

// The whole flow through config.LoadDefaultConfig, which puts its cache around the provider.
func TestLoadDefaultConfig(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // needs a client with a transport
	p, key, _ := provider(t)
	load := func(s *service) aws.Config {
		cfg, err := config.LoadDefaultConfig(t.Context(),
			config.WithCredentialsProvider(p),
			config.WithAPIOptions([]func(*middleware.Stack) error{p.APIOption()}),
			config.WithRegion("eu-central-1"),
			config.WithHTTPClient(s),
			config.WithSharedConfigFiles(nil),
			config.WithSharedCredentialsFiles(nil))
		if err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	objects, identity := newService(buckets, xmlRejection), newService(stsOK, stsRejection)
	if _, err := s3.NewFromConfig(load(objects)).ListBuckets(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if _, err := sts.NewFromConfig(load(identity)).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{key, key}, append(objects.keys, identity.keys...)); diff != "" {
		t.Errorf("keys of the requests (-want +got):\n%s", diff)
	}
}
