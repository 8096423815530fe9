// Package explain is the command "aws explain": it evaluates a trust policy without calling AWS.
package explain

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/iam"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Command is "aws explain".
type Command struct {
	Policy       string            `help:"The trust policy, or a document that contains it: aws iam get-role, get-account-authorization-details, terraform show -json. - is standard input." placeholder:"FILE" xor:"policy"`
	Role         string            `help:"Read the trust policy of this role from IAM, with the AWS credentials of the environment (iam:GetRole)." placeholder:"NAME" xor:"policy"`
	Claims       string            `help:"The payload of a token, or the output of idp token --decode, instead of a token. - is standard input." placeholder:"FILE"`
	RoleARN      string            `help:"The role to assume. Default: the role in the document. With --next-role: the first role." placeholder:"ARN"`
	NextRole     []role.NextRole   `sep:"none" help:"Evaluate the policy for this role, which the role before it assumes. Can be repeated, in the order of the chain: the policy is that of the last role. The same as in aws env --help." placeholder:"ARN[,NAME=VALUE]..."`
	SessionName  string            `name:"role-session-name" help:"The name of the session, for policies with sts:RoleSessionName. Default: the name that the provider makes from the token." placeholder:"NAME"`
	SourceIP     netip.Addr        `help:"The address of the caller, for policies with aws:SourceIp." placeholder:"IP"`
	Context      map[string]string `mapsep:"none" help:"The value of a condition key that only AWS knows, as key=value. Can be repeated." placeholder:"KEY=VALUE"`
	Audience     string            `help:"The audience of the token, if it comes from the environment. Default: the one that AWS expects in the role's partition." placeholder:"AUDIENCE"`
	ShowValues   bool              `help:"Show the values of the token unchanged, with personal data."`
	JSON         bool              `help:"Print the decision as JSON."`
	Verbose      bool              `short:"v" help:"Log each step on standard error."`
	source.Flags `embed:""`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Evaluates a trust policy as AWS does, without calling AWS. For every statement, principal, action and condition it shows what
the policy needs and what the token has. The exit status is 0 if the token is allowed, 1 if it is denied, and 2 if the
decision is undetermined.

With --next-role, the policy is the one of the last role of a chain, and the call of the role before it is evaluated. No token
is needed. If the name of the session comes from the token, name the token or --role-session-name. The permissions of the
role before it are not evaluated: it must also be allowed to call sts:AssumeRole.

Examples:

    onafed aws explain --policy trust.json                        # with the token of this environment
    onafed aws explain --policy trust.json --claims decoded.json  # the output of onafed idp token --decode
    aws iam get-role --role-name deploy | onafed aws explain --policy - --token-file token
    onafed aws explain --role deploy --json | jq .allowed
    onafed aws explain --policy next.json --role-arn arn:aws:iam::123456789012:role/deploy --next-role arn:aws:iam::210987654321:role/next,external-id=example`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	if c.Policy+c.Role == "" {
		return errors.New("no policy is given: use --policy FILE, or --role NAME to read it from IAM")
	}
	if len(c.NextRole) > 0 {
		if err := c.checkChain(); err != nil {
			return err
		}
	}
	if c.Claims != "" && c.Chosen() {
		return errors.New("--claims replaces a token: it cannot be used with the flags that choose a token")
	}
	return c.Check()
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	subject, err := c.claims(ctx, t)
	if err == nil {
		err = c.checkContext(subject.Issuer)
	}
	if err != nil {
		return exit.Unanswered(err)
	}
	documents, err := c.documents(ctx, t)
	if err == nil && len(c.NextRole) > 0 {
		documents, err = c.ofLastRole(documents)
	}
	if err != nil {
		return exit.Unanswered(err)
	}
	if !subject.Expiry.IsZero() && !subject.Expiry.After(time.Now()) {
		t.Warn("the token expired at %s: the decision is for a token that has not expired", subject.Expiry.UTC().Format(time.RFC3339))
	}
	decisions, status := c.evaluate(t, subject, documents)
	if len(decisions) > 0 {
		if err := c.print(t, decisions); err != nil {
			return exit.Unanswered(err)
		}
	}
	if status != exit.OK {
		return exit.Silently(status)
	}
	return nil
}

// evaluate returns the decision on each policy and the exit status for all of them. A policy that
// cannot be read does not hide the others.
func (c *Command) evaluate(t *terminal.Terminal, subject claims.Claims, documents []policyfile.Document) (decisions []decision, status int) {
	for _, d := range documents {
		name, _ := d.Name()
		if d.Err != nil {
			t.Say("onafed: %s: %v", name, d.Err)
			status = exit.Unknown
			continue
		}
		result := d.Policy.Evaluate(c.request(t, subject, d))
		decisions = append(decisions, decision{d, result})
		switch result.Outcome {
		case trust.Allowed:
		case trust.Denied:
			status = max(status, exit.No)
		default:
			status = exit.Unknown
		}
	}
	return decisions, status
}

// request returns the request for the role of a document.
func (c *Command) request(t *terminal.Terminal, subject claims.Claims, d policyfile.Document) trust.Request {
	if len(c.NextRole) > 0 {
		return c.nextRequest(subject)
	}
	params := c.params(subject, d)
	if params.RoleARN == "" && params.Account != "" {
		name, _ := d.Name()
		t.Say("onafed: %s has no role, so account %s of the identity provider is used; --role-arn names the role", name, params.Account)
	}
	return trust.NewRequest(subject, params)
}

func (c *Command) documents(ctx context.Context, t *terminal.Terminal) ([]policyfile.Document, error) {
	if c.Role == "" {
		return policyfile.ReadSome(c.Policy, t)
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	r, err := iam.GetRole(ctx, cfg, c.Role)
	return []policyfile.Document{r.Document}, err
}
