package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// subjectValue is a value of a condition on sub, as far as it is certain what it matches.
type subjectValue struct {
	text     string
	prefix   string // the text that every match begins with
	whole    bool   // the prefix is the whole value
	variable bool   // a variable follows the prefix
	tenant   subject.Tenant
}

// read reads a value of a condition on sub.
func (c *clause) read(value string) subjectValue {
	v := subjectValue{text: value, whole: true}
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
	v.tenant = subject.TenantOf(subject.Ona(), text, v.whole)
	return v
}

// looksLikeOna reports whether a value begins like a V2 or V3 subject of Ona.
func looksLikeOna(value string) bool {
	return strings.HasPrefix(value, "org:") || strings.HasPrefix(value, "organization_id:")
}

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
	// The subjects of other issuers have other grammars. There, only a value without a prefix
	// certainly matches all subjects.
	ona := g.ona || slices.ContainsFunc(c.Values, looksLikeOna)
	for i, text := range c.Values {
		v := c.read(text)
		switch {
		case !ona && (v.prefix != "" || v.whole):
		case !ona || !v.tenant.Bound():
			l.reportOpenValue(g, c, v)
		case v.tenant.Binding == subject.Never:
			l.reportNeverMatches(c, v)
		default:
			l.checkOnaValue(c, i, v)
		}
	}
}

// reportOpenValue reports a value that matches subjects of other tenants. If the issuer is not
// known to have several tenants, it is only a warning.
func (l *linter) reportOpenValue(g *grant, c *clause, v subjectValue) {
	severity, more := g.openSeverity()
	wildcard := "a wildcard"
	if v.variable {
		wildcard = "a variable"
	}
	f := c.valueFinding(v.text, OpenSubject, severity,
		"the value "+quote.Value(v.text)+" has "+wildcard+" before the end of the organization's ID",
		"Subjects of other tenants of "+quote.Word(g.host)+" also match."+more)
	if shared, _ := provider.Shared(g.host); !shared && !looksLikeOna(v.text) {
		f.Severity = Warning
		f.Message = "the value " + quote.Value(v.text) + " begins with a wildcard or a variable"
		f.Why = "The condition hardly limits the subject. If several tenants share the issuer, subjects of each of them match."
	}
	l.add(f, nil)
}

// reportNeverMatches reports a value that no subject of Ona matches.
func (l *linter) reportNeverMatches(c *clause, v subjectValue) {
	l.add(c.valueFinding(v.text, NeverMatches, Warning, "no documented subject of Ona begins like "+quote.Value(v.text),
		"The value matches nothing. V2 subjects begin with org:<id>/, V3 subjects with organization_id:<id>: or account_id:<id>. "+
			"IDs are in lower case."), nil)
}

// checkOnaValue checks value i of a condition, which is bound to a tenant of Ona.
func (l *linter) checkOnaValue(c *clause, i int, v subjectValue) {
	if v.tenant.Binding == subject.Prefix && c.op.Wildcards() {
		l.reportMissingSeparator(c, i, v)
	}
	l.checkIncomplete(c, i, v)
	if hasPersonalData(v.text) {
		l.add(c.valueFinding(v.text, PersonalData, Warning,
			"the value "+quote.Value(v.text)+" requires a name or an e-mail address in the subject",
			"CloudTrail records the subject of every token, and AWS advises against personal data in it. "+
				"creator_id identifies the same person without a name."), nil)
	}
	if v.whole || !c.op.Wildcards() {
		return
	}
	l.checkUserText(c, v)
	l.checkOrganizationWide(c, v)
	l.checkDefaultSubject(c, i, v)
}

// reportMissingSeparator reports a wildcard that follows the tenant's ID. IDs have a fixed length,
// so today no other tenant matches.
func (l *linter) reportMissingSeparator(c *clause, i int, v subjectValue) {
	separator := string(v.tenant.Grammar.Separator)
	f := c.valueFinding(v.text, OrganizationSeparator, Warning,
		"in "+quote.Value(v.text)+" a wildcard follows the organization's ID without a separator",
		"Write "+quote.Name(separator)+" before the wildcard, so that the ID ends there.")
	var edit func(*trust.Policy)
	if rest, ok := strings.CutPrefix(v.text, v.prefix); ok {
		edit = c.edit(func(d *trust.Condition) { d.Values[i] = v.prefix + separator + rest })
	}
	l.add(f, edit)
}

// checkIncomplete reports a V2 value without a wildcard that ends where every subject continues.
func (l *linter) checkIncomplete(c *clause, i int, v subjectValue) {
	if !v.whole || v.tenant.Grammar.Version != subject.V2 || !subject.Read(v.prefix).Incomplete() {
		return
	}
	f := c.valueFinding(v.text, NeverMatches, Warning, "no V2 subject ends like "+quote.Value(v.text),
		"The value matches nothing: subjects continue with an environment, a user or a runner. StringLike with /* at the end matches all of them.")
	var edit func(*trust.Policy)
	if c.op.Wildcards() && v.text == v.prefix {
		f.Widens = true
		edit = c.edit(func(d *trust.Condition) { d.Values[i] = v.text + "/*" })
	}
	l.add(f, edit)
}

// checkOrganizationWide reports a value with only wildcards after the organization.
func (l *linter) checkOrganizationWide(c *clause, v subjectValue) {
	r := subject.Read(strings.TrimRight(v.prefix, ":/"))
	id := r.ID("organization_id")
	if id == "" || len(r.Pairs) > 1 || r.Rest != "" || !isAsterisks(strings.TrimPrefix(v.text, v.prefix)) {
		return
	}
	l.add(c.valueFinding(v.text, OrganizationWide, Note, "the value allows the whole organization "+id,
		"It matches environments, users and service accounts, and with V2 tokens also runners."), nil)
}

// checkDefaultSubject reports a pattern such as ...:project_id:<id>:*. It does not match the
// default subject, which ends with the ID.
func (l *linter) checkDefaultSubject(c *clause, i int, v subjectValue) {
	base, ok := strings.CutSuffix(v.text, ":*")
	if !ok || v.tenant.Grammar.Version != subject.V3 || !subject.Read(base).Complete() {
		return
	}
	if slices.ContainsFunc(c.Values, func(other string) bool { return pattern.Compile(other).Match(base) }) {
		return
	}
	f := c.valueFinding(v.text, DefaultSubject, Warning,
		"the value requires text after "+quote.Value(base)+", where the default V3 subject ends",
		"If the organization has no extra subject fields, no token matches. If it has some, the exact value does no harm.")
	f.Widens = true
	l.add(f, c.edit(func(d *trust.Condition) { d.Values = slices.Insert(d.Values, i, base) }))
}
