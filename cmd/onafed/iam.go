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

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// getRole asks IAM for the trust policy of a role, by its name or ARN. It is one signed request of the query protocol (IAM API
// Reference, GetRole): the SDK's IAM client would be a large dependency for it.
func getRole(ctx context.Context, cfg aws.Config, role string) (policyfile.Document, error) {
	name := role[strings.LastIndexByte(role, '/')+1:]
	if cfg.Credentials == nil {
		return policyfile.Document{}, errors.New("reading the policy from IAM needs AWS credentials that may call iam:GetRole, and there are none")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return policyfile.Document{}, fmt.Errorf("reading the policy from IAM needs AWS credentials that may call iam:GetRole: %w", err)
	}
	endpoint, region := iamEndpoint(cfg.Region)
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return policyfile.Document{}, fmt.Errorf("the IAM endpoint %+q is neither https nor on this host: the session token would be readable on its way", endpoint)
	}
	body := url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {name}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return policyfile.Document{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "iam", region, time.Now()); err != nil {
		return policyfile.Document{}, err
	}
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return policyfile.Document{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return policyfile.Document{}, err
	}
	d, err := roleOf(resp.StatusCode, text)
	if err == nil && strings.HasPrefix(role, "arn:") && d.RoleARN != role {
		return policyfile.Document{}, fmt.Errorf("the credentials belong to another account: its role of that name is %+q", d.RoleARN)
	}
	return d, err
}

// roleOf reads IAM's answer.
func roleOf(status int, text []byte) (policyfile.Document, error) {
	var answer struct {
		Role struct {
			Arn                      string
			RoleName                 string
			AssumeRolePolicyDocument string
		} `xml:"GetRoleResult>Role"`
		Error struct{ Code, Message string }
	}
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&answer); err != nil {
		return policyfile.Document{}, fmt.Errorf("IAM answered %d with something that is not XML", status)
	}
	if status != http.StatusOK {
		return policyfile.Document{}, fmt.Errorf("IAM answered %+q: %+q", answer.Error.Code, answer.Error.Message)
	}
	policy, err := url.PathUnescape(answer.Role.AssumeRolePolicyDocument)
	if err != nil || policy == "" {
		return policyfile.Document{}, errors.New("IAM's answer holds no trust policy")
	}
	d := policyfile.Document{RoleName: answer.Role.RoleName, RoleARN: answer.Role.Arn}
	d.Policy, d.Err = trust.Parse([]byte(policy))
	return d, nil
}

// iamEndpoint is where IAM answers for the partition of a region, and the region that its signatures name (AWS General Reference,
// "AWS Identity and Access Management endpoints and quotas").
func iamEndpoint(region string) (endpoint, signingRegion string) {
	for _, name := range []string{"AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"} {
		if set := os.Getenv(name); set != "" && !strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
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
