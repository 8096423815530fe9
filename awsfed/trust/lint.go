package trust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/provider"
)

// Lint looks for what is dangerous or hardly meant in a role trust policy that
// IAM would save. Findings come in the order of the statements; within one the
// gravest come first.
//
// It knows that https://app.gitpod.io is one issuer for all of Ona's customers
// and that IAM, which guards some issuers of that sort, does not guard this one:
// the subject is all that tells organizations apart. For other issuers it says
// less, because it does not know how their subjects are made.
//
// A policy without findings of [SeverityError] lets in no token of another Ona
// organization. What Lint could not judge is a finding too.
func Lint(p Policy) []Finding {
	l := &linter{policy: p, found: []Finding{}}
	l.size()
	for i, st := range p.Statements {
		l.index = i
		switch st.Effect {
		case Allow:
			l.allow(st)
		case Deny:
			l.deny(st)
		default:
			l.add(Finding{
				ID: LintNotAnalysed, Severity: SeverityWarning,
				Message: "the effect " + quoteName(string(st.Effect)) + " is neither Allow nor Deny",
				Why:     "IAM refuses such a statement.",
			}, nil)
		}
		l.texts(st)
	}
	rank := map[Severity]int{SeverityError: 0, SeverityWarning: 1, SeverityNote: 2}
	slices.SortStableFunc(l.found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Statement, b.Statement), cmp.Compare(rank[a.Severity], rank[b.Severity]))
	})
	return l.found
}

type linter struct {
	policy Policy
	index  int
	found  []Finding
}

// add records a finding about the current statement. edit, if there is one,
// puts it right in a copy of the policy.
func (l *linter) add(f Finding, edit func(*Policy)) {
	f.Statement = l.index
	if l.index >= 0 {
		if form := l.policy.Statements[l.index].form; form != nil {
			f.Line, f.Column = form.line, form.column
		}
	}
	if edit != nil {
		f.Fixable, f.fix = true, &fix{policy: l.policy, edit: edit}
	}
	l.found = append(l.found, f)
}

// at is a finding about one condition.
func at(c Condition, id string, severity Severity) Finding {
	return Finding{ID: id, Severity: severity, Operator: c.Operator, Key: c.Key}
}

func (l *linter) size() {
	n := l.policy.Size()
	l.index = -1
	switch {
	case n > MaxSize:
		l.add(Finding{
			ID: LintTooLong, Severity: SeverityError,
			Message: fmt.Sprintf("the policy has %d characters, and no quota goes beyond %d", n, MaxSize),
			Why:     "IAM refuses it. BuildAll makes several policies for several roles out of it.",
		}, nil)
	case n > DefaultSize:
		l.add(Finding{
			ID: LintTooLong, Severity: SeverityWarning,
			Message: fmt.Sprintf("the policy has %d characters; without a raised quota IAM takes %d", n, DefaultSize),
			Why:     "IAM refuses it in an account whose quota L-C07B4B0D was not raised. White space is not counted here; whether IAM counts it in trust policies is not documented.",
		}, nil)
	}
}

// allow looks at an Allow statement that may let web identities in.
func (l *linter) allow(st Statement) {
	if !coversAction(st, actionAssume) {
		l.everyAccount(st)
		return
	}
	l.actions(st)
	l.missingAction(st)
	l.providers(st)
	hosts := statementHosts(st)
	if forEverybody(st.Principal) {
		l.everybody(st, hosts)
	}
	for _, host := range hosts {
		l.allowHost(st, host, guarded(l.policy, st, host))
	}
}

// forEverybody tells whether web identities of every provider are meant.
func forEverybody(p Principal) bool {
	return p.Any || slices.Contains(p.AWS, "*") || slices.Contains(p.Federated, "*")
}

