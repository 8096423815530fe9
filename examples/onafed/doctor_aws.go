package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp"
)

// role looks at the ARN alone.
func (e *examination) role() {
	arn := e.command.RoleARN
	parts := strings.SplitN(arn, ":", 6)
	switch {
	case arn == "":
		e.skipped("role", "none is named: --role-arn, or AWS_ROLE_ARN")
	case len(parts) != 6 || parts[0] != "arn" || parts[2] != "iam" || !strings.HasPrefix(parts[5], "role/"):
		e.problem("role", fmt.Sprintf("%+q is not the ARN of a role", arn), "it looks like arn:aws:iam::123456789012:role/name")
	default:
		e.ok("role", "%+q, account %s, partition %s", parts[5], parts[4], parts[1])
	}
}

// exchange does what a program does: it assumes the role.
func (e *examination) exchange(ctx context.Context, t *terminal) {
	if e.token == nil || e.command.RoleARN == "" {
		e.skipped("credentials", "they need a token and a role")
		return
	}
	f := awsFlags{RoleARN: e.command.RoleARN, Audience: e.command.Audience, Region: e.command.Region}
	_, p, err := f.load(ctx, idp.Static(e.token), logger(t, false))
	if err != nil {
		e.problem("STS", err.Error(), "see the AWS_ENDPOINT_URL variables, AWS_REGION and the config file")
		return
	}
	credentials, err := p.Credentials(ctx)
	status := p.Status()
	if status.ClockSkew != 0 || err == nil {
		e.clock("STS's", status.ClockSkew)
	}
	if err != nil {
		refusal, _ := errors.AsType[*awsfed.AssumeRoleError](err)
		if refusal != nil && refusal.Code == "" {
			e.problem("STS", err.Error(), "see that the STS endpoint can be reached from here (proxy, firewall, region)")
			return
		}
		e.problem("credentials", err.Error(), "see the check of the trust policy, or onafed aws explain")
		return
	}
	e.ok("credentials", "%s, for %s", status.AssumedRoleARN, time.Until(credentials.Expires).Round(time.Second))
}

// trustPolicy explains the policy when it can be had.
func (e *examination) trustPolicy(ctx context.Context, t *terminal) {
	if e.token == nil {
		e.skipped("trust policy", "there is no token to evaluate it with")
		return
	}
	var documents []trust.Document
	switch {
	case e.command.Policy != "":
		text, err := read(e.command.Policy, t)
		if err == nil {
			documents, err = trust.ParseDocuments(text)
		}
		if err != nil {
			e.problem("trust policy", err.Error(), "give --policy the policy, or what aws iam get-role prints")
			return
		}
	case os.Getenv("AWS_ACCESS_KEY_ID") != "" && e.command.RoleARN != "":
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		d, err := getRole(ctx, e.command.RoleARN)
		if err != nil {
			e.skipped("trust policy", "it cannot be read from IAM: "+err.Error())
			return
		}
		documents = []trust.Document{d}
	default:
		e.skipped("trust policy", "give it with --policy FILE: AWS does not tell which condition refuses a token")
		return
	}
	c := explainCommand{RoleARN: e.command.RoleARN}
	said := e.token.Claims()
	for _, d := range documents {
		if d.Err != nil {
			e.problem("trust policy", d.Err.Error(), "mend the document")
			continue
		}
		decision := d.Policy.Evaluate(trust.NewRequest(said, c.params(said, d)))
		if decision.Allowed() {
			e.ok("trust policy", "%s", decision.Reason)
		} else {
			e.problem("trust policy", fmt.Sprintf("%s: %s", decision.Outcome, decision.Reason), "onafed aws explain shows every condition")
		}
		for _, f := range trust.Lint(d.Policy) {
			if f.Severity == trust.SeverityError {
				e.problem("trust policy", f.Message, f.Why+" (onafed aws lint)")
			}
		}
	}
}

// sharedFiles looks at the files that SDKs read.
func (e *examination) sharedFiles() {
	for _, open := range []func(string, *export.FileOptions) (*export.File, error){export.NewCredentialsFile, export.NewConfigFile} {
		file, err := open("", nil)
		if err != nil {
			e.problem("shared files", err.Error(), "set HOME, or AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE")
			continue
		}
		info, err := os.Stat(file.Path())
		if err != nil {
			e.note("shared files", "%s is not there", pathOf(file.Path()))
			continue
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
			e.problem("shared files", fmt.Sprintf("%s can be read by others (mode %04o)", pathOf(file.Path()), info.Mode().Perm()), "chmod 600 "+pathOf(file.Path()))
		}
		expires, dated, err := file.Lookup(e.command.Profile, "x_security_token_expires")
		if err != nil {
			e.problem("shared files", err.Error(), "mend the line: SDKs disagree about what it means, or refuse the whole file")
			continue
		}
		e.ok("shared files", "%s is read alike by all SDKs", pathOf(file.Path()))
		if at, err := time.Parse(time.RFC3339, expires); dated && err == nil && time.Now().After(at) {
			e.problem("shared files", fmt.Sprintf("the keys of profile %+q in %s expired at %s", e.command.Profile, pathOf(file.Path()), expires),
				"onafed idp login aws --mode process lets SDKs get new ones by themselves")
		}
	}
}

// variables names what SDKs prefer to the profile, in their order.
func (e *examination) variables() {
	winners := 0
	for _, v := range []struct{ name, what string }{
		{"AWS_ACCESS_KEY_ID", "keys in the environment win over every profile and role"},
		{"AWS_WEB_IDENTITY_TOKEN_FILE", "SDKs take a web identity from the environment before they look at a profile"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "SDKs use the container endpoint when no profile has credentials"},
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "SDKs use the container endpoint when no profile has credentials"},
		{"AWS_PROFILE", "this profile is used, not the default one"},
	} {
		if os.Getenv(v.name) != "" {
			winners++
			e.note("environment", "%s is set: %s", v.name, v.what)
		}
	}
	if winners == 0 {
		e.ok("environment", "no variable wins over the profile")
	}
}
