package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// Build returns a trust policy that allows exactly the tokens that at least one of the rules
// describes. Rules that differ only in the subject become the values of one condition. The operator
// on the subject is StringEquals, or StringLike if one of the subjects has a wildcard. The same rules
// give the same policy.
//
// Build fails if a rule would allow more than it states: without an organization, or if the layout
// has a field with free text before a field that the rule requires. A wrong field is a *[RuleError].
// The policy is at most [MaxSize] characters long. Most accounts allow only [DefaultSize]: see
// [BuildAll].
func Build(rules ...Rule) (Policy, error) {
	p, err := build(rules, 0)
	if err != nil {
		return Policy{}, err
	}
	if n := p.Size(); n > MaxSize {
		return Policy{}, fmt.Errorf("trust: the policy has %d characters, and IAM allows at most %d: use BuildAll", n, MaxSize)
	}
	return p, nil
}

// BuildAll is like [Build] for rules that do not fit into one policy. It returns as few policies as
// the order of the rules permits, each for its own role and at most limit characters long
// ([Policy.Size]). A rule is never split. A limit of 0 means [DefaultSize].
func BuildAll(limit int, rules ...Rule) ([]Policy, error) {
	if limit == 0 {
		limit = DefaultSize
	}
	if limit < 0 || limit > MaxSize {
		return nil, fmt.Errorf("trust: limit %d: want a positive number of characters, at most the %d that IAM allows, or 0 for %d", limit, MaxSize, DefaultSize)
	}
	var policies []Policy
	for from := 0; from < len(rules); {
		var fits Policy
		to := from
		for to < len(rules) {
			p, err := build(rules[from:to+1], from)
			if err != nil {
				return nil, err
			}
			if n := p.Size(); n > limit {
				if to == from {
					return nil, fmt.Errorf("trust: rule %d needs a policy of %d characters, and the limit is %d", from, n, limit)
				}
				break
			}
			fits = p
			to++
		}
		policies = append(policies, fits)
		from = to
	}
	if len(policies) == 0 {
		return nil, errNoRule()
	}
	return policies, nil
}

func errNoRule() error { return errors.New("trust: no rule: a policy needs at least one") }

// group holds the rules that share a statement. All fields of its key are equal for them.
type group struct {
	key      groupKey
	rule     int // index of the first of them, for errors
	subjects []string
}

type groupKey struct{ provider, issuer, audience, sid, actions string }

// build returns a policy of any size. first is the index of the first rule, for errors.
func build(rules []Rule, first int) (Policy, error) {
	if len(rules) == 0 {
		return Policy{}, errNoRule()
	}
	var groups []*group
	for i, r := range rules {
		if field, reason := r.check(); field != "" {
			return Policy{}, &RuleError{Rule: first + i, Field: field, Reason: reason}
		}
		subjects, err := r.subjects()
		if err != nil {
			return Policy{}, &RuleError{Rule: first + i, Field: "Layout", Reason: err.Error()}
		}
		key := r.groupKey()
		at := slices.IndexFunc(groups, func(g *group) bool { return g.key == key })
		if at < 0 {
			at = len(groups)
			groups = append(groups, &group{key: key, rule: first + i})
		}
		for _, s := range subjects {
			if !slices.Contains(groups[at].subjects, s) {
				groups[at].subjects = append(groups[at].subjects, s)
			}
		}
	}
	p := Policy{Version: condition.VersionWithVariables}
	for i, g := range groups {
		sid := g.key.sid
		if sid != "" && slices.ContainsFunc(groups[:i], func(h *group) bool { return h.key.sid == sid }) {
			return Policy{}, &RuleError{
				Rule: g.rule, Field: "Sid",
				Reason: quote.Name(sid) + " is also the Sid of an earlier rule, and the two cannot share a statement: use another Sid",
			}
		}
		p.Statements = append(p.Statements, g.statement())
	}
	return p, nil
}

// groupKey returns the key of a rule that check accepts.
func (r Rule) groupKey() groupKey {
	actions := condition.AssumeRoleWithWebIdentity
	for _, a := range []string{condition.TagSession, condition.SetSourceIdentity} {
		if slices.Contains(r.MoreActions, a) {
			actions += " " + a
		}
	}
	return groupKey{
		provider: providerARN(r.partition(), r.Account, r.issuer()),
		issuer:   r.issuer(), audience: r.audience(), sid: r.Sid, actions: actions,
	}
}

func (g *group) statement() Statement {
	operator := "StringEquals"
	if slices.ContainsFunc(g.subjects, func(s string) bool { return strings.ContainsAny(s, "*?") }) {
		operator = "StringLike"
	}
	return Statement{
		Sid:       g.key.sid,
		Effect:    Allow,
		Principal: Principal{Federated: []string{g.key.provider}},
		Actions:   strings.Fields(g.key.actions),
		Conditions: []Condition{
			{Operator: "StringEquals", Key: ConditionKey(g.key.issuer, "aud"), Values: []string{g.key.audience}},
			{Operator: operator, Key: ConditionKey(g.key.issuer, "sub"), Values: g.subjects},
		},
	}
}