// statementHosts are the issuers, without scheme, whose tokens the statement
// speaks of: those of its providers, and for everybody those of its keys.
func statementHosts(st Statement) []string {
	var hosts []string
	add := func(h string) {
		if h != "" && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	for _, arn := range st.Principal.Federated {
		if h, ok := providerHost(arn); ok {
			add(h)
		}
	}
	if forEverybody(st.Principal) {
		for _, c := range st.Conditions {
			if h, name, ok := cutKey(c.Key); ok && (name == "sub" || name == "aud") {
				add(h)
			}
		}
	}
	return hosts
}

// cutKey splits a key such as app.gitpod.io:sub. ok is false for keys of AWS's
// own such as aws:SourceIp.
func cutKey(key string) (host, name string, ok bool) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 || !strings.ContainsAny(key[:i], "./") {
		return "", "", false
	}
	return strings.ToLower(key[:i]), strings.ToLower(key[i+1:]), true
}

// audience looks whether the statement asks for an audience of the issuer.
func (l *linter) audience(st Statement, host string) {
	for _, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		name, own := ownKey(c.Key, host)
		if !ok || !own || name != "aud" && name != "oaud" || op.negated || op.family == nullFamily {
			continue
		}
		if !op.wildcards() || !slices.ContainsFunc(c.Values, isStars) {
			return
		}
	}
	l.add(Finding{
		ID: LintMissingAudience, Severity: SeverityWarning, Key: host + ":aud",
		Message: "no condition asks for an audience of " + quoteKey(host),
		Why:     "Every client id of the provider is accepted, so a token that was made for another purpose gets in as soon as somebody registers its audience.",
	}, nil)
}

func isStars(s string) bool { return s != "" && strings.Trim(s, "*") == "" }

// deny looks at a Deny statement.
func (l *linter) deny(st Statement) {
	if !coversAction(st, actionAssume) {
		return
	}
	hosts := statementHosts(st)
	for _, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		if !ok || op.family == nullFamily || op.failsOpen() {
			continue
		}
		for _, host := range hosts {
			if why := missingFor(c.Key, host); why != "" {
				f := at(c, LintDeadDeny, SeverityError)
				f.Message = "the Deny never applies to tokens of " + quoteKey(host) + ": " + why
				f.Why = "What it was written to keep out gets in. A Deny on a claim that AWS does not have needs a condition on sub instead."
				l.add(f, nil)
				break
			}
		}
	}
}

// missingFor says why tokens of an issuer never have a key, "" if they may.
func missingFor(key, host string) string {
	h, name, ok := cutKey(key)
	lower := strings.ToLower(host)
	if rest, own := strings.CutPrefix(strings.ToLower(key), lower+":"); own {
		h, name, ok = lower, rest, true
	}
	switch {
	case !ok:
		return ""
	case strings.Contains(h, "://"):
		return "a condition key has the issuer without its scheme"
	case h != lower:
		return "the key is for tokens of " + quoteKey(h)
	case !slices.Contains(IssuerKeys("https://"+host), name):
		return "AWS has no key for the claim " + quoteName(name) + " of this issuer (as of " + provider.KeysAsOf + ")"
	default:
		return ""
	}
}

// guarded tells whether a Deny keeps everybody out whose subject is not on a
// list of bound values: the other way to write a policy.
func guarded(p Policy, allow Statement, host string) bool {
	return slices.ContainsFunc(p.Statements, func(st Statement) bool {
		if st.Effect != Deny || !coversAction(st, actionAssume) || len(st.Conditions) != 1 || !speaksOf(st.Principal, allow.Principal, host) {
			return false
		}
		c := st.Conditions[0]
		op, ok := parseOperator(c.Operator)
		name, own := ownKey(c.Key, host)
		if !ok || !own || name != "sub" || !op.negated || op.qualifier == forAnyValue || !stringOperator(op) {
			return false
		}
		return !slices.ContainsFunc(c.Values, func(v string) bool { return !readSubject(op, v, p.Version).tenant.Bound() })
	})
}

// speaksOf tells whether a Deny's principal surely has every provider of the
// host that an Allow's has.
func speaksOf(deny, allow Principal, host string) bool {
	if deny.Any || slices.Contains(deny.AWS, "*") {
		return true
	}
	found := false
	for _, arn := range allow.Federated {
		if h, ok := providerHost(arn); ok && h == host {
			found = slices.Contains(deny.Federated, arn)
			if !found {
				return false
			}
		}
	}
	return found && !allow.Any && !slices.Contains(allow.AWS, "*") && !slices.Contains(allow.Federated, "*")
}
