package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// A subjectValue is a value of a condition on sub, as far as it is certain what it matches.
type subjectValue struct {
	prefix   string // the text that every match begins with
	exact    bool   // the prefix is the whole value
	variable bool   // a variable follows the prefix
	tenant   subject.Tenant
}

// readSubject reads a value of a condition on sub.
func readSubject(op operator, value, version string) subjectValue {
	sv := subjectValue{exact: true}
	aVariable := func(string) ([]string, keyState) { return []string{"x"}, keyPresent }
	for _, s := range expand(value, version, aVariable).spans {
		if s.kind == fromData {
			sv.variable, sv.exact = true, false
			break
		}
		i := -1
		if s.kind == authored && op.wildcards() {
			i = strings.IndexAny(s.text, "*?")
		}
		if i >= 0 {
			sv.prefix += s.text[:i]
			sv.exact = false
			break
		}
		sv.prefix += s.text
	}
	text := sv.prefix
	if op.family == foldFamily {
		text = strings.ToLower(text)
	}
	sv.tenant = subject.TenantOf(subject.Ona(), text, sv.exact)
	return sv
}

// subject looks at a condition on sub and tells whether it says who is meant,
// or whether a finding already says that it does not.
func (l *linter) subject(i int, c Condition, op operator, host string) bool {
	if op.negated || op.family == nullFamily {
		return false
	}
	if !op.variables() || op.family == arnFamily {
		f := at(c, LintNotAnalysed, SeverityWarning)
		f.Message = op.base + " is not made for subjects"
		f.Why = "What such a condition lets in is not analysed. Use StringEquals or StringLike."
		l.add(f, nil)
		return false
	}
	// Other issuers have other subjects: there only a leading wildcard is sure
	// to mean everybody.
	ona := strings.EqualFold(host, onaHost) || slices.ContainsFunc(c.Values, looksLikeOna)
	for k, v := range c.Values {
		sv := readSubject(op, v, l.policy.Version)
		switch {
		case !ona && sv.prefix == "" && !sv.exact:
			l.open(c, v, sv, host)
		case !ona:
		case !sv.tenant.Bound():
			l.open(c, v, sv, host)
		case sv.tenant.Binding == subject.Never:
			f := at(c, LintNeverMatches, SeverityWarning)
			f.Value = v
			f.Message = "no documented subject of Ona begins like " + quoteValue(v)
			f.Why = "The value lets nobody in. V2 subjects begin with org:<id>/, those of V3 with organization_id:<id>: or account_id:<id>, ids in lower case."
			l.add(f, nil)
		default:
			l.onaValue(i, k, c, op, sv)
		}
	}
	return len(c.Values) > 0
}

func looksLikeOna(v string) bool {
	return strings.HasPrefix(v, "org:") || strings.HasPrefix(v, "organization_id:")
}

func (l *linter) open(c Condition, v string, sv subjectValue, host string) {
	f := at(c, LintOpenSubject, SeverityError)
	f.Value = v
	f.Message = "the value " + quoteValue(v) + " has a wildcard before the organization is spelled out"
	if sv.variable {
		f.Message = "the value " + quoteValue(v) + " has a variable before the organization is spelled out"
	}
	f.Why = "Subjects of other customers of " + quoteKey(host) + " match too."
	if shared, _ := sharedIssuer(host); !shared && !looksLikeOna(v) {
		f.Severity = SeverityWarning
		f.Message = "the value " + quoteValue(v) + " begins with a wildcard or a variable"
		f.Why = "The condition hardly limits the subject. If the issuer serves more than one customer, that is an open door."
	}
	l.add(f, nil)
}

