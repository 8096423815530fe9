package main

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-containerregistry/pkg/name"
)

// A service is the API of ECR.
type service struct{}

func (service) Do(r *http.Request) (*http.Response, error) {
	body := fmt.Sprintf(`{"authorizationData":[{"authorizationToken":%q,"expiresAt":%d}]}`,
		base64.StdEncoding.EncodeToString([]byte("AWS:the-password")), time.Now().Add(12*time.Hour).Unix())
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func TestKeychain(t *testing.T) {
	cfg := aws.Config{Region: "us-east-1", HTTPClient: service{}, Credentials: credentials.NewStaticCredentialsProvider("AKID", "secret", "session")}
	registry, err := name.NewRegistry("123456789012.dkr.ecr.eu-central-1.amazonaws.com")
	if err != nil {
		t.Fatal(err)
	}
	auth, err := keychain{cfg}.ResolveContext(t.Context(), registry)
	if err != nil {
		t.Fatal(err)
	}
	c, err := auth.Authorization()
	if err != nil || c.Username != "AWS" || c.Password != "the-password" {
		t.Errorf("Authorization = %v, %v, want the password of ECR", c, err)
	}
	other, err := name.NewRegistry("registry.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if auth, err := (keychain{cfg}).ResolveContext(t.Context(), other); err == nil {
		t.Errorf("Resolve of another registry = %v, want an error", auth)
	}
}
