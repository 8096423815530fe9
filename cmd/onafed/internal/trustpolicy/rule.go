package trustpolicy

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/verify"
	"github.com/onafed/onafed/idp"
)

// Rule is a rule of a trust policy, as flags and as members of a rules file.
type Rule struct {
	Account      string   `help:"The AWS account of the role." placeholder:"ID"`
	Partition    string   `help:"The AWS partition: aws, aws-cn, aws-us-gov, aws-eusc." placeholder:"NAME"`
	Issuer       string   `help:"The issuer of the tokens. Default: ${issuer}." placeholder:"URL"`
	Audience     string   `help:"The audience of the tokens. Default: sts.amazonaws.com." placeholder:"AUDIENCE"`
	Organization string   `help:"The organization to allow. Without a further flag, all of it is allowed." placeholder:"ID"`
	Project      string   `help:"Allow only environments of this project." placeholder:"ID"`
	Environment  string   `help:"Allow only this environment." placeholder:"ID"`
	User         string   `help:"Allow only this user." placeholder:"ID"`
	Creator      string   `help:"Allow only environments that this user created: id or e-mail address. Needs --format v3." placeholder:"USER"`
	Format       string   `help:"The subject format of the tokens: v2, v3, or both. Default: v2." enum:"v2,v3,both,V2,V3," default:"" placeholder:"FORMAT"`
	ExtraField   []string `help:"An extra subject field of the organization; repeat the flag in the order of the organization's settings." placeholder:"NAME"`
	Sid          string   `help:"The name of the statement." placeholder:"NAME"`
	MoreAction   []string `help:"Also allow this action: sts:TagSession for tokens with session tags, or sts:SetSourceIdentity; repeat the flag for both." placeholder:"ACTION"`
}

// texts returns the texts of a rule by their names in a rules file.
func (r *Rule) texts() map[string]*string {
	return map[string]*string{
		"account": &r.Account, "partition": &r.Partition, "issuer": &r.Issuer, "audience": &r.Audience,
		"organization": &r.Organization, "project": &r.Project, "environment": &r.Environment, "user": &r.User,
		"creator": &r.Creator, "format": &r.Format, "sid": &r.Sid,
	}
}

// orFlags returns a rule of a file with the values of the flags for what it leaves out.
func (r Rule) orFlags(flags Rule) Rule {
	ofFlags := flags.texts()
	for name, text := range r.texts() {
		*text = cmp.Or(*text, *ofFlags[name])
	}
	if r.ExtraField == nil {
		r.ExtraField = flags.ExtraField
	}
	if r.MoreAction == nil {
		r.MoreAction = flags.MoreAction
	}
	return r
}

// build returns the rule for package trust. The error for a rejected rule is a *trust.RuleError.
func (r Rule) build() (trust.Rule, error) {
	if err := verify.CheckURL(r.Issuer); err != nil {
		return trust.Rule{}, err
	}
	layout, err := claims.NewLayout(r.ExtraField...)
	if err != nil {
		return trust.Rule{}, err
	}
	rule := trust.Rule{
		Account: r.Account, Partition: cmp.Or(r.Partition, "aws"), Issuer: cmp.Or(r.Issuer, idp.Issuer), Audience: cmp.Or(r.Audience, idp.AudienceAWS),
		Organization: r.Organization, Project: r.Project, Environment: r.Environment, User: r.User, Creator: r.Creator,
		Layout: layout, Sid: r.Sid, MoreActions: r.MoreAction,
	}
	switch r.Format {
	case "", "v2", "V2":
		rule.Format = trust.FormatV2
	case "v3", "V3":
		rule.Format = trust.FormatV3
	case "both":
		rule.Format = trust.FormatBoth
	default:
		return trust.Rule{}, fmt.Errorf("format %+q is not v2, v3 or both", r.Format)
	}
	_, err = trust.Build(rule)
	return rule, err
}

// rejected returns the error for a rule that package trust rejects, with a flag or a member of a
// rules file instead of the field.
func rejected(err error, name func(field string) string) error {
	if e, ok := errors.AsType[*trust.RuleError](err); ok {
		return fmt.Errorf("%s: %s", name(e.Field), e.Reason)
	}
	return err
}

// flagName returns the flag for a field of trust.Rule.
func flagName(field string) string {
	switch field {
	case "Layout":
		return "--extra-field"
	case "MoreActions":
		return "--more-action"
	}
	return "--" + strings.ToLower(field)
}

// memberName returns the member of a rules file for a field of trust.Rule.
func memberName(field string) string {
	switch field {
	case "Layout":
		return "extraFields"
	case "MoreActions":
		return "moreActions"
	}
	return strings.ToLower(field)
}
