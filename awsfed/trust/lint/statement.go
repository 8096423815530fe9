package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
)

// statement is a statement of the policy with its parsed conditions.
type statement struct {
	trust.Statement
	version string // of the policy
	index   int
	clauses []*clause
	unknown []trust.Condition // the conditions with an unknown operator
}

// clause is one condition of a statement: an operator, a key and values.
type clause struct {
	trust.Condition
	st    *statement
	index int
	op    condition.Operator
}

// statements returns the statements of the policy.
func statements(p trust.Policy) []*statement {
	list := make([]*statement, len(p.Statements))
	for i, s := range p.Statements {
		st := &statement{Statement: s, version: p.Version, index: i}
		for j, c := range s.Conditions {
			if op, ok := condition.ParseOperator(c.Operator); ok {
				st.clauses = append(st.clauses, &clause{c, st, j, op})
			} else {
				st.unknown = append(st.unknown, c)
			}
		}
		list[i] = st
	}
	return list
}

// finding returns a finding about the statement.
func (st *statement) finding(id string, severity Severity, message, why string) Finding {
	f := Finding{ID: id, Severity: severity, Statement: st.index, Message: message, Why: why}
	f.Line, f.Column = st.Position()
	return f
}

// edit returns the correction that changes the statement.
func (st *statement) edit(change func(*trust.Statement)) func(*trust.Policy) {
	index := st.index
	return func(p *trust.Policy) { change(&p.Statements[index]) }
}

// finding returns a finding about the condition.
func (c *clause) finding(id string, severity Severity, message, why string) Finding {
	f := c.st.finding(id, severity, message, why)
	f.Operator, f.Key = c.Operator, c.Key
	return f
}

// valueFinding returns a finding about one value of the condition.
func (c *clause) valueFinding(value, id string, severity Severity, message, why string) Finding {
	f := c.finding(id, severity, message, why)
	f.Value = value
	return f
}

// edit returns the correction that changes the condition.
func (c *clause) edit(change func(*trust.Condition)) func(*trust.Policy) {
	index := c.index
	return c.st.edit(func(st *trust.Statement) { change(&st.Conditions[index]) })
}

// rename returns the correction that gives the condition another operator and key. It is nil if the
// statement already has a condition with both.
func (c *clause) rename(operator, key string) func(*trust.Policy) {
	if slices.ContainsFunc(c.st.Conditions, func(d trust.Condition) bool {
		return d.Operator == operator && strings.EqualFold(d.Key, key)
	}) {
		return nil
	}
	return c.edit(func(d *trust.Condition) { d.Operator, d.Key = operator, key })
}

// claim returns the claim that the key of the condition names, if the key belongs to the issuer.
func (c *clause) claim(host string) (name string, ok bool) {
	return strings.CutPrefix(strings.ToLower(c.Key), strings.ToLower(host)+":")
}

// isOn reports whether the key of the condition is the issuer's key for the claim.
func (c *clause) isOn(host, claim string) bool {
	name, ok := c.claim(host)
	return ok && name == claim
}

// holdsIfMissing reports whether the condition may hold for a request without the key.
func (c *clause) holdsIfMissing() bool { return c.op.MayHoldIfMissing(c.Values) }

// isForEverybody reports whether a principal includes the web identities of every provider.
func isForEverybody(p trust.Principal) bool {
	return p.Any || slices.Contains(p.AWS, "*") || slices.Contains(p.Federated, "*")
}

// hosts returns the hosts of the issuers whose tokens the statement concerns: those of its
// providers and, if it is for everybody, those of its condition keys.
func (st *statement) hosts() []string {
	var hosts []string
	add := func(host string) {
		if host != "" && !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	for _, name := range st.Principal.Federated {
		if host, ok := provider.Host(name); ok {
			add(host)
		}
	}
	if isForEverybody(st.Principal) {
		for _, c := range st.Conditions {
			if host, claim, ok := provider.CutKey(c.Key, ""); ok && (claim == "sub" || claim == "aud") {
				add(host)
			}
		}
	}
	return hosts
}

// isAsterisks reports whether s consists of asterisks, and so matches everything.
func isAsterisks(s string) bool { return s != "" && strings.Trim(s, "*") == "" }
