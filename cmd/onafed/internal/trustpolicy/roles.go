package trustpolicy

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

// Roles are the flags that choose one role, or the roles of a rules file.
type Roles struct {
	Rule     `embed:""`
	RoleName string `help:"The name of the role. The form json does not need it." placeholder:"NAME" xor:"role"`
	Rules    string `help:"Read rules from this JSON file. If a rule does not have a member, the value of its flag applies. - is standard input." placeholder:"FILE" xor:"role"`
	Limit    int    `help:"The number of characters that the account allows in a policy: 2048 unless AWS raised it, at most 8192." default:"2048" placeholder:"N"`
}

// Role is a role with its trust policy, and the rules that the policy was built from.
type Role struct {
	Name   string // may be empty
	Policy trust.Policy
	Rules  []trust.Rule
}

var errNoName = errors.New("--role-name is needed, or the member role in each rule")

// Build returns the role of the flags, or the roles of the rules file. The account, the partition,
// the issuer and the audience of their rules are never empty. With named, every role must have a
// name.
func (c *Roles) Build(t *terminal.Terminal, named bool) ([]Role, error) {
	if c.Limit < 0 || c.Limit > trust.MaxSize {
		return nil, fmt.Errorf("--limit %d: want 1 to %d characters", c.Limit, trust.MaxSize)
	}
	if c.Rules != "" {
		return c.rolesOfFile(t, named)
	}
	if c.Account == "" || c.Organization == "" {
		return nil, errors.New("--account and --organization are needed, or --rules FILE")
	}
	rule, err := c.build()
	if err != nil {
		return nil, rejected(err, flagName)
	}
	if err := c.checkLimit(rule); err != nil {
		return nil, err
	}
	if named && c.RoleName == "" {
		return nil, errNoName
	}
	if err := policyfile.CheckRoleName(c.RoleName); err != nil {
		return nil, fmt.Errorf("--role-name: %w", err)
	}
	return c.policies(c.RoleName, []trust.Rule{rule})
}

// checkLimit returns an error if the policy of one rule is too long.
func (c *Roles) checkLimit(rule trust.Rule) error {
	p, err := trust.Build(rule)
	limit := cmp.Or(c.Limit, trust.DefaultSize)
	if n := p.Size(); err == nil && n > limit {
		return fmt.Errorf("--limit %d: the policy needs %d characters", limit, n)
	}
	return err
}

func (c *Roles) rolesOfFile(t *terminal.Terminal, named bool) ([]Role, error) {
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
		if err == nil {
			err = c.checkLimit(rule)
		}
		if err == nil && named && r.Role == "" {
			err = errNoName
		}
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, rejected(err, memberName))
		}
		if byRole[r.Role] == nil {
			names = append(names, r.Role)
		}
		byRole[r.Role] = append(byRole[r.Role], rule)
	}
	var all []Role
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
func (c *Roles) policies(name string, rules []trust.Rule) ([]Role, error) {
	policies, err := trust.BuildAll(c.Limit, rules...)
	if err != nil {
		return nil, err
	}
	roles := make([]Role, len(policies))
	for i, p := range policies {
		roles[i] = Role{Name: name, Policy: p, Rules: rules}
		if len(policies) > 1 {
			roles[i].Name = fmt.Sprintf("%s-%d", cmp.Or(name, "role"), i+1)
		}
		if err := policyfile.CheckRoleName(roles[i].Name); err != nil {
			return nil, err
		}
	}
	return roles, nil
}
