package lint_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/subject"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// FuzzStrangers tests the promise of the package for every issuer with a grammar: a policy without a
// finding of severity Error allows no token of another tenant. The exception is a tenant whose name
// begins with the text that a finding OrganizationSeparator reports.
//
// parts chooses the parts of the policy, value is one more value for its conditions.
func FuzzStrangers(f *testing.F) {
	for i, host := range sharedHosts() {
		f.Add([]byte{byte(i), 0, 0, 0, 0, 0, 1, 0, 0, 0, 0}, "repo:acme/*")
		f.Add([]byte{byte(i), 0, 1, 1, 0, 0, 2, 0, 7, 0, 1}, host)
	}
	f.Fuzz(func(t *testing.T, parts []byte, value string) {
		if len(parts) > 200 || len(value) > 200 {
			t.Skip("slow")
		}
		checkStrangers(t, newPolicyMaker(parts, value))
	})
}

func TestStrangersAreDenied(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	const perHost = 400
	for i, host := range sharedHosts() {
		clean := 0
		for range perHost {
			parts := make([]byte, 60)
			for j := range parts {
				parts[j] = byte(r.Uint32())
			}
			parts[0] = byte(i)
			if checkStrangers(t, newPolicyMaker(parts, "*")) {
				clean++
			}
		}
		if clean < perHost/20 || clean > perHost*9/10 {
			t.Errorf("%s: %d of %d policies have no error: too few or too many", host, clean, perHost)
		}
	}
}

// checkStrangers checks one policy, and reports whether it has no error.
func checkStrangers(t *testing.T, m *policyMaker) bool {
	t.Helper()
	p := m.policy()
	findings := lint.Policy(p)
	if slices.ContainsFunc(findings, func(f lint.Finding) bool { return f.Severity == lint.Error }) {
		return false
	}
	if strings.Contains(strings.ToLower(p.String()), strangerName) {
		return true // the policy names the stranger
	}
	requests := strangers(m.host)
	if m.host != secondHost {
		requests = append(requests, strangers(secondHost)...)
	}
	for _, r := range requests {
		if d := p.Evaluate(r); d.Outcome != trust.Denied && !reportedPrefix(findings, r) {
			t.Fatalf("%s: no error, and a token with %v is %s:\n%s\n%v", m.host, r.Context, d.Outcome, p, findings)
		}
	}
	return true
}

// reportedPrefix reports whether a finding says that names with a certain beginning are allowed, and
// the request has such a name.
func reportedPrefix(findings []lint.Finding, r trust.Request) bool {
	return slices.ContainsFunc(findings, func(f lint.Finding) bool {
		beginning := f.Value
		if i := strings.IndexAny(beginning, "*?$"); i >= 0 {
			beginning = beginning[:i]
		}
		claim := r.Context[strings.ToLower(f.Key)]
		return f.ID == lint.OrganizationSeparator && len(claim) == 1 && strings.HasPrefix(strings.ToLower(claim[0]), strings.ToLower(beginning))
	})
}

// The names of the tenant that the policies are for, and of another tenant.
const (
	tenantName   = "acme"
	strangerName = "zqx-9871"
)

// secondHost is the issuer of a second provider in some statements.
const secondHost = "gitlab.com"

// sharedHosts returns the issuers of the grammar package that serve many tenants.
func sharedHosts() []string {
	hosts := map[string]bool{provider.OnaHost: true}
	for _, g := range subject.Others() {
		hosts[g.Host] = true
	}
	return slices.Sorted(maps.Keys(hosts))
}

// rowsOf returns the grammars of a host. Those of Ona are not exported, because only its versions
// matter elsewhere.
func rowsOf(host string) []subject.Grammar {
	var rows []subject.Grammar
	for _, g := range subject.Others() {
		if g.Host == host {
			rows = append(rows, g)
		}
	}
	if host == provider.OnaHost {
		rows = append(rows,
			subject.Grammar{Claim: "sub", Start: "org:", Form: subject.ID, Separator: '/'},
			subject.Grammar{Claim: "sub", Start: "organization_id:", Form: subject.ID, Separator: ':'})
	}
	return rows
}

func principalOf(host string) string {
	if provider.BuiltIn(host) {
		return host
	}
	return "arn:aws:iam::123456789012:oidc-provider/" + host
}

// strangers returns requests with tokens of another tenant. Every claim that a tenant can choose has
// the value that a policy may ask for, and text that can be chosen imitates the policy's tenant.
func strangers(host string) []trust.Request {
	context := map[string][]string{}
	for _, claim := range provider.Keys(host) {
		context[host+":"+claim] = []string{"prod"}
	}
	for claim, value := range map[string]string{"aud": "sts.amazonaws.com", "ref": "refs/heads/main"} {
		if provider.HasKey(host, claim) {
			context[host+":"+claim] = []string{value}
		}
	}
	var subjects []string
	for _, g := range rowsOf(host) {
		value := g.Start + strangerName
		if g.Form == subject.ID {
			value = g.Start + policies.OtherOrg
		}
		if g.Separator != 0 {
			value += string(g.Separator) + tenantName
		}
		if g.Claim != "sub" {
			context[host+":"+g.Claim] = []string{value}
			continue
		}
		if g.Form == subject.Custom {
			subjects = append(subjects, "environment:prod", "environment:prod:repo:"+strangerName+"/"+tenantName, "ref:refs/heads/main:repository_owner:"+strangerName)
			continue
		}
		subjects = append(subjects, value, value+":ref:refs/heads/main", value+":x/"+tenantName+"/prj:x/env:"+policies.Environment)
		if g.Form != subject.ID && host != "token.actions.githubusercontent.com" { // there a value has no colon
			subjects = append(subjects, value+":"+g.Start+tenantName+string(max(g.Separator, '/'))+"x")
		}
	}
	if host == provider.OnaHost {
		subjects = append(subjects, policies.Subjects(policies.OtherOrg)...)
	}
	if len(subjects) == 0 {
		subjects = []string{strangerName}
	}
	var list []trust.Request
	for _, sub := range subjects {
		c := maps.Clone(context)
		if provider.HasKey(host, "sub") {
			c[host+":sub"] = []string{sub}
		}
		list = append(list, trust.Request{Issuer: "https://" + host, ProviderARN: principalOf(host), Context: c})
	}
	return list
}

