package iam

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// Role is a role with its trust policy.
type Role struct {
	policyfile.Document
	// MaxSession is the maximum session duration, or 0 if IAM does not say it.
	MaxSession time.Duration
}

// GetRole returns a role, which is given by its name or ARN (IAM API Reference, GetRole).
func GetRole(ctx context.Context, cfg aws.Config, role string) (Role, error) {
	status, text, err := send(ctx, cfg, "GetRole", url.Values{"RoleName": {role[strings.LastIndexByte(role, '/')+1:]}})
	if err != nil {
		return Role{}, err
	}
	r, err := parseRole(status, text)
	if err == nil && strings.HasPrefix(role, "arn:") && r.RoleARN != role {
		return Role{}, fmt.Errorf("the credentials belong to another account: its role of that name is %+q", r.RoleARN)
	}
	return r, err
}

func parseRole(status int, text []byte) (Role, error) {
	var answer struct {
		Role struct {
			Arn                      string
			RoleName                 string
			AssumeRolePolicyDocument string
			MaxSessionDuration       int64
		} `xml:"GetRoleResult>Role"`
	}
	if err := parse(status, text, &answer); err != nil {
		return Role{}, err
	}
	policy, err := url.PathUnescape(answer.Role.AssumeRolePolicyDocument)
	if err != nil || policy == "" {
		return Role{}, errors.New("IAM's answer contains no trust policy")
	}
	seconds := answer.Role.MaxSessionDuration
	if seconds < 0 || seconds > maxSession {
		return Role{}, fmt.Errorf("IAM's answer has the maximum session duration %d", seconds)
	}
	r := Role{
		Document:   policyfile.Document{RoleName: answer.Role.RoleName, RoleARN: answer.Role.Arn},
		MaxSession: time.Duration(seconds) * time.Second,
	}
	r.Policy, r.Err = trust.Parse([]byte(policy))
	return r, nil
}

// maxSession is the longest session in seconds that a role can allow.
const maxSession = 43200
