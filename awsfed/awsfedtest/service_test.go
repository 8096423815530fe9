package awsfedtest_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// signedPut returns a signed request for an object in S3.
func signedPut(t *testing.T, creds aws.Credentials, contentType, hash string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(http.MethodPut, "https://bucket.s3.eu-central-1.amazonaws.com/a%20key?x=1", strings.NewReader("hello"))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("X-Amz-Content-Sha256", hash)
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(t.Context(), creds, r, hash, "s3", "eu-central-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// bodyHash returns the hash of the body of signedPut.
func bodyHash() string {
	sum := sha256.Sum256([]byte("hello"))
	return hex.EncodeToString(sum[:])
}

func TestServiceAcceptsSignedRequests(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	_, provider := assume(t, s, iss)
	creds, err := provider.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service := s.Service(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := awsfedtest.CallerFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %v", caller.Service, caller.Region, caller.ARN, body, ok)
	}))
	want := "s3 eu-central-1 arn:aws:sts::123456789012:assumed-role/deploy/env-" + idptest.EnvironmentID + " hello true"
	if w := serve(service, signedPut(t, creds, "text/plain", bodyHash())); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("response = %d %s, want 200 %s", w.Code, w.Body, want)
	}
	// S3 accepts these words instead of the hash of the body.
	for _, word := range []string{"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
		if w := serve(s.Service(nil), signedPut(t, creds, "text/plain", word)); w.Code != http.StatusOK {
			t.Errorf("%s: response = %d %s", word, w.Code, w.Body)
		}
	}
}

// A refusal has the format of the service's protocol.
func TestServiceRefusesInItsProtocol(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	out, provider := assume(t, s, iss)
	creds, err := provider.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service := s.Service(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the request was accepted") }))
	r := httptest.NewRequest(http.MethodPost, "https://dynamodb.eu-central-1.amazonaws.com/", nil)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	w := serve(service, r)
	if want := `"__type":"MissingAuthenticationTokenException"`; w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
		t.Errorf("response without a signature = %d %s, want 400 %s", w.Code, w.Body, want)
	}
	s.ExpireCredentials(*out.Credentials.AccessKeyId)
	for contentType, want := range map[string]string{
		"text/plain":                        "<Error><Code>ExpiredToken</Code>",
		"application/x-amz-json-1.1":        `"__type":"ExpiredTokenException"`,
		"application/x-www-form-urlencoded": "<Code>ExpiredToken</Code>",
	} {
		if w := serve(service, signedPut(t, creds, contentType, bodyHash())); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("response to %s = %d %s, want %s", contentType, w.Code, w.Body, want)
		}
	}
}
