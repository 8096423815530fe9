package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/idp"
)

// The secret of Ona's documentation, with a value for this run.
const (
	secretName  = "database_connection_string"
	secretValue = "postgres://dev:onafed@127.0.0.1:5432/dev"
)

// showSecret reads the secret with the credentials of the role and prints it.
func showSecret(ctx context.Context, src idp.TokenSource, endpoint string, out *report) error {
	cfg, err := loadConfig(ctx, roleARN, src, endpoint)
	if err != nil {
		return err
	}
	const call = `{"SecretId":"` + secretName + `"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(call))
	if err != nil {
		return err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	// A real program calls GetSecretValue of service/secretsmanager. That client would be one more
	// requirement of this module, for a single request.
	sum := sha256.Sum256([]byte(call))
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "secretsmanager.GetSecretValue")
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "secretsmanager", cfg.Region, time.Now()); err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GetSecretValue answers %s (%s)", resp.Status, resp.Header.Get("X-Amzn-Errortype"))
	}
	var answer struct{ ARN, SecretString string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&answer); err != nil {
		return fmt.Errorf("reading the answer of GetSecretValue: %w", err)
	}
	out.line("secret", "%s", answer.ARN)
	out.line("value", "%s", answer.SecretString)
	return nil
}
