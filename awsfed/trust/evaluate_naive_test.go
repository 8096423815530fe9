package trust_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// naive is a second implementation of the rules for strings. It follows the wording of the AWS pages,
// and has neither variables nor open questions.
type naive struct{ context map[string][]string }

func (n naive) allowed(p trust.Policy, action string) bool {
	allow := false
	for _, s := range p.Statements {
		applies := false
		for _, a := range s.Actions {
			applies = applies || glob(strings.ToLower(a), strings.ToLower(action))
		}
		for _, c := range s.Conditions {
			applies = applies && n.holds(c)
		}
		if applies && s.Effect == trust.Deny {
			return false
		}
		allow = allow || applies
	}
	return allow
}

func (n naive) holds(c trust.Condition) bool {
	op, ifExists := strings.CutSuffix(c.Operator, "IfExists")
	op, all := strings.CutPrefix(op, "ForAllValues:")
	op, some := strings.CutPrefix(op, "ForAnyValue:")
	values := n.context[strings.ToLower(c.Key)]
	if op == "Null" {
		for _, v := range c.Values {
			if (v == "true") == (len(values) == 0) {
				return true
			}
		}
		return false
	}
	negated := strings.Contains(op, "Not")
	one := func(got string) bool {
		for _, want := range c.Values {
			if textMatches(op, want, got) {
				return !negated
			}
		}
		return negated
	}
	switch {
	case len(values) == 0 && some:
		return false
	case len(values) == 0:
		return all || ifExists || negated
	case some:
		for _, v := range values {
			if one(v) {
				return true
			}
		}
		return false
	default:
		for _, v := range values {
			if !one(v) {
				return false
			}
		}
		return true
	}
}

func textMatches(op, want, got string) bool {
	switch strings.Replace(op, "Not", "", 1) {
	case "StringEquals":
		return want == got
	case "StringEqualsIgnoreCase":
		return strings.EqualFold(want, got)
	default:
		return glob(want, got)
	}
}

// glob tries every length for a *.
func glob(pattern, s string) bool {
	if pattern == "" {
		return s == ""
	}
	if pattern[0] == '*' {
		return glob(pattern[1:], s) || s != "" && glob(pattern, s[size(s):])
	}
	if s == "" {
		return false
	}
	if pattern[0] == '?' {
		return glob(pattern[1:], s[size(s):])
	}
	n := size(pattern)
	return strings.HasPrefix(s, pattern[:n]) && size(s) == n && glob(pattern[n:], s[n:])
}

func size(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

// naiveSeeds adds the seeds of the fuzz target.
func naiveSeeds(f *testing.F) {
	f.Helper()
	for _, s := range []struct{ operator, value, value2, got, got2, version string }{
		{"StringLike", "org:*", "a?c", "org:1/prj:2", "", "2012-10-17"},
		{"ForAllValues:StringNotLike", "a*", "", "b", "c", "2012-10-17"},
		{"ForAnyValue:StringEqualsIfExists", "a", "B", "a", "b", ""},
		{"StringNotEqualsIgnoreCase", "É", "straße", "é", "STRASSE", "2008-10-17"},
		{"StringLikeIfExists", "a*b*c*d", "**?", "axbxcxd", "\xff", "2012-10-17"},
		{"Null", "true", "false", "", "", "2012-10-17"},
		{"StringLike", "${*}", "$", "*", "$", "2012-10-17"}, // an escape, which naive does not have
	} {
		f.Add(s.operator, s.value, s.value2, s.got, s.got2, s.version)
	}
}

func FuzzEvaluateAgainstNaive(f *testing.F) {
	naiveSeeds(f)
	f.Fuzz(func(t *testing.T, operator, value, value2, got, got2, version string) {
		if len(value)+len(value2) > 12 || len(got)+len(got2) > 24 {
			t.Skip("the naive implementation needs exponential time")
		}
		context := map[string][]string{}
		values := []string{value}
		if value2 != "" {
			values = append(values, value2)
		}
		if got != "" {
			context["test:key"] = []string{got}
		}
		if got2 != "" && strings.HasPrefix(operator, "For") {
			context["test:key"] = append(context["test:key"], got2)
		}
		c := trust.Condition{Operator: operator, Key: "Test:Key", Values: values}
		p := trust.Policy{Version: version, Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRole*"}, Conditions: []trust.Condition{c},
		}}}
		d := p.Evaluate(trust.Request{Context: context})
		x := d.Explain()
		if x.Text() == "" || x.Reason == "" {
			t.Error("no explanation")
		}
		if d.Outcome == trust.Undetermined {
			if len(x.Alternatives) == 0 {
				t.Error("an undetermined outcome has no alternatives")
			}
			return
		}
		if !isStringOperator(operator) || strings.Contains(value+value2, "${") {
			return
		}
		if want := (naive{context}).allowed(p, "sts:AssumeRoleWithWebIdentity"); d.Allowed() != want {
			t.Errorf("%+v on %q: %s, naive allows: %v", c, context, d.Outcome, want)
		}
	})
}

