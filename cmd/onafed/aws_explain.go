package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/idp"
)

// explainCommand is aws explain.
type explainCommand struct {
	Policy      string            `help:"The trust policy, or a document that has it: aws iam get-role, get-account-authorization-details, terraform show -json. - is standard input." placeholder:"FILE" xor:"policy"`
	Role        string            `help:"Read the trust policy of this role from IAM, with the AWS credentials of the environment (iam:GetRole)." placeholder:"NAME" xor:"policy"`
	Claims      string            `help:"The payload of a token, or what idp token --decode prints, instead of a token. - is standard input." placeholder:"FILE"`
	RoleARN     string            `help:"The role that is asked for. Default: as the document says." placeholder:"ARN"`
	SessionName string            `name:"role-session-name" help:"The name of the session, for policies that ask for sts:RoleSessionName. Default: as the provider makes it from the token." placeholder:"NAME"`
	SourceIP    netip.Addr        `help:"The address of the caller, for policies that ask for aws:SourceIp." placeholder:"IP"`
	Context     map[string]string `help:"A condition key that only AWS sees, as key=value." placeholder:"KEY=VALUE"`
	Audience    string            `help:"Who the token is for, when it comes from the environment. Default: what AWS expects in the partition of the role." placeholder:"AUDIENCE"`
	ShowValues  bool              `help:"Show the values of the token as they are, personal data included."`
	JSON        bool              `help:"Print the decision as JSON."`
	Verbose     bool              `short:"v" help:"Say on standard error what is done."`
	tokenFlags  `embed:""`
}

// Help implements kong.HelpProvider.
func (c *explainCommand) Help() string {
	return `Evaluates a trust policy as AWS does, without asking AWS, and says of every statement, principal, action and condition what it needed
and what it got. The exit status is 0 when the token is let in, 1 when it is refused, and 2 when that is not known.

Examples:

    onafed aws explain --policy trust.json                        # with the token of this environment
    onafed aws explain --policy trust.json --claims decoded.json  # what onafed idp token --decode printed
    aws iam get-role --role-name deploy | onafed aws explain --policy - --token-file token
    onafed aws explain --role deploy --json | jq .allowed`
}

// Validate is called by kong.
func (c *explainCommand) Validate() error {
	if c.Policy+c.Role == "" {
		return errors.New("which policy? Give --policy FILE, or --role NAME to read it from IAM")
	}
	if c.Claims != "" && c.TokenFile+c.TokenEnv+c.TokenCommand+c.APITokenFile+c.APITokenEnv != "" {
		return errors.New("--claims is instead of a token: leave the flags that say where one comes from out")
	}
	return c.check()
}

// Run implements the command.
func (c *explainCommand) Run(ctx context.Context, t *terminal) error {
	said, err := c.claims(ctx, t)
	if err != nil {
		return unanswered(err)
	}
	documents, err := c.documents(ctx, t)
	if err != nil {
		return unanswered(err)
	}
	if !said.Expiry.IsZero() && !said.Expiry.After(time.Now()) {
		t.say("onafed: warning: the token has expired, at %s: the decision is that for one that has not", said.Expiry.UTC().Format(time.RFC3339))
	}
	worst := 0
	var decisions []explained
	for _, d := range documents {
		if d.Err != nil { // one that cannot be read does not hide the others
			t.say("onafed: %s: %v", nameOf(d), d.Err)
			worst = 2
			continue
		}
		params := c.params(said, d)
		if params.RoleARN == "" && params.Account != "" {
			t.say("onafed: %s names no role: it is taken to be in account %s, as the identity provider is; --role-arn says it for certain", nameOf(d), params.Account)
		}
		decision := d.Policy.Evaluate(trust.NewRequest(said, params))
		decisions = append(decisions, explained{d, decision})
		switch decision.Outcome {
		case trust.Allowed:
		case trust.Denied:
			worst = max(worst, 1)
		default:
			worst = 2
		}
	}
	if len(decisions) > 0 {
		if err := c.print(t, decisions); err != nil {
			return err
		}
	}
	if worst > 0 {
		return &exitError{code: worst}
	}
	return nil
}

// explained is a decision with the answer in front that a script looks for.
type explained struct {
	document policyfile.Document
	decision trust.Decision
}

// MarshalJSON puts the answer, and the place of the policy in a Terraform plan, before the members of the decision.
func (e explained) MarshalJSON() ([]byte, error) {
	answer, err := json.Marshal(struct {
		Allowed bool   `json:"allowed"`
		Address string `json:"address,omitempty"`
	}{e.decision.Allowed(), e.document.Address})
	if err != nil {
		return nil, err
	}
	decision, err := json.Marshal(e.decision.Explain())
	if err != nil {
		return nil, err
	}
	answer[len(answer)-1] = ','
	return append(answer, decision[1:]...), nil
}

