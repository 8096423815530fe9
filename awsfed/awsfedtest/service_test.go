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

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// A service lets in what was signed with credentials of the STS, and refuses the rest as its protocol does.
func TestService(t *testing.T) {
	t.Parallel()
	s, iss := setup(t)
	out, provider := assume(t, s, iss)
	creds, err := provider.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	service := s.Service(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, ok := awsfedtest.CallerFrom(r.Context())
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s %s %v", caller.Service, caller.Region, caller.ARN, body, ok)
	}))
	call := func(contentType string) *httptest.ResponseRecorder {
		t.Helper()
		r := httptest.NewRequest(http.MethodPut, "https://bucket.s3.eu-central-1.amazonaws.com/a%20key?x=1", strings.NewReader("hello"))
		r.Header.Set("Content-Type", contentType)
		sum := sha256.Sum256([]byte("hello"))
		hash := hex.EncodeToString(sum[:])
		r.Header.Set("X-Amz-Content-Sha256", hash)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err := signer.SignHTTP(t.Context(), creds, r, hash, "s3", "eu-central-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		return w
	}
	want := "s3 eu-central-1 arn:aws:sts::123456789012:assumed-role/deploy/env-" + idptest.EnvironmentID + " hello true"
	if w := call("text/plain"); w.Code != http.StatusOK || w.Body.String() != want {
		t.Errorf("answer = %d %s, want 200 %s", w.Code, w.Body, want)
	}

	// Words that S3 takes in place of the body's hash, and what is sent without a signature.
	for _, word := range []string{"UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"} {
		r := httptest.NewRequest(http.MethodPut, "https://bucket.s3.eu-central-1.amazonaws.com/key", strings.NewReader("hello"))
		r.Header.Set("X-Amz-Content-Sha256", word)
		if err := v4.NewSigner().SignHTTP(t.Context(), creds, r, word, "s3", "eu-central-1", time.Now()); err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		s.Service(nil).ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: answer = %d %s", word, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "https://dynamodb.eu-central-1.amazonaws.com/", nil)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	service.ServeHTTP(w, r)
	if want := `"__type":"MissingAuthenticationTokenException"`; w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
		t.Errorf("answer to no signature = %d %s, want 400 %s", w.Code, w.Body, want)
	}

	s.ExpireCredentials(*out.Credentials.AccessKeyId)
	for contentType, want := range map[string]string{
		"text/plain":                        "<Error><Code>ExpiredToken</Code>",
		"application/x-amz-json-1.1":        `"__type":"ExpiredTokenException"`,
		"application/x-www-form-urlencoded": "<Code>ExpiredToken</Code>",
	} {
		if w := call(contentType); w.Code < 400 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("answer to %s = %d %s, want %s", contentType, w.Code, w.Body, want)
		}
	}
}
