package trust

import (
	"slices"
	"strings"
)

// allowHost looks at what an Allow asks of the tokens of one issuer. guarded: a
// Deny elsewhere binds the subject.
func (l *linter) allowHost(st Statement, host string, guarded bool) {
	before := len(l.found)
	if l.keys(st, host) {
		return // never applies to this issuer's tokens
	}
	bound := guarded
	for i, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		name, own := ownKey(c.Key, host)
		if !ok || !own {
			continue
		}
		if missingFor(c.Key, host) == "" {
			l.qualifiers(i, c, op, name, st)
		}
		if name == "sub" && l.subject(i, c, op, host) {
			bound = true
		}
		if bindsCustomer(host, name) && !op.negated && !op.failsOpen() && op.family != nullFamily && !slices.ContainsFunc(c.Values, isStars) {
			bound = true
		}
	}
	if guarded || boundElsewhere(st, host, l.policy.Version) {
		l.closed(before)
	}
	l.contradictions(st, host)
	l.audience(st, host)
	if bound {
		return
	}
	l.missingSubject(st, host)
	// A condition that always holds looks like the limit that is missing.
	for i := before; i < len(l.found); i++ {
		if f := &l.found[i]; f.ID == LintKeyNotMapped || f.ID == LintKeyWithScheme || f.ID == LintKeyOfOtherIssuer {
			f.Severity = SeverityError
		}
	}
}

// boundElsewhere tells whether some condition of the statement binds the subject
// by all of its values.
func boundElsewhere(st Statement, host, version string) bool {
	return slices.ContainsFunc(st.Conditions, func(c Condition) bool {
		op, ok := parseOperator(c.Operator)
		name, own := ownKey(c.Key, host)
		return ok && own && name == "sub" && !op.negated && !op.failsOpen() && stringOperator(op) &&
			!slices.ContainsFunc(c.Values, func(v string) bool { return !readSubject(op, v, version).tenant.Bound() })
	})
}

// closed lowers the findings about open values, from the one at index first on,
// because something else binds the subject.
func (l *linter) closed(first int) {
	for i := first; i < len(l.found); i++ {
		f := &l.found[i]
		if f.Severity != SeverityError {
			continue
		}
		switch f.ID {
		case LintOpenSubject, LintIfExists, LintForAllValues:
			f.Severity = SeverityWarning
			f.Why += " Here only another condition or a Deny keeps them out."
		}
	}
}

// ownKey gives the claim's name if the key belongs to the issuer.
func ownKey(key, host string) (name string, ok bool) {
	return strings.CutPrefix(strings.ToLower(key), strings.ToLower(host)+":")
}

func (l *linter) missingSubject(st Statement, host string) {
	f := Finding{ID: LintMissingSubject, Severity: SeverityError, Key: host + ":sub"}
	f.Message = "no condition says which subjects of " + quoteKey(host) + " are meant"
	for _, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		if name, own := ownKey(c.Key, host); ok && own && name == "sub" && op.negated {
			f.Message = "the condition on the subject names only who is not meant; everybody else is"
		}
	}
	shared, saved := sharedIssuer(host)
	switch {
	case strings.EqualFold(host, onaHost):
		f.Why = "This is one issuer for all customers of Ona, and the audience is the same for all: any organization can assume the role. IAM does not refuse such a policy. Ask for " + host + ":sub to begin with your organization."
	case shared && saved:
		f.Why = "This is one issuer for customers who do not know each other. IAM refuses to save such a policy today; a role that has it is from before."
	case shared:
		f.Why = "This is one issuer for customers who do not know each other: any of them can assume the role."
	default:
		f.Severity = SeverityWarning
		f.Why = "Every token of this provider with an accepted audience can assume the role. If the issuer serves more than one customer, that is an open door."
	}
	l.add(f, nil)
}

// onaHost is Ona's shared issuer without scheme.
const onaHost = "app.gitpod.io"

