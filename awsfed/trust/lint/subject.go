package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// claimValue is a value of a condition on a claim, with the text that is certain to be in every
// match.
type claimValue struct {
	text     string
	prefix   string // the text that every match begins with
	whole    bool   // the prefix is the whole value
	variable bool   // a variable follows the prefix
	tenant   subject.Tenant
}

// read reads a value of a condition on a claim of the issuer.
func (c *clause) read(host, value string) claimValue {
	v := claimValue{text: value, whole: true}
	anyValue := func(string) ([]string, condition.KeyState) { return []string{"x"}, condition.KeyPresent }
	for _, s := range condition.Expand(value, c.st.version, anyValue).Spans {
		wildcard := -1
		if s.Kind == condition.Authored && c.op.Wildcards() {
			wildcard = strings.IndexAny(s.Text, "*?")
		}
		if s.Kind == condition.FromData || wildcard >= 0 {
			v.variable, v.whole = s.Kind == condition.FromData, false
			v.prefix += s.Text[:max(wildcard, 0)]
			break
		}
		v.prefix += s.Text
	}
	text := v.prefix
	if c.op.Family == condition.Fold {
		text = strings.ToLower(text)
	}
	claim, _ := c.claim(host)
	issuer := c.grammarHost(host)
	v.tenant = subject.TenantOf(issuer, claim, text, v.whole)
	if claim == "sub" && v.whole && !subject.Describes(issuer, claim) {
		v.tenant = subject.Tenant{Name: text, Binding: subject.Exact} // exactly one subject
	}
	return v
}

// grammarHost returns the issuer whose grammar the values of a condition have. A proxy of Ona's
// issuer is recognized by its values.
func (c *clause) grammarHost(host string) string {
	if !subject.Describes(host, "sub") && !subject.IsOwn(host) && slices.ContainsFunc(c.Values, looksLikeOna) {
		return provider.OnaHost
	}
	return host
}

// looksLikeOna reports whether a value begins like a V2 or V3 subject of Ona.
func looksLikeOna(value string) bool {
	return strings.HasPrefix(value, "org:") || strings.HasPrefix(value, "organization_id:")
}

// isOna reports whether the value has a grammar of Ona.
func (v claimValue) isOna() bool { return v.tenant.Grammar.Host == provider.OnaHost }

// checkSubjects checks the values of a condition on sub.
func (l *linter) checkSubjects(g *grant, c *clause) {
	if c.op.Negated || c.op.Family == condition.Null {
		return
	}
	if !c.op.ComparesText() {
		l.add(c.finding(NotAnalysed, Warning, c.op.Base+" is not an operator for subjects",
			"What the condition allows is not analysed. Use StringEquals or StringLike."), nil)
		return
	}
	issuer := c.grammarHost(g.host)
	described := subject.Describes(issuer, "sub")
	for i, text := range c.Values {
		v := c.read(g.host, text)
		switch {
		case v.prefix == "" && !v.whole, described && v.tenant.Binding == subject.Unbound:
			l.reportOpenValue(g, c, v)
		case !described:
		case issuer == provider.OnaHost:
			l.checkOnaValue(c, i, v)
		case v.tenant.Binding == subject.Never:
			l.add(c.valueFinding(v.text, NeverMatches, Warning, "no documented subject of "+quote.Word(g.host)+" is like "+quote.Value(v.text),
				"The value matches nothing."), nil)
		}
	}
	if !described && !subject.IsOwn(issuer) {
		l.reportUnknownGrammar(g, c)
	}
}

// reportUnknownGrammar reports a condition on subjects whose form is not known.
func (l *linter) reportUnknownGrammar(g *grant, c *clause) {
	severity := Note
	if shared, _ := provider.Shared(g.host); shared {
		severity = Warning
	}
	l.add(c.finding(NotAnalysed, severity, "the form of the subjects of "+quote.Word(g.host)+" is not known",
		"Whether the values allow only your tenant is not analysed. If several tenants share the issuer, check that each value names yours in full."), nil)
}

// reportOpenValue reports a value that matches subjects of other tenants. If the issuer is not
// known to have several tenants, it is only a warning.
func (l *linter) reportOpenValue(g *grant, c *clause, v claimValue) {
	severity, more := g.openSeverity()
	wildcard, tenant := "a wildcard", "the tenant"
	if v.variable {
		wildcard = "a variable"
	}
	if c.grammarHost(g.host) == provider.OnaHost {
		tenant = "the organization's ID"
	}
	f := c.valueFinding(v.text, OpenSubject, severity,
		"the value "+quote.Value(v.text)+" has "+wildcard+" before the end of "+tenant,
		"Subjects of other tenants of "+quote.Word(g.host)+" also match."+more)
	if v.whole {
		f.Message = "the value " + quote.Value(v.text) + " does not name the tenant"
	}
	if shared, _ := provider.Shared(g.host); !shared && !looksLikeOna(v.text) {
		f.Severity = Warning
		f.Message = "the value " + quote.Value(v.text) + " has " + wildcard + " at the beginning, or before the first name"
		f.Why = "The condition hardly limits the subject. If several tenants share the issuer, subjects of each of them match."
		if subject.IsOwn(g.host) {
			f.Why = "The condition hardly limits the subject: it matches subjects of every part of the tenant, such as every namespace of a cluster."
		}
	}
	l.add(f, nil)
}
