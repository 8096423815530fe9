package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

// texts looks for what is wrong in the text of values whatever the key is.
func (l *linter) texts(st Statement) {
	for i, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		if !ok {
			f := at(c, LintNotAnalysed, SeverityWarning)
			f.Message, f.Why = "IAM has no operator "+quoteName(c.Operator), "IAM refuses such a statement."
			l.add(f, nil)
			continue
		}
		if l.policy.Version != versionWithVariables && op.variables() && slices.ContainsFunc(c.Values, hasVariable) {
			f := at(c, LintOldVersion, SeverityWarning)
			f.Message = "a value has a variable, and without Version 2012-10-17 it is plain text"
			f.Why = "The condition compares with the letters ${...} and so hardly ever holds; negated, it always does."
			f.Widens = true
			l.add(f, func(p *Policy) { p.Version = versionWithVariables })
		}
		l.equalsWithWildcard(i, c, op, st)
		if op.family == likeFamily && !op.negated {
			l.redundant(i, c)
		}
		if strings.EqualFold(c.Key, "sts:RoleSessionName") && st.Effect == Allow && !op.negated {
			f := at(c, LintSessionName, SeverityNote)
			f.Message = "the condition asks for a session name"
			f.Why = "Whoever assumes the role chooses the session name, so it says nothing about the token."
			l.add(f, nil)
		}
	}
}

func hasVariable(s string) bool { return strings.Contains(s, "${") }

func (l *linter) equalsWithWildcard(i int, c Condition, op operator, st Statement) {
	if op.family != stringFamily {
		return
	}
	for _, v := range c.Values {
		if !hasWildcard(v, l.policy.Version) {
			continue
		}
		f := at(c, LintWildcardInEquals, SeverityWarning)
		f.Value = v
		f.Message = op.base + " takes * and ? as plain text; " + likeName(op) + " takes them as wildcards"
		f.Why = "The condition never holds for the values that the pattern was written for."
		if op.negated {
			f.Why = "The condition holds for the very values that the pattern was written to exclude."
		}
		f.Widens = !op.negated == (st.Effect == Allow)
		l.add(f, l.respell(st, i, likeName(op)))
		return
	}
}

func likeName(op operator) string {
	op.family, op.base = likeFamily, "StringLike"
	if op.negated {
		op.base = "StringNotLike"
	}
	return op.name()
}

// hasWildcard tells whether v has a * or ? that is no escape and in no
// variable.
func hasWildcard(v, version string) bool {
	for _, s := range expand(v, version, noKeys).spans {
		if s.kind == authored && strings.ContainsAny(s.text, "*?") {
			return true
		}
	}
	return false
}

// noKeys is the lookup for looking at a value without a request.
func noKeys(string) ([]string, keyState) { return nil, keyMissing }

// redundantBudget bounds the comparisons of values in one condition: each is
// cheap unless somebody made the patterns for that purpose.
const redundantBudget = 500

// redundant looks for values that others cover.
func (l *linter) redundant(i int, c Condition) {
	if slices.ContainsFunc(c.Values, hasVariable) {
		return // what a variable stands for is not known
	}
	budget := redundantBudget
	for k, v := range c.Values {
		for j, w := range c.Values {
			if j == k || budget == 0 || !mayCover(w, v) {
				continue
			}
			budget--
			outer, inner := pattern.Compile(w), pattern.Compile(v)
			if covered, _ := outer.Covers(inner); !covered {
				continue
			}
			if back, _ := inner.Covers(outer); back && j > k {
				continue // of two equal ones the later is redundant
			}
			f := at(c, LintRedundantValue, SeverityNote)
			f.Value = v
			f.Message = "the value " + quoteValue(v) + " is covered by " + quoteValue(w)
			f.Why = "It makes the policy longer and looks like a limit that is not there."
			index := l.index
			l.add(f, func(p *Policy) {
				values := p.Statements[index].Conditions[i].Values
				p.Statements[index].Conditions[i].Values = slices.Delete(values, k, k+1)
			})
			break
		}
	}
}

// mayCover tells cheaply that the pattern outer surely does not cover inner.
func mayCover(outer, inner string) bool {
	n := strings.IndexAny(outer, "*?")
	if n < 0 {
		return outer == inner
	}
	return strings.HasPrefix(inner, outer[:n])
}