func (c *explainCommand) print(t *terminal, decisions []explained) error {
	if c.JSON {
		if len(decisions) == 1 {
			return writeJSON(t, decisions[0])
		}
		return writeJSON(t, decisions)
	}
	for _, d := range decisions {
		if len(decisions) > 1 {
			fmt.Fprintf(t.out, "%s: ", nameOf(d.document))
		}
		if _, err := io.WriteString(t.out, d.decision.Explain().Text()); err != nil {
			return err
		}
	}
	return nil
}

func (c *explainCommand) params(said claims.Claims, d policyfile.Document) trust.Params {
	p := trust.Params{
		RoleARN:     c.RoleARN,
		SessionName: c.SessionName,
		SourceIP:    c.SourceIP,
		Time:        time.Now(),
		ShowValues:  c.ShowValues,
	}
	if p.RoleARN == "" {
		p.RoleARN = d.RoleARN
	}
	if p.RoleARN == "" {
		p.Partition, p.Account = providerAccount(d.Policy, said.Issuer)
	}
	if id, err := said.Identity(); err == nil && p.SessionName == "" {
		p.SessionName = id.SessionName()
	}
	for key, value := range c.Context {
		if p.Context == nil {
			p.Context = make(map[string][]string)
		}
		p.Context[key] = []string{value}
	}
	return p
}

// providerAccount is where the identity provider of an issuer is, by the principals of a policy; empty when they name several accounts or
// none. A role can be assumed by a web identity only of a provider in its own account.
func providerAccount(p trust.Policy, issuer string) (partition, account string) {
	name := "oidc-provider/" + strings.TrimPrefix(issuer, "https://")
	for _, s := range p.Statements {
		for _, arn := range s.Principal.Federated {
			parts := strings.SplitN(arn, ":", 6)
			if len(parts) != 6 || parts[5] != name {
				continue
			}
			if account != "" && (parts[1] != partition || parts[4] != account) {
				return "", ""
			}
			partition, account = parts[1], parts[4]
		}
	}
	return partition, account
}

// claims are those of --claims, or of a token, which may have expired.
func (c *explainCommand) claims(ctx context.Context, t *terminal) (claims.Claims, error) {
	if c.Claims != "" {
		if c.Claims == "-" && c.Policy == "-" {
			return claims.Claims{}, errors.New("--policy and --claims cannot both be standard input")
		}
		text, err := read(c.Claims, t)
		if err != nil {
			return claims.Claims{}, err
		}
		said, err := readClaims(text)
		if err != nil {
			return claims.Claims{}, fmt.Errorf("--claims %+q: %w", c.Claims, err)
		}
		return said, nil
	}
	raw, found, err := c.given(ctx)
	if err != nil {
		return claims.Claims{}, err
	}
	if found {
		token, err := idp.ParseToken(raw)
		if err != nil {
			return claims.Claims{}, fmt.Errorf("%s: %w", c.givenName(), err)
		}
		return token.Claims(), nil
	}
	src, err := c.source(c.audience(), logger(t, c.Verbose))
	if err != nil {
		return claims.Claims{}, err
	}
	token, err := src.Token(ctx)
	if err != nil {
		return claims.Claims{}, err
	}
	return token.Claims(), nil
}

func (c *explainCommand) documents(ctx context.Context, t *terminal) ([]policyfile.Document, error) {
	if c.Role != "" {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		d, err := getRole(ctx, cfg, c.Role)
		return []policyfile.Document{d}, err
	}
	return somePolicies(c.Policy, t)
}

// somePolicies are the trust policies of a file that is to have any.
func somePolicies(path string, t *terminal) ([]policyfile.Document, error) {
	found, err := documents(path, t)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%+q has no trust policy", path)
	}
	return found, err
}

// audience is the one of the flags, or the custom of the partition of the role that is named by an ARN.
func (c *explainCommand) audience() string {
	return cmp.Or(c.Audience, awsfed.Audience(cmp.Or(c.RoleARN, c.Role)))
}

// nameOf is how a document's role is called in what is printed.
func nameOf(d policyfile.Document) string {
	for _, name := range []string{d.Address, d.RoleARN, d.RoleName} {
		if name != "" {
			return fmt.Sprintf("%+q", name)
		}
	}
	return "the policy"
}