func isStringOperator(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "ForAllValues:"), "ForAnyValue:")
	switch strings.TrimSuffix(s, "IfExists") {
	case "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike":
		return true
	}
	return s == "Null"
}

// The policies have several statements with several conditions, which a fuzzer rarely finds.
func TestEvaluateAgainstNaive(t *testing.T) {
	t.Parallel()
	r := policies.NewRandom(5)
	text := func() string {
		return policies.Pick(r, "a", "A", "", "*") + policies.Pick(r, "b", "?", "", "*") + policies.Pick(r, "c", "é", "", "*a")
	}
	allowed := 0
	for range 20_000 {
		p := trust.Policy{Version: "2012-10-17"}
		for range 1 + r.IntN(3) {
			s := trust.Statement{Effect: policies.Pick(r, trust.Allow, trust.Allow, trust.Deny), Principal: trust.Principal{Any: true}, Actions: []string{policies.Pick(r, "sts:*", "STS:assumerolewithwebidentity", "sts:AssumeRole")}}
			for range r.IntN(3) {
				c := trust.Condition{
					Operator: policies.Pick(r, "", "", "ForAllValues:", "ForAnyValue:") +
						policies.Pick(r, "StringLike", "StringNotLike", "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase") +
						policies.Pick(r, "", "", "IfExists"),
					Key: policies.Pick(r, "test:a", "TEST:B", "test:c"),
				}
				for range 1 + r.IntN(3) {
					c.Values = append(c.Values, text())
				}
				s.Conditions = append(s.Conditions, c)
			}
			p.Statements = append(p.Statements, s)
		}
		context := map[string][]string{"test:a": {text()}}
		if r.IntN(2) == 0 {
			context["test:b"] = []string{text(), text()}
		}
		d := p.Evaluate(trust.Request{Context: context})
		if d.Allowed() {
			allowed++
		}
		if d.Outcome == trust.Undetermined {
			continue
		}
		if want := (naive{context}).allowed(p, "sts:AssumeRoleWithWebIdentity"); d.Allowed() != want {
			t.Fatalf("%s, naive allows: %v\n%q\n%s", d.Outcome, want, context, p)
		}
	}
	if allowed < 2000 || allowed > 18_000 {
		t.Errorf("%d of 20,000 policies allow: the generator needs more of both", allowed)
	}
}

// The alternatives of an undetermined outcome have different outcomes, unless two questions together
// decide.
func TestAlternativesOfUndeterminedOutcome(t *testing.T) {
	t.Parallel()
	r := policies.NewRandom(7)
	undetermined := 0
	for range 2_000 {
		p := r.Policy()
		req := trust.Request{
			Issuer: "https://app.gitpod.io", ProviderARN: "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io",
			Context: map[string][]string{"app.gitpod.io:sub": {policies.Pick(r, policies.Subjects(policies.Org)...)}},
		}
		d := p.Evaluate(req)
		if d.Outcome != trust.Undetermined {
			continue
		}
		undetermined++
		x := d.Explain()
		outcomes := map[trust.Outcome]bool{}
		for _, a := range x.Alternatives {
			outcomes[a.Outcome] = true
		}
		if len(x.Alternatives) < 2 || len(outcomes) < 2 && !outcomes[trust.Undetermined] {
			t.Fatalf("alternatives %+v do not show why it is undetermined\n%s", x.Alternatives, p)
		}
	}
	if undetermined < 20 {
		t.Errorf("%d undetermined outcomes: the generator needs more", undetermined)
	}
}
