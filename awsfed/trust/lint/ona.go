package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// reportNeverMatches reports a value that no subject of Ona matches.
func (l *linter) reportNeverMatches(c *clause, v claimValue) {
	l.add(c.valueFinding(v.text, NeverMatches, Warning, "no documented subject of Ona begins like "+quote.Value(v.text),
		"The value matches nothing. V2 subjects begin with org:<id>/, V3 subjects with organization_id:<id>: or account_id:<id>. "+
			"IDs are in lower case."), nil)
}

// checkOnaValue checks value i of a condition, which is bound to a tenant of Ona.
func (l *linter) checkOnaValue(c *clause, i int, v claimValue) {
	if l.reportMisspelling(c, i, v) {
		return
	}
	if v.tenant.Binding == subject.Never {
		l.reportNeverMatches(c, v)
		return
	}
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
	l.checkProjectless(c, v)
}

// checkIncomplete reports a V2 value without a wildcard that ends where every subject continues.
func (l *linter) checkIncomplete(c *clause, i int, v claimValue) {
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
func (l *linter) checkOrganizationWide(c *clause, v claimValue) {
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
func (l *linter) checkDefaultSubject(c *clause, i int, v claimValue) {
	base, ok := strings.CutSuffix(v.text, ":*")
	if !ok || v.tenant.Grammar.Version != subject.V3 || !subject.Read(base).Complete() {
		return
	}
	if slices.ContainsFunc(c.Values, func(other string) bool { return pattern.Compile(other).Match(base) }) {
		return
	}
	f := c.valueFinding(v.text, DefaultSubject, Warning,
		"the value requires text after "+quote.Value(base)+", where the default V3 subject ends",
		"If the organization has no extra subject fields, no token matches. Add the exact value: it is harmless if the organization has such fields.")
	f.Widens = true
	l.add(f, c.edit(func(d *trust.Condition) { d.Values = slices.Insert(d.Values, i, base) }))
}

// checkProjectless reports a pattern such as org:<id>/env:*. It matches only environments without a
// project.
func (l *linter) checkProjectless(c *clause, v claimValue) {
	const id = "00000000-0000-0000-0000-000000000000"
	r := subject.Read(v.text)
	organization := r.ID("organization_id")
	if organization == "" || r.Claims() != "organization_id/environment_id" || r.Version != subject.V2 || r.Pairs[1].ID != subject.Any {
		return
	}
	inProject := "org:" + organization + "/prj:" + id + "/env:" + id
	if slices.ContainsFunc(c.Values, func(other string) bool { return pattern.Compile(other).Match(inProject) }) {
		return
	}
	l.add(c.valueFinding(v.text, Projectless, Note, "the value allows only environments that belong to no project",
		"Subjects of the others contain /prj:<id> before /env:<id>. The value org:"+organization+"/prj:*/env:* matches those."), nil)
}
