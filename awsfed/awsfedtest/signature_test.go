package awsfedtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// The vectors are from the test suite that AWS published for Signature Version 4. Their key is an
// example.
func TestSignatureVectors(t *testing.T) {
	t.Parallel()
	const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
	const scope = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
	tests := []struct {
		name, method, url string
		header            http.Header
		signed, body      string
		want              string
	}{
		{"get-vanilla", "GET", "/", nil, "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"post-vanilla", "POST", "/", nil, "host;x-amz-date", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{
			"post-x-www-form-urlencoded", "POST", "/",
			http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			"content-type;host;x-amz-date", "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
		},
		{
			"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", nil,
			"host;x-amz-date", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tt.header.Clone()
			if h == nil {
				h = http.Header{}
			}
			h.Set("X-Amz-Date", "20150830T123600Z")
			h.Set("Authorization", scope+"SignedHeaders="+tt.signed+", Signature=00")
			got, err := awsfedtest.Signature(tt.method, "example.amazonaws.com", tt.url, h, []byte(tt.body), secret)
			if err != nil || got != tt.want {
				t.Errorf("signature = %s, %v, want %s", got, err, tt.want)
			}
		})
	}
}

// The signature equals that of the SDK.
func TestSignatureAgreesWithSDK(t *testing.T) {
	t.Parallel()
	creds := aws.Credentials{AccessKeyID: "ASIATESTONAFEDAAAAAA", SecretAccessKey: "a/b+c", SessionToken: "x+/="}
	for _, service := range []string{"sts", "s3", "execute-api"} {
		for _, url := range []string{"https://h.example/", "https://h.example", "https://h.example:8443/a/b%20c/ü?x=1&b=%2F%20+&b=a", "https://h.example/a+b"} {
			body := "Action=GetCallerIdentity&Version=2011-06-15"
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "text/plain;  charset=utf-8")
			r.Header.Add("X-Amz-Meta", "  a   b ")
			r.Header.Add("X-Amz-Meta", "c")
			sum := sha256.Sum256([]byte(body))
			signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
			if err := signer.SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), service, "eu-central-1", time.Now()); err != nil {
				t.Fatal(err)
			}
			_, want, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			got, err := awsfedtest.Signature(r.Method, r.Host, url, r.Header, []byte(body), creds.SecretAccessKey)
			if err != nil || got != want {
				t.Errorf("%s %s: signature = %s, %v, want %s", service, url, got, err, want)
			}
		}
	}
}

func TestCallerIdentity(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	_, creds := assume(t, s, iss)
	out, err := s.Client(creds).GetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := *out.Arn, "arn:aws:sts::123456789012:assumed-role/deploy/env-"+idptest.EnvironmentID; got != want {
		t.Errorf("Arn = %q, want %q", got, want)
	}
	if got := *out.Account; got != account {
		t.Errorf("Account = %q, want %q", got, account)
	}
	if got, want := *out.UserId, ":env-"+idptest.EnvironmentID; !strings.HasPrefix(got, "AROATESTONAFED") || !strings.HasSuffix(got, want) {
		t.Errorf("UserId = %q, want AROATESTONAFED...%s", got, want)
	}
}

// The signature of a presigned URL is verified. The response is JSON if the request asks for it, as
// the verifiers of EKS tokens do.
func TestPresignedCallerIdentity(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	_, creds := assume(t, s, iss)
	signed, err := sts.NewPresignClient(s.Client(creds)).PresignGetCallerIdentity(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	get := func(url, accept string) (status int, contentType, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), signed.Method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		resp, err := s.HTTPClient().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
	}
	changed := strings.Replace(signed.URL, "Version=2011-06-15", "Version=2011-06-15&X=1", 1)
	for _, tt := range []struct {
		url, accept string
		status      int
		contentType string
		want        string
	}{
		{signed.URL, "", 200, "text/xml", "<Arn>arn:aws:sts::123456789012:assumed-role/deploy/"},
		{signed.URL, "application/json", 200, "application/json", `{"GetCallerIdentityResponse":{"GetCallerIdentityResult":{"Arn":"arn:aws:sts::123456789012:assumed-role/deploy/`},
		{changed, "", 403, "text/xml", "<Code>SignatureDoesNotMatch</Code>"},
		{changed, "application/json", 403, "application/json", `{"Error":{"Type":"Sender","Code":"SignatureDoesNotMatch",`},
	} {
		status, contentType, body := get(tt.url, tt.accept)
		if status != tt.status || contentType != tt.contentType || !strings.Contains(body, tt.want) {
			t.Errorf("%s with Accept %q: %d %s %s, want %d %s %s", tt.url, tt.accept, status, contentType, body, tt.status, tt.contentType, tt.want)
		}
	}
}

