// Package trustpolicy is the command "aws trust-policy": it writes the trust policies of roles.
package trustpolicy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// Command is "aws trust-policy".
type Command struct {
	Rule     `embed:""`
	RoleName string `help:"The name of the role in the forms terraform and cloudformation." placeholder:"NAME" xor:"role"`
	Rules    string `help:"Read rules from this JSON file. If a rule does not have a member, the value of its flag applies. - is standard input." placeholder:"FILE" xor:"role"`
	Output   string `help:"The form: ${enum}." enum:"json,terraform,cloudformation" default:"json" short:"o"`
	Limit    int    `help:"The number of characters that the account allows in a policy: 2048 unless AWS raised it, at most 8192." default:"2048" placeholder:"N"`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Examples:

    onafed aws trust-policy --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f
    onafed aws trust-policy --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f \
        --project 019527e4-75d5-704d-a5a4-a2b52cf56198 --format both --role-name deploy --output terraform
    onafed aws trust-policy --account 123456789012 --rules rules.json --output terraform

A rules file is a list of objects:

    [{"role": "deploy", "organization": "0191e223-...", "project": "019527e4-..."}]

The members are role, account, partition, issuer, audience, organization, project, environment, user, creator, format,
extraFields (a list), sid and moreActions (a list). An unknown, repeated or empty member is an error, because a misspelt
"project" would allow the whole organization. Rules of one role make one policy, or several numbered roles if one policy
would be longer than --limit.

Text in a policy that Terraform or CloudFormation would replace is escaped or refused. A role name that IAM refuses is an
error.`
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
	roles, err := c.roles(t)
	if err != nil {
		return "", err
	}
	switch c.Output {
	case "terraform":
		return policyfile.Terraform(roles)
	case "cloudformation":
		return policyfile.CloudFormation(roles)
	default:
		return policyfile.JSON(roles)
	}
}

// roles returns the role of the flags, or the roles of the rules file.
func (c *Command) roles(t *terminal.Terminal) ([]policyfile.Role, error) {
	if c.Rules != "" {
		return c.rolesOfFile(t)
	}
	if c.Account == "" || c.Organization == "" {
		return nil, errors.New("--account and --organization are needed, or --rules FILE")
	}
	rule, err := c.build()
	if err != nil {
		return nil, rejected(err, flagName)
	}
	if err := policyfile.CheckRoleName(c.RoleName); err != nil {
		return nil, fmt.Errorf("--role-name: %w", err)
	}
	return c.policies(c.RoleName, []trust.Rule{rule})
}

func (c *Command) rolesOfFile(t *terminal.Terminal) ([]policyfile.Role, error) {
	text, err := t.ReadFile(c.Rules)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", quote.Path(c.Rules), err)
	}
	var names []string // in the order of the file
	byRole := make(map[string][]trust.Rule)
	for i, r := range rules {
		rule, err := r.orFlags(c.Rule).build()
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, rejected(err, memberName))
		}
		if byRole[r.Role] == nil {
			names = append(names, r.Role)
		}
		byRole[r.Role] = append(byRole[r.Role], rule)
	}
	var all []policyfile.Role
	for _, name := range names {
		roles, err := c.policies(name, byRole[name])
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", quote.Text(name, 80), err)
		}
		all = append(all, roles...)
	}
	return all, nil
}

// policies returns the role with its policy, or numbered roles if one policy would be too long.
func (c *Command) policies(name string, rules []trust.Rule) ([]policyfile.Role, error) {
	policies, err := trust.BuildAll(c.Limit, rules...)
	if err != nil {
		return nil, err
	}
	roles := make([]policyfile.Role, len(policies))
	for i, p := range policies {
		roles[i] = policyfile.Role{Name: name, Policy: p}
		if len(policies) > 1 {
			roles[i].Name = fmt.Sprintf("%s-%d", cmp.Or(name, "role"), i+1)
		}
		if err := policyfile.CheckRoleName(roles[i].Name); err != nil {
			return nil, err
		}
	}
	return roles, nil
}
