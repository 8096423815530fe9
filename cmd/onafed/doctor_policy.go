package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// trustPolicy explains the policy when it can be had. It repeats no value of the policy's: patterns, too, may hold e-mail addresses.
func (e *examination) trustPolicy(ctx context.Context, t *terminal) {
	if e.token == nil {
		e.skipped("trust policy", "there is no token to evaluate it with")
		return
	}
	documents, err := e.documents(ctx, t)
	switch {
	case err != nil && e.command.Policy != "":
		e.problem("trust policy", err.Error(), "give --policy the policy, or what aws iam get-role prints")
		return
	case err != nil:
		e.skipped("trust policy", err.Error()+". Give it with --policy FILE: AWS does not tell which condition refuses a token")
		return
	}
	said := e.token.Claims()
	asked := explainCommand{RoleARN: e.command.RoleARN}
	for _, d := range documents {
		if d.Err != nil {
			e.problem("trust policy", d.Err.Error(), "mend the document")
			continue
		}
		decision := d.Policy.Evaluate(trust.NewRequest(said, asked.params(said, d)))
		if decision.Allowed() {
			e.ok("trust policy", "lets the token in")
		} else {
			e.problem("trust policy", outcome(decision), "onafed aws explain shows what each condition needs and what it gets")
		}
		for _, f := range trust.Lint(d.Policy) {
			if f.Severity == trust.SeverityError {
				e.problem("trust policy", fmt.Sprintf("statement %d: %s: %s", f.Statement+1, f.ID, f.Why), "onafed aws lint shows where, and --fix mends what can be mended")
			}
		}
	}
}

// documents are the policy of --policy, or what IAM says to the role itself or to the credentials of the environment.
func (e *examination) documents(ctx context.Context, t *terminal) ([]policyfile.Document, error) {
	if e.command.Policy != "" {
		return somePolicies(e.command.Policy, t)
	}
	if e.command.RoleARN == "" {
		return nil, errors.New("no role is named")
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if os.Getenv("AWS_ENDPOINT_URL_STS") != "" && os.Getenv("AWS_ENDPOINT_URL")+os.Getenv("AWS_ENDPOINT_URL_IAM") == "" {
		// Keys of an STS that is not AWS's are not AWS's to see.
		return nil, errors.New("AWS_ENDPOINT_URL_STS names an STS, and nothing names the IAM beside it (AWS_ENDPOINT_URL_IAM)")
	}
	var failure error
	if e.assumed.loadErr == nil && e.assumed.err == nil {
		d, err := getRole(ctx, e.assumed.cfg, e.command.RoleARN)
		if err == nil {
			return []policyfile.Document{d}, nil
		}
		failure = fmt.Errorf("the role itself cannot read it: %w", err)
	}
	if os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_PROFILE") != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		d, err := getRole(ctx, cfg, e.command.RoleARN)
		return []policyfile.Document{d}, err
	}
	if failure == nil {
		failure = errors.New("it cannot be read from IAM without credentials")
	}
	return nil, failure
}

// outcome names the conditions that did not hold, without their values.
func outcome(d trust.Decision) string {
	var b strings.Builder
	b.WriteString(strings.ToLower(string(d.Outcome)))
	for _, s := range d.Explain().Statements {
		var failed []string
		if s.Principal.Result != trust.Matched {
			failed = append(failed, "the principal")
		}
		for _, c := range s.Conditions {
			if c.Result != trust.Matched {
				failed = append(failed, fmt.Sprintf("%+q of %+q", c.Operator, c.Key))
			}
		}
		switch {
		case s.Effect == trust.Deny && s.Result == trust.Matched:
			fmt.Fprintf(&b, "; statement %d denies it", s.Index+1)
		case s.Effect == trust.Allow && len(failed) > 0:
			fmt.Fprintf(&b, "; statement %d does not hold: %s", s.Index+1, strings.Join(failed, ", "))
		}
	}
	return b.String()
}
