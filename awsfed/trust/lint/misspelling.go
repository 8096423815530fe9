package lint

import (
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// reportMisspelling reports a value of Ona that matches nothing because the name of a pair belongs
// to another version or to no version, or because an ID is in upper case.
func (l *linter) reportMisspelling(c *clause, i int, v claimValue) bool {
	spelled, why := subject.Respell(v.prefix, c.op.Family == condition.Fold)
	if why == "" {
		return false
	}
	f := c.valueFinding(v.text, NeverMatches, Warning, "in "+quote.Value(v.text)+" "+why, "The value matches nothing.")
	f.Widens = true
	var edit func(*trust.Policy)
	if rest, ok := strings.CutPrefix(v.text, v.prefix); ok {
		edit = c.edit(func(d *trust.Condition) { d.Values[i] = spelled + rest })
	}
	l.add(f, edit)
	return true
}
