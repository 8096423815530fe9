package explain

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/internal/quote"
)

// checkChain checks the flags of a chain by the rules of the commands that assume the roles.
func (c *Command) checkChain() error {
	if c.RoleARN == "" {
		return errors.New("--next-role needs the role before it: use --role-arn ARN")
	}
	flags := role.Flags{RoleARN: c.RoleARN, RoleSessionName: c.SessionName, NextRole: c.NextRole}
	return flags.Validate()
}

// last returns the role whose policy is evaluated.
func (c *Command) last() *role.NextRole { return &c.NextRole[len(c.NextRole)-1] }

// ofLastRole returns the documents of the last role of the chain: those with its ARN, or else those
// without a role.
func (c *Command) ofLastRole(documents []policyfile.Document) ([]policyfile.Document, error) {
	found := slices.DeleteFunc(slices.Clone(documents), func(d policyfile.Document) bool { return d.RoleARN != c.last().RoleARN })
	if len(found) == 0 {
		found = slices.DeleteFunc(documents, func(d policyfile.Document) bool { return d.RoleARN != "" })
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no trust policy of %s, the last --next-role", quote.Text(c.last().RoleARN, 100))
	}
	return found, nil
}

// nextRequest returns the call of AssumeRole for the last role of the chain.
func (c *Command) nextRequest(subject claims.Claims) trust.Request {
	name := c.SessionName
	if id, err := subject.Identity(); name == "" && err == nil {
		name = id.SessionName()
	}
	caller := trust.RoleSession{RoleARN: c.RoleARN, Name: name}
	for i := range c.NextRole[:len(c.NextRole)-1] {
		caller = session(caller, &c.NextRole[i], name)
	}
	last := c.last()
	p := trust.AssumeRoleParams{
		RoleARN: last.RoleARN, SessionName: last.SessionName, ExternalID: last.ExternalID, SourceIdentity: last.SourceIdentity,
		Tags: last.Tags, TransitiveTagKeys: last.TransitiveTagKeys,
		SourceIP: c.SourceIP, Time: time.Now(), Context: c.context(), ShowValues: c.ShowValues,
	}
	if p.SessionName == "" {
		p.SessionName = name
	}
	return trust.NewAssumeRoleRequest(caller, p)
}

// session returns the session of the next role, with what it inherits from its caller. name is the
// name of the first session, which is the default.
func session(caller trust.RoleSession, next *role.NextRole, name string) trust.RoleSession {
	s := trust.RoleSession{
		RoleARN: next.RoleARN, Name: next.SessionName, SourceIdentity: next.SourceIdentity,
		Tags: make(map[string]string), TransitiveTagKeys: slices.Concat(caller.TransitiveTagKeys, next.TransitiveTagKeys),
	}
	if s.Name == "" {
		s.Name = name
	}
	if s.SourceIdentity == "" {
		s.SourceIdentity = caller.SourceIdentity
	}
	for key, value := range caller.Tags {
		if slices.ContainsFunc(caller.TransitiveTagKeys, func(k string) bool { return strings.EqualFold(k, key) }) {
			s.Tags[key] = value
		}
	}
	maps.Copy(s.Tags, next.Tags)
	return s
}
