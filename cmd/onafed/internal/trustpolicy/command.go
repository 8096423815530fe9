// Package trustpolicy is the command "aws trust-policy": it writes the trust policies of roles.
package trustpolicy

import (
	"context"
	"io"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Command is "aws trust-policy".
type Command struct {
	Roles  `embed:""`
	Output string `help:"The output format: ${enum}." enum:"json,terraform,cloudformation" default:"json" short:"o"`
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
	built, err := c.Build(t, c.Output != "json")
	if err != nil {
		return "", err
	}
	roles := make([]policyfile.Role, len(built))
	for i, r := range built {
		roles[i] = policyfile.Role{Name: r.Name, Policy: r.Policy}
	}
	switch c.Output {
	case "terraform":
		return policyfile.Terraform(nil, roles)
	case "cloudformation":
		return policyfile.CloudFormation(nil, roles)
	default:
		return policyfile.JSON(roles)
	}
}
