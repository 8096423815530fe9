package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/trust"
)

// getRole asks IAM for the trust policy of a role, with the credentials that the SDK finds. It is one signed request of the query
// protocol (IAM API Reference, GetRole): the SDK's IAM client would be a large dependency for it.
func getRole(ctx context.Context, name string) (trust.Document, error) {
	name = name[strings.LastIndexByte(name, '/')+1:] // an ARN will do
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return trust.Document{}, err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return trust.Document{}, fmt.Errorf("--role reads the policy from IAM, which needs AWS credentials that may call iam:GetRole: %w", err)
	}
	endpoint, region := iamEndpoint(cfg.Region)
	body := url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {name}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return trust.Document{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "iam", region, time.Now()); err != nil {
		return trust.Document{}, err
	}
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return trust.Document{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return trust.Document{}, err
	}
	return roleOf(resp.StatusCode, text)
}

// roleOf reads IAM's answer.
func roleOf(status int, text []byte) (trust.Document, error) {
	var answer struct {
		Role struct {
			Arn                      string
			RoleName                 string
			AssumeRolePolicyDocument string
		} `xml:"GetRoleResult>Role"`
		Error struct{ Code, Message string }
	}
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&answer); err != nil {
		return trust.Document{}, fmt.Errorf("IAM answered %d with something that is not XML", status)
	}
	if status != http.StatusOK {
		return trust.Document{}, fmt.Errorf("IAM answered %+q: %+q", answer.Error.Code, answer.Error.Message)
	}
	policy, err := url.PathUnescape(answer.Role.AssumeRolePolicyDocument)
	if err != nil || policy == "" {
		return trust.Document{}, errors.New("IAM's answer holds no trust policy")
	}
	d := trust.Document{RoleName: answer.Role.RoleName, RoleARN: answer.Role.Arn}
	d.Policy, d.Err = trust.Parse([]byte(policy))
	return d, nil
}

// iamEndpoint is where IAM answers for the partition of a region, and the region that its signatures name (AWS General Reference,
// "AWS Identity and Access Management endpoints and quotas").
func iamEndpoint(region string) (endpoint, signingRegion string) {
	for _, name := range []string{"AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"} {
		if set := os.Getenv(name); set != "" {
			return set, "us-east-1"
		}
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"
	case strings.HasPrefix(region, "us-gov-"):
		return "https://iam.us-gov.amazonaws.com", "us-gov-west-1"
	case strings.HasPrefix(region, "eusc-"):
		return "https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"
	}
	return "https://iam.amazonaws.com", "us-east-1"
}