// keys looks for conditions on keys that the issuer's tokens never have, and
// tells whether one of them makes the statement fail for good.
func (l *linter) keys(st Statement, host string) (dead bool) {
	for i, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		why := missingFor(c.Key, host)
		if !ok || why == "" {
			continue
		}
		h, name, _ := cutKey(c.Key)
		if slices.Contains(statementHosts(st), h) && h != strings.ToLower(host) {
			// A key of another provider of the same statement: no mistake of
			// spelling, but for this issuer the condition is decided.
			dead = dead || !holdsWhenMissing(op, c)
			continue
		}
		always := holdsWhenMissing(op, c)
		f := at(c, LintKeyNotMapped, SeverityWarning)
		var edit func(*Policy)
		switch {
		case strings.Contains(strings.ToLower(c.Key), "://"):
			f.ID = LintKeyWithScheme
			if sameHost(h, host) {
				edit = l.rename(st, i, host+":"+name)
				f.Widens = !always
			}
		case h != strings.ToLower(host) && !strings.HasPrefix(strings.ToLower(c.Key), strings.ToLower(host)+":"):
			f.ID = LintKeyOfOtherIssuer
		}
		f.Message = why
		if always {
			f.Why = "The condition always holds, so it keeps nobody out."
		} else {
			dead = true
			f.Why = "The condition never holds, so the statement lets nobody in. Only aud, sub, amr, email and oaud of a token count; a claim that matters has to be part of sub."
		}
		l.add(f, edit)
	}
	return dead
}

// holdsWhenMissing tells whether a condition on a missing key holds.
func holdsWhenMissing(op operator, c Condition) bool {
	if op.family == nullFamily {
		// Whether AWS takes "True" is not documented, so it may hold.
		return slices.ContainsFunc(c.Values, func(v string) bool { return strings.EqualFold(v, "true") })
	}
	return op.failsOpen()
}

// rename is the fix that gives condition i another key, nil if the statement
// has a condition of that operator and key already.
func (l *linter) rename(st Statement, i int, key string) func(*Policy) {
	if slices.ContainsFunc(st.Conditions, func(d Condition) bool {
		return d.Operator == st.Conditions[i].Operator && strings.EqualFold(d.Key, key)
	}) {
		return nil
	}
	index := l.index
	return func(p *Policy) { p.Statements[index].Conditions[i].Key = key }
}

// respell is the fix that gives condition i another operator, nil if the
// statement has one of that operator and key already.
func (l *linter) respell(st Statement, i int, operator string) func(*Policy) {
	if slices.ContainsFunc(st.Conditions, func(d Condition) bool {
		return d.Operator == operator && strings.EqualFold(d.Key, st.Conditions[i].Key)
	}) {
		return nil
	}
	index := l.index
	return func(p *Policy) { p.Statements[index].Conditions[i].Operator = operator }
}

// qualifiers looks at IfExists and the set operators on an issuer's key.
func (l *linter) qualifiers(i int, c Condition, op operator, name string, st Statement) {
	severity := SeverityWarning
	if name == "sub" {
		severity = SeverityError
	}
	plain := op
	if op.ifExists && op.qualifier != forAnyValue && !op.negated {
		plain.ifExists = false
		f := at(c, LintIfExists, severity)
		f.Message = "with IfExists the condition holds for a token that has no " + quoteName(name)
		f.Why = "A condition that is meant to keep tokens out has to fail when there is nothing to compare."
		l.add(f, l.respell(st, i, plain.name()))
		return
	}
	plain.qualifier = noQualifier
	switch {
	case op.qualifier == forAllValues && name == "amr":
		if slices.ContainsFunc(st.Conditions, func(d Condition) bool {
			return d.Operator == "Null" && strings.EqualFold(d.Key, c.Key) && slices.Equal(d.Values, []string{"false"})
		}) {
			return
		}
		f := at(c, LintForAllValues, SeverityWarning)
		f.Message = "ForAllValues holds for a token that has no " + quoteName(name)
		f.Why = "Add the operator Null on " + quoteKey(c.Key) + " with the value false, so that the key has to be there."
		index := l.index
		l.add(f, func(p *Policy) {
			s := &p.Statements[index]
			s.Conditions = append(s.Conditions, Condition{Operator: "Null", Key: c.Key, Values: []string{"false"}})
		})
	case op.qualifier == forAllValues:
		f := at(c, LintForAllValues, severity)
		f.Message = "ForAllValues holds for a token that has no " + quoteName(name)
		f.Why = "The key has one value, so the plain operator says the same and fails when the key is missing."
		l.add(f, l.respell(st, i, plain.name()))
	case op.qualifier == forAnyValue && name != "amr":
		f := at(c, LintSetOperator, SeverityNote)
		f.Message = "ForAnyValue is for keys with several values, and " + quoteName(name) + " has one"
		f.Why = "AWS advises against set operators on such keys; the plain operator says the same."
		if !op.negated {
			l.add(f, l.respell(st, i, plain.name()))
			return
		}
		l.add(f, nil)
	}
}
