package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// checkQualifiers checks IfExists and the set qualifiers of a condition on a claim of the issuer.
// Conditions with IfExists or ForAllValues hold if the key is missing (AWS page "Condition with
// multiple context keys or values").
func (l *linter) checkQualifiers(g *grant, c *clause, claim string) {
	severity, more := Warning, ""
	if claim == "sub" {
		severity, more = g.openSeverity()
	}
	plain := c.op
	switch {
	case c.op.IfExists && c.op.Qualifier != condition.ForAnyValue && !c.op.Negated:
		plain.IfExists = false
		l.add(c.finding(IfExists, severity,
			"with IfExists the condition also holds for a token without "+quote.Name(claim),
			"The condition must fail if there is nothing to compare."+more), c.rename(plain.String(), c.Key))
	case c.op.Qualifier == condition.ForAllValues && claim == "amr":
		l.checkForAllValues(c, claim)
	case c.op.Qualifier == condition.ForAllValues:
		plain.Qualifier = condition.NoQualifier
		l.add(c.finding(ForAllValues, severity,
			"ForAllValues also holds for a token without "+quote.Name(claim),
			"The key has a single value, so the plain operator means the same, and it fails if the key is missing."+more),
			c.rename(plain.String(), c.Key))
	case c.op.Qualifier == condition.ForAnyValue && claim != "amr":
		plain.Qualifier = condition.NoQualifier
		var edit func(*trust.Policy)
		if !c.op.Negated {
			edit = c.rename(plain.String(), c.Key)
		}
		l.add(c.finding(SetOperator, Note,
			"ForAnyValue is for keys with several values, and "+quote.Name(claim)+" has a single value",
			"AWS advises against set operators on such keys. The plain operator means the same."), edit)
	}
}

// checkForAllValues reports ForAllValues on a key with several values. The finding does not apply
// if another condition requires the key, as AWS recommends.
func (l *linter) checkForAllValues(c *clause, claim string) {
	key := c.Key
	null := slices.IndexFunc(c.st.Conditions, func(d trust.Condition) bool {
		return d.Operator == "Null" && strings.EqualFold(d.Key, key)
	})
	var edit func(*trust.Policy)
	switch {
	case null < 0:
		edit = c.st.edit(func(s *trust.Statement) {
			s.Conditions = append(s.Conditions, trust.Condition{Operator: "Null", Key: key, Values: []string{"false"}})
		})
	case slices.Equal(c.st.Conditions[null].Values, []string{"false"}):
		return // the key is required
	}
	l.add(c.finding(ForAllValues, Warning,
		"ForAllValues also holds for a token without "+quote.Name(claim),
		"Add the operator Null on "+quote.Word(key)+" with the value false, which requires the key."), edit)
}
