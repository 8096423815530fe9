package explain

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/internal/quote"
)

// Params returns the parameters of a request for a role with a token of the given claims. The role
// is roleARN, or else the one of the document.
func Params(c claims.Claims, d policyfile.Document, roleARN string) trust.Params {
	p := trust.Params{RoleARN: roleARN, Time: time.Now()}
	if p.RoleARN == "" {
		p.RoleARN = d.RoleARN
	}
	if p.RoleARN == "" {
		p.Partition, p.Account = providerAccount(d.Policy, c.Issuer)
	}
	if id, err := c.Identity(); err == nil {
		p.SessionName = id.SessionName()
	}
	return p
}

// params returns the parameters of the flags.
func (c *Command) params(subject claims.Claims, d policyfile.Document) trust.Params {
	p := Params(subject, d, c.RoleARN)
	p.SourceIP, p.Context, p.ShowValues = c.SourceIP, c.context(), c.ShowValues
	if c.SessionName != "" {
		p.SessionName = c.SessionName
	}
	return p
}

// checkContext refuses a key of --context whose value comes from elsewhere: the decision would be
// for a request that nobody makes.
func (c *Command) checkContext(issuer string) error {
	host := strings.ToLower(strings.TrimPrefix(issuer, "https://")) + ":"
	for key := range c.Context {
		switch lower := strings.ToLower(key); {
		case key == "":
			return errors.New("--context: the key is empty: write KEY=VALUE")
		case lower == "aws:sourceip" && c.SourceIP.IsValid():
			return errors.New("--context aws:SourceIp: --source-ip sets it: leave one of them out")
		case issuer != "" && strings.HasPrefix(lower, host):
			return fmt.Errorf("--context %s: the keys of the issuer come from the token: use another one, or change the claims with --claims FILE", quote.Word(key))
		}
	}
	return nil
}

// context returns the values of --context.
func (c *Command) context() map[string][]string {
	values := make(map[string][]string, len(c.Context))
	for key, value := range c.Context {
		values[key] = []string{value}
	}
	return values
}

// providerAccount returns the partition and the account of an issuer's identity provider, from the
// principals of a policy; empty if they name none or several accounts. A web identity can assume a
// role only through a provider in the account of the role.
func providerAccount(p trust.Policy, issuer string) (partition, account string) {
	name := "oidc-provider/" + strings.TrimPrefix(issuer, "https://")
	for _, s := range p.Statements {
		for _, principal := range s.Principal.Federated {
			provider, err := arn.Parse(principal)
			if err != nil || provider.Resource != name {
				continue
			}
			if account != "" && (provider.Partition != partition || provider.AccountID != account) {
				return "", ""
			}
			partition, account = provider.Partition, provider.AccountID
		}
	}
	return partition, account
}