// onaValue looks at a value that is bound to an organization.
func (l *linter) onaValue(i, k int, c Condition, op operator, sv subjectValue) {
	v := c.Values[k]
	index := l.index
	if sv.tenant.Binding == subject.Prefix && op.wildcards() {
		separator := string(sv.tenant.Grammar.Separator)
		f := at(c, LintOrganizationSeparator, SeverityWarning)
		f.Value = v
		f.Message = "in " + quoteValue(v) + " the wildcard stands right behind the organization's id"
		f.Why = "Nothing says that the id ends there. Write " + quoteName(separator) + " before the wildcard."
		fixed := sv.prefix + separator + strings.TrimPrefix(v, sv.prefix)
		var edit func(*Policy)
		if strings.HasPrefix(v, sv.prefix) {
			edit = func(p *Policy) { p.Statements[index].Conditions[i].Values[k] = fixed }
		}
		l.add(f, edit)
	}
	l.unfinished(i, k, c, op, sv)
	if personalData(v) {
		f := at(c, LintPersonalData, SeverityWarning)
		f.Value = v
		f.Message = "the value " + quoteValue(v) + " asks for a name or an e-mail address in the subject"
		f.Why = "CloudTrail records the subject of each token; AWS advises against personal data in it. creator_id says the same without a name."
		l.add(f, nil)
	}
	if sv.exact || !op.wildcards() {
		return
	}
	l.userText(c, v, sv)
	l.organizationWide(c, v, sv)
	l.defaultSubject(i, k, c)
}

// unfinished: a value without a wildcard that stops where every V2 subject goes
// on.
func (l *linter) unfinished(i, k int, c Condition, op operator, sv subjectValue) {
	r := subject.Read(sv.prefix)
	if !sv.exact || r.Version != subject.V2 || !r.Incomplete() {
		return
	}
	v := c.Values[k]
	f := at(c, LintNeverMatches, SeverityWarning)
	f.Value = v
	f.Message = "no V2 subject ends like " + quoteValue(v)
	f.Why = "The value lets nobody in: subjects go on with the environment, the user or the runner. StringLike with /* behind it takes all of them."
	f.Widens = true
	index := l.index
	if op.wildcards() && v == sv.prefix {
		l.add(f, func(p *Policy) { p.Statements[index].Conditions[i].Values[k] = v + "/*" })
		return
	}
	f.Widens = false
	l.add(f, nil)
}

// organizationWide: nothing but wildcards follows the organization.
func (l *linter) organizationWide(c Condition, v string, sv subjectValue) {
	r := subject.Read(strings.TrimRight(sv.prefix, ":/"))
	id := r.ID("organization_id")
	if id == "" || len(r.Pairs) > 1 || r.Rest != "" || !isStars(strings.TrimPrefix(v, sv.prefix)) {
		return
	}
	f := at(c, LintOrganizationWide, SeverityNote)
	f.Value = v
	f.Message = "the value lets the whole organization " + id + " in"
	f.Why = "Besides environments these are its users and service accounts, with V2 tokens also its runners."
	l.add(f, nil)
}

// contradictions: two conditions on sub that no subject satisfies both.
func (l *linter) contradictions(st Statement, host string) {
	for i, c := range st.Conditions {
		for _, d := range st.Conditions[:i] {
			if onSubject(c, host) && onSubject(d, host) && l.disjoint(c, d) {
				f := at(c, LintNeverMatches, SeverityWarning)
				f.Message = "no subject satisfies both " + quoteKey(d.Operator) + " and " + quoteKey(c.Operator) + " of this statement"
				f.Why = "All conditions of a statement have to hold. Alternatives are values of one condition, or statements."
				l.add(f, nil)
			}
		}
	}
}

// onSubject tells whether a condition names the subjects that it wants.
func onSubject(c Condition, host string) bool {
	op, ok := parseOperator(c.Operator)
	name, own := ownKey(c.Key, host)
	return ok && own && name == "sub" && !op.negated && (op.family == stringFamily || op.family == likeFamily)
}

func (l *linter) disjoint(c, d Condition) bool {
	a, _ := parseOperator(c.Operator)
	b, _ := parseOperator(d.Operator)
	for _, v := range c.Values {
		for _, w := range d.Values {
			x, y := readSubject(a, v, l.policy.Version), readSubject(b, w, l.policy.Version)
			if strings.HasPrefix(x.prefix, y.prefix) && !y.exact || strings.HasPrefix(y.prefix, x.prefix) && !x.exact || x.prefix == y.prefix {
				return false
			}
		}
	}
	return true
}
