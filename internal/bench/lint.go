package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/onafed/onafed/idp"
)

const (
	lintRoles  = 5000
	lintTime   = 300 * time.Millisecond
	lintMemory = 64 << 20
)

// accountFile returns the output of aws iam get-account-authorization-details for many roles. One role
// in five trusts the issuer, and one in ten of these trusts every organization.
func accountFile(roles int) string {
	var b strings.Builder
	b.WriteString(`{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [`)
	for i := range roles {
		if i > 0 {
			b.WriteString(", ")
		}
		principal, action, condition := `{"Service": "lambda.amazonaws.com"}`, "sts:AssumeRole", ""
		if i%5 == 0 {
			principal, action = `{"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}`, "sts:AssumeRoleWithWebIdentity"
			organization := "org:" + orgID + "/prj:" + prjID + "/*"
			if i%50 == 0 {
				organization = "org:*"
			}
			condition = `, "Condition": {"StringEquals": {"app.gitpod.io:aud": "` + idp.AudienceAWS + `"}, "StringLike": {"app.gitpod.io:sub": "` + organization + `"}}`
		}
		fmt.Fprintf(&b, `
{"Path": "/", "RoleName": "role-%[1]d", "RoleId": "AROATEST%012[1]d", "Arn": "arn:aws:iam::123456789012:role/role-%[1]d", "CreateDate": "2026-01-01T00:00:00+00:00",
 "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": %[2]s, "Action": "%[3]s"%[4]s}]},
 "InstanceProfileList": [], "Tags": [{"Key": "team", "Value": "platform"}], "RoleLastUsed": {},
 "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::bucket-%[1]d/*"}]}}],
 "AttachedManagedPolicies": [{"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}`, i, principal, action, condition)
	}
	b.WriteString("]}")
	return b.String()
}

// measureLint runs onafed aws lint with the file of a large account.
func measureLint(ctx context.Context, b *bench) error {
	dir, err := os.MkdirTemp("", "onafed-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	onafed, _, err := buildPrograms(ctx, dir)
	if err != nil {
		return err
	}
	account := filepath.Join(dir, "account.json")
	text := accountFile(lintRoles)
	if err := os.WriteFile(account, []byte(text), 0o600); err != nil {
		return err
	}
	var times, memory []float64
	for range b.rounds {
		out, state, err := lint(ctx, onafed, account)
		if err != nil {
			return err
		}
		if !bytes.Contains(out, []byte("role-0")) {
			return fmt.Errorf("lint found nothing in role-0: %.300s", out)
		}
		times, memory = append(times, float64(state.UserTime()+state.SystemTime())), append(memory, float64(largestMemory(state)))
	}
	took, most := median(times), median(memory)
	b.add(line{
		work: fmt.Sprintf("onafed aws lint, %s roles of an account file (%s kB), whole process", group(lintRoles), group(len(text)>>10)),
		ours: fmt.Sprintf("%s, %.0f MB", span(took), most/(1<<20)),
		goal: fmt.Sprintf("<= %s, <= %d MB", duration(lintTime), lintMemory>>20), verdict: judge(took <= float64(lintTime)*noise && most <= lintMemory*noise),
	})
	return nil
}

// lint runs onafed aws lint. Exit status 1 means that there are findings.
func lint(ctx context.Context, onafed, file string) (out []byte, state *os.ProcessState, err error) {
	cmd := exec.CommandContext(ctx, onafed, "aws", "lint", file)
	out, err = cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return nil, nil, fmt.Errorf("onafed aws lint: %w", err)
	}
	return out, cmd.ProcessState, nil
}
