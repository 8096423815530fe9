// Package setup is the command "aws setup": it writes what an AWS account needs for ID tokens.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/trustpolicy"
	"github.com/onafed/onafed/internal/quote"
)

// Command is "aws setup".
type Command struct {
	trustpolicy.Roles  `embed:""`
	RolePath           string   `help:"The path of the role, such as /ci/. Default: /." placeholder:"PATH"`
	MaxSessionDuration int      `help:"The longest session that the role allows, 3600 to 43200 seconds. Default: an hour for a new role, no change of an existing one." placeholder:"N"`
	AttachPolicy       []string `help:"Attach this managed policy; repeat the flag for several." placeholder:"ARN" sep:"none"`
	InlinePolicy       string   `help:"A JSON file with the permissions of the role, which become its inline policy named onafed." placeholder:"FILE"`
	Tag                []string `help:"A tag of what is created; repeat the flag for several." placeholder:"KEY=VALUE" sep:"none"`
	ExistingProvider   bool     `help:"The account already has the identity provider, with the audience. It is not changed."`
	Thumbprint         []string `help:"The SHA-1 thumbprint of a certificate of the issuer's host, 40 hexadecimal digits. AWS needs it only for hosts without a certificate of a well-known authority." placeholder:"HEX"`
	Output             string   `help:"The output format: ${enum}." enum:"cli,terraform,cloudformation" default:"cli" short:"o"`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Writes the OIDC identity provider of the account, the role with its trust policy, and the role's permissions. Nothing is sent to AWS.
The trust policy is the one that "onafed aws trust-policy" writes for the same flags.

Examples:

    onafed aws setup --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f --role-name deploy \
        --attach-policy arn:aws:iam::aws:policy/ReadOnlyAccess > setup.sh
    sh setup.sh
    onafed aws setup --account 123456789012 --rules rules.json --existing-provider --output terraform > roles.tf
    onafed aws setup --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f --role-name deploy \
        --inline-policy permissions.json --max-session-duration 43200 --output cloudformation > stack.json

The output formats:

  cli             A script for sh with commands of the AWS CLI. It stops if the credentials belong to another account. You can run
                  it again: it adds a missing audience to the identity provider, and replaces the trust policy, the maximum session
                  duration and the inline policy of a role. It removes nothing else.
  terraform       Resources for Terraform 1.2 or newer. With --existing-provider, a data source instead of the resource.
  cloudformation  A template. Its parameter CreateProvider decides whether it creates the identity provider. It needs
                  CAPABILITY_NAMED_IAM.

Old versions of the AWS CLI and of Terraform's AWS provider refuse a provider without --thumbprint.

With --rules, every role gets the same permissions, path and tags. Text that has a special meaning in the output format is quoted
or refused.`
}

// Run implements the command.
func (c *Command) Run(_ context.Context, t *terminal.Terminal) error {
	text, err := c.text(t)
	if err != nil {
		return exit.Unanswered(err)
	}
	_, err = io.WriteString(t.Out, text)
	return err
}

func (c *Command) text(t *terminal.Terminal) (string, error) {
	built, err := c.Build(t, true)
	if err != nil {
		return "", err
	}
	provider, err := c.provider(built)
	if err != nil {
		return "", err
	}
	roles, err := c.roles(t, built)
	if err != nil {
		return "", err
	}
	c.warn(t, built)
	switch c.Output {
	case "terraform":
		return policyfile.Terraform(provider, roles)
	case "cloudformation":
		return policyfile.CloudFormation(provider, roles)
	default:
		return policyfile.AWSCLI(provider, roles)
	}
}

// provider returns the identity provider that all roles trust, with the audiences of all rules.
func (c *Command) provider(roles []trustpolicy.Role) (*policyfile.Provider, error) {
	p := &policyfile.Provider{Exists: c.ExistingProvider}
	for _, role := range roles {
		for _, rule := range role.Rules {
			arn, err := trust.ProviderARN(rule.Partition, rule.Account, rule.Issuer)
			switch {
			case err != nil:
				return nil, err
			case p.ARN != "" && p.ARN != arn:
				return nil, fmt.Errorf("the rules have two identity providers, %s and %s: write each in a setup of its own", quote.Name(p.ARN), quote.Name(arn))
			}
			p.ARN, p.URL = arn, rule.Issuer
			if !slices.Contains(p.Audiences, rule.Audience) {
				p.Audiences = append(p.Audiences, rule.Audience)
			}
		}
	}
	if err := checkURL(p.URL); err != nil {
		return nil, err
	}
	for _, audience := range p.Audiences {
		if n := len([]rune(audience)); n > maxAudience {
			return nil, fmt.Errorf("the audience %s has %d characters: IAM accepts at most %d", quote.Name(audience), n, maxAudience)
		}
	}
	var err error
	if p.Tags, err = tags(c.Tag); err != nil {
		return nil, fmt.Errorf("--tag: %w", err)
	}
	if p.Thumbprints, err = thumbprints(c.Thumbprint); err != nil {
		return nil, fmt.Errorf("--thumbprint: %w", err)
	}
	if c.ExistingProvider && len(p.Thumbprints) > 0 {
		return nil, errors.New("--thumbprint and --existing-provider: an existing provider is not changed")
	}
	return p, nil
}

// roles returns the roles with what the flags add to each.
func (c *Command) roles(t *terminal.Terminal, built []trustpolicy.Role) ([]policyfile.Role, error) {
	if err := checkPath(c.RolePath); err != nil {
		return nil, fmt.Errorf("--role-path: %w", err)
	}
	if s := c.MaxSessionDuration; s != 0 && (s < minSession || s > maxSession) {
		return nil, fmt.Errorf("--max-session-duration %d: IAM accepts %d to %d seconds", s, minSession, maxSession)
	}
	rule := built[0].Rules[0] // all rules have the account and the partition of the provider
	if err := checkPolicies(rule.Partition, rule.Account, c.AttachPolicy); err != nil {
		return nil, fmt.Errorf("--attach-policy: %w", err)
	}
	inline := ""
	if c.InlinePolicy != "" {
		text, err := t.ReadFile(c.InlinePolicy)
		if err == nil {
			inline, err = policyfile.PermissionPolicy(text)
		}
		if err != nil {
			return nil, fmt.Errorf("--inline-policy %s: %w", quote.Path(c.InlinePolicy), err)
		}
	}
	tags, err := tags(c.Tag)
	if err != nil {
		return nil, fmt.Errorf("--tag: %w", err)
	}
	roles := make([]policyfile.Role, len(built))
	for i, r := range built {
		// IAM does not distinguish names that differ only in letter case.
		if j := slices.IndexFunc(built[:i], func(b trustpolicy.Role) bool { return strings.EqualFold(b.Name, r.Name) }); j >= 0 {
			return nil, fmt.Errorf("the roles %s and %s differ only in letter case, which IAM does not distinguish: rename one", quote.Name(built[j].Name), quote.Name(r.Name))
		}
		roles[i] = policyfile.Role{
			Name: r.Name, Policy: r.Policy, Path: c.RolePath, MaxSession: c.MaxSessionDuration,
			ManagedPolicies: c.AttachPolicy, InlinePolicy: inline, Tags: tags,
		}
	}
	return roles, nil
}

// warn says that a login in China needs --audience, because the default audience of this command is
// not that of a login.
func (c *Command) warn(t *terminal.Terminal, roles []trustpolicy.Role) {
	for _, role := range roles {
		for _, rule := range role.Rules {
			usual := awsfed.Audience("arn:" + rule.Partition + ":iam::" + rule.Account + ":role/" + role.Name)
			if rule.Audience != usual && rule.Audience == awsfed.Audience("") {
				t.Say("onafed: in the partition %s a login asks for tokens with the audience %s: use --audience %[2]s here, or --audience %s for each login", rule.Partition, usual, rule.Audience)
				return
			}
		}
	}
}
