package migrate

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// ToV3 migrates a policy for V2 subjects: first to a policy that accepts both formats, then to one
// that accepts only V3. It changes the conditions on sub in Allow and Deny statements, and nothing
// else. Nil options mean the default layout.
//
// A value without an exact V3 counterpart is a [Problem]. The new policies never allow more because
// of it: a value that allows principals gets no V3 value, and a value that excludes principals gets
// a wider V3 value. This applies to single environments of a project, because the default V3
// subject does not contain them, and to runners, because Ona does not document their V3 subject.
func ToV3(p trust.Policy, opts *Options) Migration {
	if opts == nil {
		opts = &Options{}
	}
	m := migrator{layout: opts.Layout}
	m.out.Changes, m.out.Samples = []Change{}, []Sample{}
	m.out.Before, m.out.Both, m.out.After = p.Clone(), p.Clone(), p.Clone()
	for i, st := range p.Statements {
		for j, c := range st.Conditions {
			op, ok := condition.ParseOperator(c.Operator)
			if ok && isSubject(c.Key) && op.ComparesText() {
				m.condition(i, j, c, op)
			}
		}
	}
	m.dropEmptied()
	m.notes()
	m.out.Samples = m.samples()
	return m.out
}

// isSubject reports whether a condition key is the subject of some issuer.
func isSubject(key string) bool { return strings.HasSuffix(strings.ToLower(key), ":sub") }

type migrator struct {
	layout claims.Layout
	out    Migration

	wholeOrganization, project bool // whether such values were migrated
}

// condition migrates condition j of statement i.
func (m *migrator) condition(i, j int, c trust.Condition, op condition.Operator) {
	both, after := newValues(op), newValues(op)
	// In a Deny, and under a negated operator, a value excludes principals instead of allowing
	// them.
	excludes := (m.out.Before.Statements[i].Effect == trust.Deny) != op.Negated
	var changes []Change
	var problems []Problem
	for _, v := range c.Values {
		both.add(v)
		if !strings.HasPrefix(v, "org:") {
			after.add(v)
			continue
		}
		v3, problem := m.value(v, op)
		if problem != nil {
			problem.Statement, problem.Operator, problem.V2, problem.Applied = i, c.Operator, v, excludes
			problems = append(problems, *problem)
			if excludes {
				v3 = problem.Wider
			}
			if op.Negated {
				after.add(v) // an empty negated list would hold for every subject
			}
		} else {
			changes = append(changes, Change{Statement: i, Operator: c.Operator, V2: v, V3: v3})
		}
		for _, w := range v3 {
			both.addPattern(w)
			after.addPattern(w)
		}
	}
	if len(changes)+len(problems) == 0 {
		return
	}
	m.out.Problems = append(m.out.Problems, problems...)
	if m.replace(i, j, op, excludes, both, after) {
		m.out.Changes = append(m.out.Changes, changes...)
		return
	}
	m.out.Problems = append(m.out.Problems, Problem{
		Statement: i, Operator: c.Operator,
		Why: "the V3 values need " + op.Like().String() + ", and the statement already has such a condition on " + quote.Word(c.Key) +
			", so a token would have to satisfy both: split the statement first",
	})
}

// replace sets the values of condition j of statement i in both policies. It changes nothing and
// returns false if the statement already has the operator that the values need.
func (m *migrator) replace(i, j int, op condition.Operator, excludes bool, both, after *valueList) bool {
	conditions := m.out.Before.Statements[i].Conditions
	c := conditions[j]
	like := op.Like()
	taken := func() bool {
		return slices.ContainsFunc(conditions, func(d trust.Condition) bool {
			return d.Operator == like.String() && strings.EqualFold(d.Key, c.Key)
		})
	}
	if !op.Wildcards() && taken() && excludes && (op.Negated || !op.IfExists) {
		// The excluded principals must stay excluded. Every token has a subject, so the same
		// operator with IfExists, or without it, means the same.
		like.IfExists = !like.IfExists
	}
	name := func(list *valueList) string {
		if list.patterns && !op.Wildcards() {
			return like.String()
		}
		return c.Operator
	}
	if (name(both) != c.Operator || name(after) != c.Operator) && taken() {
		return false
	}
	set := func(p *trust.Policy, list *valueList) {
		d := &p.Statements[i].Conditions[j]
		d.Operator, d.Values = name(list), list.texts(name(list) != c.Operator)
	}
	set(&m.out.Both, both)
	set(&m.out.After, after)
	return true
}

// dropEmptied removes from After the statements in which a condition lost its last value: they
// allow nothing, and IAM may refuse an empty list. A list that was empty before stays, because an
// empty negated list in a Deny denies everybody.
func (m *migrator) dropEmptied() {
	var kept []trust.Statement
	for i, s := range m.out.After.Statements {
		emptied := false
		for j, c := range s.Conditions {
			emptied = emptied || len(c.Values) == 0 && len(m.out.Before.Statements[i].Conditions[j].Values) > 0
		}
		if !emptied {
			kept = append(kept, s)
		}
	}
	m.out.After.Statements = kept
}