// policyMaker makes a policy of parts, each of which is correct or wrong in some way.
type policyMaker struct {
	parts []byte
	host  string
	rows  []subject.Grammar
	value string
}

func newPolicyMaker(parts []byte, value string) *policyMaker {
	m := &policyMaker{parts: parts, value: value}
	m.host = choose(m, sharedHosts()...)
	m.rows = rowsOf(m.host)
	return m
}

// choose returns one element of list. When the parts are used up it is the first one.
func choose[T any](m *policyMaker, list ...T) T {
	if len(m.parts) == 0 {
		return list[0]
	}
	i := int(m.parts[0]) % len(list)
	m.parts = m.parts[1:]
	return list[i]
}

func (m *policyMaker) policy() trust.Policy {
	p := trust.Policy{Version: choose(m, "2012-10-17", "2012-10-17", "2008-10-17", "")}
	for range choose(m, 1, 1, 1, 2) {
		p.Statements = append(p.Statements, m.statement())
	}
	if choose(m, false, false, true) {
		p.Statements = append(p.Statements, m.guard())
	}
	return p
}

// guard returns a Deny with one condition, which is meant to deny all tenants but one.
func (m *policyMaker) guard() trust.Statement {
	own := trust.Principal{Federated: []string{principalOf(m.host)}}
	row := choose(m, m.rows...)
	return trust.Statement{
		Effect: trust.Deny, Actions: []string{choose(m, "sts:AssumeRoleWithWebIdentity", "sts:*", "sts:AssumeRole")},
		Principal: choose(m, own, own, trust.Principal{Any: true}, trust.Principal{Federated: []string{principalOf("x.example")}}),
		Conditions: []trust.Condition{{
			Operator: choose(m, "", "", "", "ForAllValues:", "ForAnyValue:") +
				choose(m, "StringNotLike", "StringNotLike", "StringNotEquals", "StringNotEqualsIgnoreCase", "StringLike", "NumericNotEquals") +
				choose(m, "", "", "IfExists"),
			Key:    m.host + ":" + choose(m, row.Claim, row.Claim, row.Claim, "ref", "aud"),
			Values: []string{m.valueOf(row)},
		}},
	}
}

func (m *policyMaker) statement() trust.Statement {
	own := trust.Principal{Federated: []string{principalOf(m.host)}}
	st := trust.Statement{
		Effect:  choose(m, trust.Allow, trust.Allow, trust.Allow, trust.Deny),
		Actions: []string{choose(m, "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithWebIdentity", "sts:*")},
		Principal: choose(m, own, own, own, own, trust.Principal{Any: true}, trust.Principal{AWS: []string{"*"}},
			trust.Principal{Federated: []string{"*"}}, trust.Principal{Federated: []string{principalOf(secondHost), principalOf(m.host)}}),
	}
	for range choose(m, 1, 2, 2, 3, 0) {
		c := m.condition()
		if !slices.ContainsFunc(st.Conditions, func(d trust.Condition) bool { return d.Operator == c.Operator && strings.EqualFold(d.Key, c.Key) }) {
			st.Conditions = append(st.Conditions, c)
		}
	}
	return st
}

func (m *policyMaker) condition() trust.Condition {
	row := choose(m, m.rows...)
	keys := append(provider.Keys(m.host), row.Claim, row.Claim, row.Claim, row.Claim, "SUB")
	c := trust.Condition{
		Operator: choose(m, "", "", "", "", "", "ForAllValues:", "ForAnyValue:") +
			choose(m, "StringLike", "StringLike", "StringLike", "StringEquals", "StringEqualsIgnoreCase", "StringNotLike", "StringNotEquals",
				"ArnLike", "NumericEquals", "NumericGreaterThan", "Null") +
			choose(m, "", "", "", "", "", "IfExists"),
		Key: choose(m, m.host, m.host, m.host, m.host, m.host, "https://"+m.host, secondHost) + ":" + choose(m, keys...),
	}
	c.Operator = strings.NewReplacer("ForAllValues:Null", "Null", "ForAnyValue:Null", "Null", "NullIfExists", "Null").Replace(c.Operator)
	for range choose(m, 1, 1, 2) {
		c.Values = append(c.Values, m.valueOf(row))
	}
	return c
}

// valueOf returns a value with the form of a row, complete or cut.
func (m *policyMaker) valueOf(g subject.Grammar) string {
	tenants := []string{tenantName, tenantName, "*", tenantName[:3] + "*", "?cme", "", "z*", "*" + tenantName, "${aws:none, '*'}", "${sts:RoleSessionName}"}
	if g.Form == subject.ID {
		tenants = append(tenants, policies.Org, policies.Org, policies.Org[:8]+"*", policies.Org[:35]+"?")
	}
	separator := "/"
	if g.Separator != 0 {
		separator = string(g.Separator)
	}
	whole := g.Start + choose(m, tenants...) + choose(m, separator, separator, "", "*")
	return choose(m, whole, whole, whole, whole, m.value, "*", g.Start+"*", g.Start[:len(g.Start)/2]+"*", "refs/heads/main", "prod", "false",
		"environment:prod:"+whole, "*:"+whole) + choose(m, "", "*", "x:*", ":*", separator+"*")
}
