package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// checkValues checks operators and values without regard to the key.
func (l *linter) checkValues(st *statement) {
	for _, c := range st.unknown {
		f := st.finding(NotAnalysed, Warning, "IAM has no operator "+quote.Name(c.Operator), "IAM refuses such a statement.")
		f.Operator, f.Key = c.Operator, c.Key
		l.add(f, nil)
	}
	for _, c := range st.clauses {
		l.checkVariables(c)
		l.checkWildcards(c)
		l.checkBraces(c)
		if c.op.Family == condition.Like && !c.op.Negated {
			l.checkRedundant(c)
		}
		if strings.EqualFold(c.Key, "sts:RoleSessionName") && st.Effect == trust.Allow && !c.op.Negated {
			l.add(c.finding(SessionName, Note, "the condition requires a session name",
				"The caller chooses the session name, so it proves nothing about the token."), nil)
		}
	}
}

// checkVariables reports variables in a policy whose version has none.
func (l *linter) checkVariables(c *clause) {
	if l.policy.Version == condition.VersionWithVariables || !c.op.Variables() || !slices.ContainsFunc(c.Values, condition.HasVariable) {
		return
	}
	f := c.finding(OldVersion, Warning,
		"a value contains a variable, which is plain text unless Version is 2012-10-17",
		"The condition compares with the text ${...}, so it almost never holds; if it is negated, it always holds.")
	f.Widens = true
	l.add(f, func(p *trust.Policy) { p.Version = condition.VersionWithVariables })
}

// checkWildcards reports the first value with a wildcard under an operator that has none.
func (l *linter) checkWildcards(c *clause) {
	if c.op.Family != condition.String {
		return
	}
	i := slices.IndexFunc(c.Values, func(v string) bool { return condition.HasWildcard(v, c.st.version) })
	if i < 0 {
		return
	}
	like := c.op.Like().String()
	f := c.valueFinding(c.Values[i], WildcardInEquals, Warning, c.op.Base+" compares * and ? as plain text; in "+like+" they are wildcards",
		"The condition never holds for the values that the pattern is meant to match.")
	if c.op.Negated {
		f.Why = "The condition holds for the values that the pattern is meant to exclude."
	}
	f.Widens = !c.op.Negated == (c.st.Effect == trust.Allow)
	l.add(f, c.rename(like, c.Key))
}

// checkBraces reports the first value with alternatives in braces, as shells and other tools have
// them.
func (l *linter) checkBraces(c *clause) {
	if !c.op.ComparesText() && c.op.Family != condition.ARN {
		return
	}
	for _, value := range c.Values {
		if hasAlternatives(value) {
			l.add(c.valueFinding(value, Braces, Warning, "in "+quote.Value(value)+" the braces and the comma are plain text",
				"IAM has no alternatives in a value: its only wildcards are * and ?. Write each alternative as a value of the condition."), nil)
			return
		}
	}
}

// hasAlternatives reports whether s has a comma between braces that are not those of a variable.
func hasAlternatives(s string) bool {
	for {
		before, rest, ok := strings.Cut(s, "{")
		inside, _, closed := strings.Cut(rest, "}")
		if !ok || !closed {
			return false
		}
		if !strings.HasSuffix(before, "$") && strings.Contains(inside, ",") {
			return true
		}
		s = rest
	}
}

// redundantBudget limits the comparisons of values in one condition. Most comparisons are fast, but
// a policy can contain patterns that are slow to compare.
const redundantBudget = 500

// checkRedundant reports values that another value covers.
func (l *linter) checkRedundant(c *clause) {
	if slices.ContainsFunc(c.Values, condition.HasVariable) {
		return // the value of the variable is not known
	}
	budget := redundantBudget
	for i, v := range c.Values {
		for j, w := range c.Values {
			if j == i || budget == 0 || !mayCover(w, v) {
				continue
			}
			budget--
			if !makesRedundant(w, v, j < i) {
				continue
			}
			l.add(c.valueFinding(v, RedundantValue, Note, "the value "+quote.Value(v)+" is covered by "+quote.Value(w),
				"It makes the policy longer and suggests a limit that does not exist."),
				c.edit(func(d *trust.Condition) { d.Values = slices.Delete(d.Values, i, i+1) }))
			break
		}
	}
}

// makesRedundant reports whether outer covers inner. Of two equal values the later is redundant.
func makesRedundant(outer, inner string, outerIsFirst bool) bool {
	p, q := pattern.Compile(outer), pattern.Compile(inner)
	if covered, _ := p.Covers(q); !covered {
		return false
	}
	equal, _ := q.Covers(p)
	return !equal || outerIsFirst
}

// mayCover is a fast check before [pattern.Pattern.Covers]. If it returns false, outer does not
// cover inner.
func mayCover(outer, inner string) bool {
	n := strings.IndexAny(outer, "*?")
	if n < 0 {
		return outer == inner
	}
	return strings.HasPrefix(inner, outer[:n])
}
