package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// trustPolicyCommand is aws trust-policy.
type trustPolicyCommand struct {
	ruleFlags `embed:""`
	Rules     string `help:"Read rules from this file: a JSON list of objects with role, account, organization, project, environment, user, creator, format, extraFields ... What a rule leaves out, the flags say. - is standard input." placeholder:"FILE"`
	Output    string `help:"The form: ${enum}." enum:"json,terraform,cloudformation" default:"json" short:"o"`
	Limit     int    `help:"How many characters a policy may have in the account: 2048 unless AWS raised it, at most 8192." default:"2048" placeholder:"N"`
}

// ruleFlags are the words of a rule, on the command line and in a file.
type ruleFlags struct {
	Account      string   `json:"account" help:"The AWS account of the role." placeholder:"ID"`
	Partition    string   `json:"partition" help:"The AWS partition: aws, aws-cn, aws-us-gov, aws-eusc." placeholder:"NAME"`
	Issuer       string   `json:"issuer" help:"The issuer of the tokens. Default: ${issuer}." placeholder:"URL"`
	Audience     string   `json:"audience" help:"Who the tokens are for. Default: sts.amazonaws.com." placeholder:"AUDIENCE"`
	Organization string   `json:"organization" help:"The organization that is let in; alone, all of it." placeholder:"ID"`
	Project      string   `json:"project" help:"Only environments of this project." placeholder:"ID"`
	Environment  string   `json:"environment" help:"Only this environment." placeholder:"ID"`
	User         string   `json:"user" help:"Only this user." placeholder:"ID"`
	Creator      string   `json:"creator" help:"Only environments created by this user: id or e-mail address." placeholder:"WHO"`
	Format       string   `json:"format" help:"Which tokens: v2, v3, or both. Default: v2." enum:"v2,v3,both,V2,V3," default:"" placeholder:"FORMAT"`
	ExtraField   []string `json:"extraFields" help:"An extra subject field of the organization, in the order of its settings; repeat." placeholder:"NAME"`
	Sid          string   `json:"sid" help:"The name of the statement." placeholder:"NAME"`
	MoreAction   []string `json:"moreActions" help:"An action that is allowed too: sts:TagSession for tokens with session tags, sts:SetSourceIdentity; repeat." placeholder:"ACTION"`
}

// Help implements kong.HelpProvider.
func (c *trustPolicyCommand) Help() string {
	return `Examples:

    onafed aws trust-policy --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f
    onafed aws trust-policy --account 123456789012 --organization 0191e223-1c3c-7607-badf-303c98b52d2f \
        --project 019527e4-75d5-704d-a5a4-a2b52cf56198 --format both --output terraform
    onafed aws trust-policy --account 123456789012 --rules rules.json --output terraform

A rules file holds a list such as

    [{"role": "deploy", "organization": "0191e223-...", "project": "019527e4-..."}]

where rules of one role make one policy.`
}

// named is the policy of one role.
type named struct {
	role   string
	policy trust.Policy
}

// Run implements the command.
func (c *trustPolicyCommand) Run(_ context.Context, t *terminal) error {
	policies, err := c.policies(t)
	if err != nil {
		return unanswered(err)
	}
	var text string
	switch c.Output {
	case "terraform":
		text, err = terraform(policies)
	case "cloudformation":
		text, err = cloudFormation(policies)
	default:
		text, err = plainJSON(policies)
	}
	if err != nil {
		return unanswered(err)
	}
	_, err = io.WriteString(t.out, text)
	return err
}

func (c *trustPolicyCommand) policies(t *terminal) ([]named, error) {
	if c.Rules == "" {
		if c.Account == "" || c.Organization == "" {
			return nil, errors.New("--account and --organization are needed, or --rules FILE")
		}
		rule, err := c.rule()
		if err != nil {
			return nil, err
		}
		return c.build("", []trust.Rule{rule})
	}
	text, err := read(c.Rules, t)
	if err != nil {
		return nil, err
	}
	rules, err := readRules(c.Rules, text)
	if err != nil {
		return nil, err
	}
	var order []string
	byRole := make(map[string][]trust.Rule)
	for i, r := range rules {
		rule, err := r.or(c.ruleFlags).rule()
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		if byRole[r.Role] == nil {
			order = append(order, r.Role)
		}
		byRole[r.Role] = append(byRole[r.Role], rule)
	}
	var all []named
	for _, role := range order {
		policies, err := c.build(role, byRole[role])
		if err != nil {
			return nil, fmt.Errorf("role %s: %w", quote.Text(role, 80), err)
		}
		all = append(all, policies...)
	}
	return all, nil
}

// build makes the policies of one role, which are several when one would be too long: then roles are numbered.
func (c *trustPolicyCommand) build(role string, rules []trust.Rule) ([]named, error) {
	policies, err := trust.BuildAll(c.Limit, rules...)
	if err != nil {
		return nil, err
	}
	all := make([]named, len(policies))
	for i, p := range policies {
		all[i] = named{role, p}
		if len(policies) > 1 {
			all[i].role = fmt.Sprintf("%s-%d", cmp.Or(role, "role"), i+1)
		}
		if err := checkRoleName(all[i].role); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (f ruleFlags) rule() (trust.Rule, error) {
	if err := checkIssuer(f.Issuer); err != nil {
		return trust.Rule{}, err
	}
	layout, err := claims.NewLayout(f.ExtraField...)
	if err != nil {
		return trust.Rule{}, err
	}
	r := trust.Rule{
		Account: f.Account, Partition: f.Partition, Issuer: cmp.Or(f.Issuer, idp.Issuer), Audience: f.Audience,
		Organization: f.Organization, Project: f.Project, Environment: f.Environment, User: f.User, Creator: f.Creator,
		Layout: layout, Sid: f.Sid, MoreActions: f.MoreAction,
	}
	switch f.Format {
	case "", "v2", "V2":
		r.Format = trust.FormatV2
	case "v3", "V3":
		r.Format = trust.FormatV3
	case "both":
		r.Format = trust.FormatBoth
	default:
		return trust.Rule{}, fmt.Errorf("format %+q is none of v2, v3 and both", f.Format)
	}
	// By itself first: together with others of its role it would be told by its number among those.
	if _, err := trust.Build(r); err != nil {
		return trust.Rule{}, errors.New(strings.TrimPrefix(err.Error(), "trust: rule 0: "))
	}
	return r, nil
}
