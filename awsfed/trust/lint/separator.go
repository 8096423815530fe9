package lint

import (
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// checkPrefixes reports values that name a tenant without the separator that ends the name, so that
// a longer name also matches. IDs of Ona have a fixed length and are checked elsewhere.
func (l *linter) checkPrefixes(g *grant, c *clause) {
	if g.ona || g.closed || c.op.Negated || !c.op.ComparesText() || subject.IsOwn(g.host) {
		return
	}
	for i, text := range c.Values {
		v := c.read(g.host, text)
		if v.tenant.Binding == subject.Prefix && !v.isOna() {
			l.reportMissingSeparator(c, i, v)
		}
	}
}

// reportMissingSeparator reports a wildcard or variable that follows the tenant. IDs have a fixed
// length, so today no other tenant matches. A name can be the beginning of another tenant's name.
func (l *linter) reportMissingSeparator(c *clause, i int, v claimValue) {
	separator := string(v.tenant.Grammar.Separator)
	f := c.valueFinding(v.text, OrganizationSeparator, Warning,
		"in "+quote.Value(v.text)+" a wildcard follows the organization's ID without a separator",
		"Write "+quote.Name(separator)+" before the wildcard, so that the ID ends there.")
	if v.tenant.Grammar.Form != subject.ID {
		f.Message = "in " + quote.Value(v.text) + " a wildcard continues the tenant's name " + quote.Name(v.tenant.Name)
		f.Why = "Tenants whose names begin like this also match, and anybody can register such a name. " +
			"Write the whole name and its separator before the wildcard."
	}
	var edit func(*trust.Policy)
	rest, ok := strings.CutPrefix(v.text, v.prefix)
	// The text after an asterisk may begin with the end of a name.
	endsName := v.tenant.Grammar.Form != subject.ID && (!strings.HasPrefix(rest, "*") || strings.Contains(rest, separator))
	if ok && v.tenant.Grammar.Separator != 0 && !endsName {
		edit = c.edit(func(d *trust.Condition) { d.Values[i] = v.prefix + separator + rest })
	}
	l.add(f, edit)
}
