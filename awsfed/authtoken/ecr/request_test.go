package ecr_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/authtoken/ecr"
)

// A sequence answers each request with the next of its answers.
type sequence struct {
	answers []answer
	urls    []string
}

type answer struct {
	status int
	text   string
}

// Do implements aws.HTTPClient.
func (s *sequence) Do(r *http.Request) (*http.Response, error) {
	s.urls = append(s.urls, r.URL.String())
	a := s.answers[min(len(s.urls), len(s.answers))-1]
	if a.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: a.status, Body: io.NopCloser(strings.NewReader(a.text)), Request: r}, nil
}

// get returns the password that a new source gets.
func get(t *testing.T, cfg aws.Config) (string, error) {
	t.Helper()
	tokens, err := ecr.New(cfg, registry)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokens.Token(t.Context())
	return tok.Raw(), err
}

// good is the answer with the password "p".
func good() answer {
	return answer{http.StatusOK, authorization("AWS:p", time.Now().Add(time.Hour))}
}

// TestAttempts checks after which answers a request is sent again.
func TestAttempts(t *testing.T) {
	t.Parallel()
	refused := answer{http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no\u001b[2J"}`}
	throttled := answer{http.StatusBadRequest, `{"__type":"com.amazonaws.ecr#ThrottlingException","message":"slow down"}`}
	for name, tt := range map[string]struct {
		answers  []answer
		attempts int
		err      string
	}{
		"password":        {[]answer{good()}, 1, ""},
		"refused":         {[]answer{refused, good()}, 1, `ECR answered 400, "AccessDeniedException": "no\x1b[2J"`},
		"throttled":       {[]answer{throttled, good()}, 2, ""},
		"server error":    {[]answer{{503, "<html>"}, {500, ""}, good()}, 3, ""},
		"no answer":       {[]answer{{}, good()}, 2, ""},
		"outage":          {[]answer{{503, ""}}, 3, `ECR answered 503, "": ""`},
		"not JSON":        {[]answer{{200, "<html>"}}, 1, "the response of ECR is not JSON with authorization data"},
		"no data":         {[]answer{{200, `{"authorizationData":[]}`}}, 1, "the response of ECR is not JSON with authorization data"},
		"another user":    {[]answer{{200, `{"authorizationData":[{"authorizationToken":"cm9vdDpw"}]}`}}, 1, "the authorization token in the response of ECR is not the base64 of AWS:<password>"},
		"an empty answer": {[]answer{{200, ""}}, 1, "the response of ECR is not JSON with authorization data"},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &sequence{answers: tt.answers}
			cfg := config(nil, 0)
			cfg.HTTPClient = s
			password, err := get(t, cfg)
			text := ""
			if err != nil {
				text = strings.TrimPrefix(err.Error(), "authtoken: cannot get the password of the ECR registry: ")
			}
			if len(s.urls) != tt.attempts || text != tt.err || (password == "p") != (err == nil) {
				t.Errorf("%s: Password = %q, %q after %d requests, want the error %q after %d", name, password, text, len(s.urls), tt.err, tt.attempts)
			}
			if s.urls[0] != "https://api.ecr.eu-central-1.amazonaws.com" {
				t.Errorf("%s: the request goes to %s", name, s.urls[0])
			}
		})
	}
}

// TestEndpoints checks the endpoints that the user configures. Credentials are sent to this host only,
// unless the connection is encrypted.
func TestEndpoints(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", "missing")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "missing")
	for name, tt := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"none":         {nil, []string{"https://api.ecr.eu-central-1.amazonaws.com"}},
		"all services": {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, []string{"http://127.0.0.1:1"}},
		"ECR":          {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_ECR": "https://example.com"}, []string{"https://example.com"}},
		"ignored":      {map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}, []string{"https://api.ecr.eu-central-1.amazonaws.com"}},
		"not safe":     {map[string]string{"AWS_ENDPOINT_URL_ECR": "http://example.com"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for variable, value := range tt.env {
				t.Setenv(variable, value)
			}
			cfg, err := sdkconfig.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s := &sequence{answers: []answer{good()}}
			cfg.HTTPClient, cfg.Credentials = s, config(nil, 0).Credentials
			if _, err := get(t, cfg); (err != nil) != (tt.want == nil) {
				t.Errorf("Password: %v", err)
			}
			if diff := cmp.Diff(tt.want, s.urls); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}
