package awsfedtest_test

import (
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

var update = flag.Bool("update", false, "write the golden files")

// httpClient returns a client that closes its connections at the end of the test.
func httpClient(tb testing.TB) *http.Client {
	tb.Helper()
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// The web identity provider and the clients of the SDK work with the loopback server.
func TestSDKOverHTTP(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	endpoint := awsfedtest.Start(t, s)
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(endpoint), HTTPClient: httpClient(t)}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(iss.Sign(iss.Claims(audience))), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.Credentials = stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), roleARN, stscreds.IdentityTokenFile(token), func(o *stscreds.WebIdentityRoleOptions) {
		o.RoleSessionName = "ci"
	})
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.Arn, "arn:aws:sts::123456789012:assumed-role/deploy/ci"; got != want {
		t.Errorf("Arn = %q, want %q", got, want)
	}
	var got []string
	for _, c := range s.Calls() {
		got = append(got, c.Action+" "+c.SessionName)
		if !c.OK() || !strings.HasPrefix(c.AccessKeyID, "ASIATESTONAFED") || !strings.HasPrefix(c.UserAgent, "aws-sdk-go-v2/") {
			t.Errorf("call = %+v", c)
		}
	}
	if diff := cmp.Diff([]string{"AssumeRoleWithWebIdentity ci", "GetCallerIdentity ci"}, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// The documents have the members of AWS's documents, in the same order.
func TestGoldenXML(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	if err := s.PutRole(awsfedtest.Role{ARN: roleARN, TrustPolicy: orgPolicy(t, `, "sts:TagSession", "sts:SetSourceIdentity"`)}); err != nil {
		t.Fatal(err)
	}
	token := iss.Sign(idptest.With(iss.Claims(audience), "https://aws.amazon.com/source_identity", "alice", "https://aws.amazon.com/tags/principal_tags/Team", "web"))
	valid := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {roleARN}, "RoleSessionName": {"ci"}, "WebIdentityToken": {token}}
	invalid := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleArn": {roleARN}, "RoleSessionName": {"<a&b>"}, "WebIdentityToken": {token}}
	unknown := url.Values{"Action": {"GetSessionToken"}, "Version": {"2011-06-15"}}
	for name, form := range map[string]url.Values{"webidentity": valid, "validation": invalid, "action": unknown} {
		status, header, body := post(t, s, form.Encode())
		if got := header.Get("Content-Type"); got != "text/xml" {
			t.Errorf("%s: Content-Type = %q", name, got)
		}
		if header.Get("Date") == "" || header.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: header = %v, want Date and X-Amzn-Requestid", name, header)
		}
		golden(t, name+".xml", http.StatusText(status)+"\n"+scrub(body))
	}
	_, creds := assume(t, s, iss)
	var body string
	record := func(o *sts.Options) { o.HTTPClient = recorder{s.HTTPClient(), &body} }
	if _, err := s.Client(creds).GetCallerIdentity(t.Context(), nil, record); err != nil {
		t.Fatal(err)
	}
	golden(t, "calleridentity.xml", scrub(body))
}

func post(tb testing.TB, s *awsfedtest.STS, form string) (int, http.Header, string) {
	tb.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	s.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

// scrub replaces the values that differ in each run.
func scrub(body string) string {
	for _, name := range []string{"SessionToken", "SecretAccessKey", "Expiration", "RequestId"} {
		body = regexp.MustCompile("<"+name+">[^<]+").ReplaceAllString(body, "<"+name+">…")
	}
	return body
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// recorder is a client that records the body of the last response.
type recorder struct {
	client *http.Client
	body   *string
}

func (c recorder) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.client.Do(r)
	if err == nil {
		var b []byte
		if b, err = io.ReadAll(resp.Body); err == nil {
			*c.body = string(b)
			resp.Body = nopBody(string(b))
		}
	}
	return resp, err
}

func TestOnlyLoopbackIsServed(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	s.Handle("s3", awsfedtest.S3())
	for addr, want := range map[string]int{"127.0.0.1": 403, "::1": 403, "192.0.2.1": 0, "0.0.0.0": 0} {
		// AWS responds to an unsigned GetCallerIdentity with 403.
		for _, host := range []string{"sts.amazonaws.com", "s3.eu-central-1.amazonaws.com"} {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(http.MethodPost, "https://"+host+"/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15"))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.ParseIP(addr), Port: 1})))
			s.ServeHTTP(w, r)
			if refused := strings.Contains(w.Body.String(), "loopback only"); refused != (want == 0) {
				t.Errorf("on %s: %d %s", addr, w.Code, w.Body)
			}
		}
	}
}

// AWS's errors for malformed requests.
func TestMalformedRequests(t *testing.T) {
	t.Parallel()
	s, _ := setup(t)
	for _, tt := range []struct {
		name, body, code string
		status           int
	}{
		{"empty", "", "MissingAction", 400},
		{"no version", "Action=GetCallerIdentity", "InvalidAction", 400},
		{"other action", "Action=GetFederationToken&Version=2011-06-15", "InvalidAction", 400},
		{"name appears twice", "Action=GetCallerIdentity&Action=X&Version=2011-06-15", "MalformedQueryString", 404},
		{"malformed escape", "Action=%zz", "MalformedQueryString", 404},
		{"not UTF-8", "Action=%ff", "MalformedQueryString", 404},
		{"missing parameters", "Action=AssumeRoleWithWebIdentity&Version=2011-06-15", "ValidationError", 400},
		{"too large", "Action=" + strings.Repeat("a", 256<<10), "RequestEntityTooLarge", 413},
	} {
		status, _, body := post(t, s, tt.body)
		if status != tt.status || !strings.Contains(body, "<Code>"+tt.code+"</Code>") {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, body, tt.status, tt.code)
		}
	}
}

// Calls that hang do not prevent the end of a test.
func TestStartEndsWithHangingCalls(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	s.Inject(awsfedtest.Fault{Hang: true})
	done := make(chan error, 1)
	t.Run("server", func(t *testing.T) {
		client := sts.New(sts.Options{Region: "x", BaseEndpoint: aws.String(awsfedtest.Start(t, s)), HTTPClient: httpClient(t), Retryer: aws.NopRetryer{}})
		token := iss.Sign(iss.Claims(audience))
		go func() {
			_, err := client.AssumeRoleWithWebIdentity(context.Background(), input(token))
			done <- err
		}()
		for start := time.Now(); time.Since(start) < 5*time.Second && !called(s); {
			time.Sleep(time.Millisecond)
		}
	})
	if err := <-done; err == nil {
		t.Error("a hanging call succeeded")
	}
}

// called reports whether a call has started.
func called(s *awsfedtest.STS) bool { return s.Started() > 0 }