func TestInvalidSignatures(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	out, good := assume(t, s, iss)
	other, _ := assume(t, s, iss)
	c, d := out.Credentials, other.Credentials
	tampered := []byte(*c.SessionToken)
	tampered[len(tampered)/2] ^= 1
	stranger, _ := setup(t) // another STS
	foreign, _ := assume(t, awsfedtest.New(t, iss, roleARN), iss)
	change := func(f func(*http.Request)) func(*sts.Options) {
		return func(o *sts.Options) { o.HTTPClient = changer{s.HTTPClient(), f} }
	}
	authorization := func(before, after string) func(*sts.Options) {
		return change(func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), before, after, 1))
		})
	}
	tests := []struct {
		name  string
		sts   *awsfedtest.STS
		creds aws.CredentialsProvider
		opt   func(*sts.Options)
		want  string
		code  int
	}{
		{"no signature", s, aws.AnonymousCredentials{}, once, "MissingAuthenticationToken", 403},
		{"wrong secret", s, static(*c.AccessKeyId, *d.SecretAccessKey, *c.SessionToken), once, "SignatureDoesNotMatch", 403},
		{"token of another key", s, static(*c.AccessKeyId, *c.SecretAccessKey, *d.SessionToken), once, "InvalidClientTokenId", 403},
		{"changed token", s, static(*c.AccessKeyId, *c.SecretAccessKey, string(tampered)), once, "InvalidClientTokenId", 403},
		{"no token", s, static(*c.AccessKeyId, *c.SecretAccessKey, ""), once, "InvalidClientTokenId", 403},
		{"key that was not issued", s, static("ASIATESTONAFEDZZZZZZ", "x", *c.SessionToken), once, "InvalidClientTokenId", 403},
		{"credentials of another STS", s, static(*foreign.Credentials.AccessKeyId, *foreign.Credentials.SecretAccessKey, *foreign.Credentials.SessionToken), once, "InvalidClientTokenId", 403},
		{"credentials sent to another STS", stranger, good, once, "InvalidClientTokenId", 403},
		{"changed body", s, good, change(func(r *http.Request) {
			body := "Action=GetCallerIdentity&Version=2011-06-15&X=1"
			r.Body, r.ContentLength = nopBody(body), int64(len(body))
		}), "SignatureDoesNotMatch", 403},
		{"changed host", s, good, change(func(r *http.Request) { r.Host = "evil.example" }), "SignatureDoesNotMatch", 403},
		{"changed signed header", s, good, change(func(r *http.Request) { r.Header.Set("Amz-Sdk-Invocation-Id", "1") }), "SignatureDoesNotMatch", 403},
		{"host not signed", s, good, authorization("host;", ""), "SignatureDoesNotMatch", 403},
		{"scope of another service", s, good, authorization("/sts/", "/s3/"), "SignatureDoesNotMatch", 403},
		{"other algorithm", s, good, authorization("AWS4-HMAC-SHA256", "AWS3"), "IncompleteSignature", 400},
		{"incomplete scope", s, good, authorization("/aws4_request", ""), "IncompleteSignature", 400},
		{"no date", s, good, change(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), "IncompleteSignature", 400},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tt.sts.Client(tt.creds, once).GetCallerIdentity(t.Context(), nil, tt.opt)
			if got := refusalOf(err); got.Code != tt.want || got.Status != tt.code {
				t.Errorf("GetCallerIdentity: %+v (%v), want %s %d", got, err, tt.want, tt.code)
			}
		})
	}
	if _, err := s.Client(good).GetCallerIdentity(t.Context(), nil); err != nil {
		t.Errorf("with valid credentials: %v", err)
	}
}

// A signature is valid for 15 minutes before and after the time of the STS.
func TestSignatureTimes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, iss := setup(t)
		out, creds := assume(t, s, iss)
		call := func() refusal {
			_, err := s.Client(creds).GetCallerIdentity(t.Context(), nil, once)
			return refusalOf(err)
		}
		for _, tt := range []struct {
			clock time.Duration
			want  string
		}{
			{14 * time.Minute, ""},
			{-14 * time.Minute, ""},
			{16 * time.Minute, "SignatureDoesNotMatch"},
			{-16 * time.Minute, "SignatureDoesNotMatch"},
		} {
			s.SkewClock(tt.clock)
			if got := call(); got.Code != tt.want {
				t.Errorf("with a clock skew of %v: %+v, want %q", tt.clock, got, tt.want)
			}
		}
		s.SkewClock(0)
		time.Sleep(time.Until(*out.Credentials.Expiration) - time.Second)
		if got := call(); got.Code != "" {
			t.Errorf("a second before the end: %+v", got)
		}
		time.Sleep(time.Second)
		if got := call(); got.Code != "ExpiredToken" || got.Status != 403 {
			t.Errorf("at the end: %+v, want ExpiredToken 403", got)
		}

		out, creds = assume(t, s, iss)
		s.ExpireCredentials(*out.Credentials.AccessKeyId)
		if got := call(); got.Code != "ExpiredToken" {
			t.Errorf("after ExpireCredentials: %+v, want ExpiredToken", got)
		}
	})
}

// changer is a client that changes requests after they were signed.
type changer struct {
	client *http.Client
	change func(*http.Request)
}

func (c changer) Do(r *http.Request) (*http.Response, error) {
	r = r.Clone(context.WithoutCancel(r.Context()))
	c.change(r)
	return c.client.Do(r)
}
