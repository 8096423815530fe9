// Package iam reads the trust policy of a role from IAM.
package iam

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

const (
	requestTimeout = 20 * time.Second
	maxAnswer      = 1 << 20
)

// GetRole returns the trust policy of a role, which is given by its name or ARN. It sends one
// signed request of the query protocol (IAM API Reference, GetRole), because the SDK's IAM client
// would be a large dependency for it.
func GetRole(ctx context.Context, cfg aws.Config, role string) (policyfile.Document, error) {
	req, err := newRequest(ctx, cfg, role[strings.LastIndexByte(role, '/')+1:])
	if err != nil {
		return policyfile.Document{}, err
	}
	client := &http.Client{
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return policyfile.Document{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return policyfile.Document{}, err
	}
	d, err := parseAnswer(resp.StatusCode, text)
	if err == nil && strings.HasPrefix(role, "arn:") && d.RoleARN != role {
		return policyfile.Document{}, fmt.Errorf("the credentials belong to another account: its role of that name is %+q", d.RoleARN)
	}
	return d, err
}

// newRequest returns a signed request for the role of a name.
func newRequest(ctx context.Context, cfg aws.Config, name string) (*http.Request, error) {
	const needed = "to read the policy from IAM, AWS credentials with the permission iam:GetRole are needed"
	if cfg.Credentials == nil {
		return nil, errors.New(needed + ", and there are none")
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf(needed+": %w", err)
	}
	endpoint, region := endpointOf(cfg.Region)
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, fmt.Errorf("the IAM endpoint %+q is neither https nor on this host: others could read the session token on its way", endpoint)
	}
	body := url.Values{"Action": {"GetRole"}, "Version": {"2010-05-08"}, "RoleName": {name}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := sha256.Sum256([]byte(body))
	err = v4.NewSigner().SignHTTP(ctx, credentials, req, hex.EncodeToString(sum[:]), "iam", region, time.Now())
	return req, err
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// answer is IAM's answer to GetRole.
type answer struct {
	Role struct {
		Arn                      string
		RoleName                 string
		AssumeRolePolicyDocument string
	} `xml:"GetRoleResult>Role"`
	Error struct{ Code, Message string }
}

func parseAnswer(status int, text []byte) (policyfile.Document, error) {
	var a answer
	if err := xml.NewDecoder(bytes.NewReader(text)).Decode(&a); err != nil {
		return policyfile.Document{}, fmt.Errorf("IAM answered %d with a text that is not XML", status)
	}
	if status != http.StatusOK {
		return policyfile.Document{}, fmt.Errorf("IAM answered %+q: %+q", a.Error.Code, a.Error.Message)
	}
	policy, err := url.PathUnescape(a.Role.AssumeRolePolicyDocument)
	if err != nil || policy == "" {
		return policyfile.Document{}, errors.New("IAM's answer contains no trust policy")
	}
	d := policyfile.Document{RoleName: a.Role.RoleName, RoleARN: a.Role.Arn}
	d.Policy, d.Err = trust.Parse([]byte(policy))
	return d, nil
}
