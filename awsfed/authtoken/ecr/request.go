package ecr

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/onafed/onafed/internal/httpjson"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

const (
	requestTimeout = 20 * time.Second
	maxAnswer      = 1 << 20
	maxExpiry      = 1 << 40 // seconds since 1970, in the year 36812
	maxAttempts    = 3       // as in the SDK
	firstPause     = 200 * time.Millisecond
)

// authorization returns the current password of a registry and its expiry. It sends signed requests of
// the JSON protocol (Amazon ECR API Reference, GetAuthorizationToken). The SDK's ECR client would do
// the same, and its tables of all operations would take a third of the time in which a small program
// starts.
func authorization(ctx context.Context, cfg aws.Config, r registryHost, c aws.Credentials) (string, time.Time, error) {
	endpoint, err := endpointOf(ctx, cfg, r)
	if err != nil {
		return "", time.Time{}, err
	}
	client := cfg.HTTPClient
	if client == nil {
		client = awshttp.NewBuildableClient()
	}
	for attempt := 1; ; attempt++ {
		password, expiry, err := request(ctx, client, c, endpoint, r.region)
		if temporary, _ := retry.Temporary(err); err == nil || !temporary || attempt == maxAttempts {
			return password, expiry, err
		}
		if !retry.Pause(ctx, retry.FullJitter(retry.Exponential(firstPause, attempt, requestTimeout))) {
			return "", time.Time{}, err
		}
	}
}

// endpointOf returns the URL of ECR: one that the user configured, or that of the region.
func endpointOf(ctx context.Context, cfg aws.Config, r registryHost) (string, error) {
	endpoint := r.endpoint()
	if cfg.BaseEndpoint != nil {
		endpoint = *cfg.BaseEndpoint
	}
	for _, source := range cfg.ConfigSources {
		s, ok := source.(interface {
			GetServiceBaseEndpoint(ctx context.Context, sdkID string) (string, bool, error)
		})
		if !ok {
			continue
		}
		set, found, err := s.GetServiceBaseEndpoint(ctx, "ECR")
		if err != nil {
			return "", err
		}
		if found {
			endpoint = set
			break
		}
	}
	_, err := httpjson.CheckURL(endpoint, true)
	return endpoint, err
}

// request sends one request.
func request(ctx context.Context, client aws.HTTPClient, credentials aws.Credentials, endpoint, region string) (string, time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	const body = "{}"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return "", time.Time{}, err
	}
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	req.Header.Set("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "ecr", region, time.Now()); err != nil {
		return "", time.Time{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", time.Time{}, &temporaryError{fmt.Errorf("ECR does not answer: %w", err)}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", time.Time{}, &temporaryError{fmt.Errorf("the answer of ECR is incomplete: %w", err)}
	}
	return parseAnswer(resp.StatusCode, text)
}

// parseAnswer returns the password in an answer and its expiry.
func parseAnswer(status int, text []byte) (string, time.Time, error) {
	var answer struct {
		AuthorizationData []struct {
			AuthorizationToken string
			ExpiresAt          float64 // seconds since 1970
		}
		Type    string `json:"__type"`
		Message string
	}
	err := json.Unmarshal(text, &answer)
	if status != http.StatusOK {
		code := answer.Type[strings.LastIndexByte(answer.Type, '#')+1:]
		refused := fmt.Errorf("ECR answered %d, %s: %s", status, quote.Text(code, 60), quote.Text(answer.Message, 200))
		if status >= 500 || status == http.StatusTooManyRequests || code == "ThrottlingException" || code == "TooManyRequestsException" {
			return "", time.Time{}, &temporaryError{refused}
		}
		return "", time.Time{}, refused
	}
	if err != nil || len(answer.AuthorizationData) == 0 {
		return "", time.Time{}, errors.New("the response of ECR is not JSON with authorization data")
	}
	data := answer.AuthorizationData[0]
	pair, err := base64.StdEncoding.DecodeString(data.AuthorizationToken)
	user, password, ok := strings.Cut(string(pair), ":")
	switch {
	case err != nil || !ok || user != Username || password == "":
		return "", time.Time{}, errors.New("the authorization token in the response of ECR is not the base64 of AWS:<password>")
	case data.ExpiresAt < 1 || data.ExpiresAt > maxExpiry:
		return "", time.Time{}, errors.New("the response of ECR has no expiry")
	}
	return password, time.Unix(int64(data.ExpiresAt), 0), nil
}

// temporaryError is an error that may go away when tried again.
type temporaryError struct{ error }

// Temporary returns true.
func (e *temporaryError) Temporary() bool { return true }

// Unwrap returns the error.
func (e *temporaryError) Unwrap() error { return e.error }
