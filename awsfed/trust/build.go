package trust

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Build makes a trust policy that lets in what any of the rules says and
// nothing else. Rules that differ only in whom they let in become the values of
// one condition. A subject that is known to the last character is compared with
// StringEquals; as soon as one of a statement's subjects is a pattern all of
// them stand under StringLike, which means the same for those without a
// wildcard. The same rules give the same policy.
//
// It is an error, and no policy, if a rule would let in others than it says:
// without an organization, or where the layout puts text that users choose
// between the start of the subject and what the rule looks for. The policy is
// never longer than [MaxSize]; most accounts take [DefaultSize] only, for which
// there is [BuildAll].
func Build(rules ...Rule) (Policy, error) {
	p, err := build(rules)
	if err != nil {
		return Policy{}, err
	}
	if n := p.Size(); n > MaxSize {
		return Policy{}, fmt.Errorf("trust: the policy has %d characters, IAM takes no more than %d: use BuildAll", n, MaxSize)
	}
	return p, nil
}

// BuildAll is [Build] for more rules than one policy can hold: it makes as many
// policies as are needed to keep each within limit characters ([Policy.Size]),
// one for each of as many roles. The rules stay in their order and each rule is
// in one policy as a whole. A limit of 0 is [DefaultSize].
func BuildAll(limit int, rules ...Rule) ([]Policy, error) {
	if limit == 0 {
		limit = DefaultSize
	}
	if limit < 0 || limit > MaxSize {
		return nil, fmt.Errorf("trust: a limit of %d; IAM takes up to %d characters", limit, MaxSize)
	}
	var policies []Policy
	for from := 0; from < len(rules); {
		var fits Policy
		to := from
		for to < len(rules) {
			p, err := build(rules[from : to+1])
			if err != nil {
				return nil, shifted(err, from)
			}
			if n := p.Size(); n > limit {
				if to == from {
					return nil, fmt.Errorf("trust: rule %d alone makes a policy of %d characters, more than %d", from, n, limit)
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

func errNoRule() error { return errors.New("trust: no rule: a policy without a statement is none") }

// ruleError says which rule is wrong.
type ruleError struct {
	index int
	err   error
}

func (e *ruleError) Error() string { return fmt.Sprintf("trust: rule %d: %v", e.index, e.err) }

// shifted counts the rule of err from the start of all rules.
func shifted(err error, from int) error {
	var re *ruleError
	if errors.As(err, &re) {
		return &ruleError{index: from + re.index, err: re.err}
	}
	return err
}

// statementKey is what rules of one statement have in common.
type statementKey struct{ provider, issuer, audience, sid, actions string }

// subjectList collects the subjects of one statement.
type subjectList struct {
	key      statementKey
	actions  []string
	subjects []string
	like     bool
}

func build(rules []Rule) (Policy, error) {
	var lists []*subjectList
	byKey := make(map[statementKey]*subjectList)
	for i, r := range rules {
		key, actions, err := r.statementKey()
		if err != nil {
			return Policy{}, &ruleError{index: i, err: err}
		}
		patterns, err := r.subjects()
		if err != nil {
			return Policy{}, &ruleError{index: i, err: err}
		}
		list := byKey[key]
		if list == nil {
			list = &subjectList{key: key, actions: actions}
			byKey[key] = list
			lists = append(lists, list)
		}
		for _, s := range patterns {
			list.like = list.like || strings.ContainsAny(s, "*?")
			if !slices.Contains(list.subjects, s) {
				list.subjects = append(list.subjects, s)
			}
		}
	}
	if len(lists) == 0 {
		return Policy{}, errNoRule()
	}
	p := Policy{Version: "2012-10-17"}
	for i, list := range lists {
		sid := list.key.sid
		if sid != "" && slices.ContainsFunc(lists[:i], func(l *subjectList) bool { return l.key.sid == sid }) {
			return Policy{}, fmt.Errorf("trust: the Sid %s is used by rules that cannot share a statement", quoteName(sid))
		}
		p.Statements = append(p.Statements, list.statement())
	}
	return p, nil
}

// statementKey checks the rule and gives the statement that it belongs to.
func (r Rule) statementKey() (statementKey, []string, error) {
	if err := r.check(); err != nil {
		return statementKey{}, nil, err
	}
	provider, err := ProviderARN(cmp.Or(r.Partition, "aws"), r.Account, r.issuer())
	if err != nil {
		return statementKey{}, nil, errors.New(strings.TrimPrefix(err.Error(), "trust: "))
	}
	actions := []string{"sts:AssumeRoleWithWebIdentity"}
	for _, a := range []string{"sts:TagSession", "sts:SetSourceIdentity"} {
		if slices.Contains(r.MoreActions, a) {
			actions = append(actions, a)
		}
	}
	return statementKey{
		provider: provider, issuer: r.issuer(), audience: r.audience(), sid: r.Sid, actions: strings.Join(actions, " "),
	}, actions, nil
}

func (l *subjectList) statement() Statement {
	operator := "StringEquals"
	if l.like {
		operator = "StringLike"
	}
	return Statement{
		Sid:       l.key.sid,
		Effect:    Allow,
		Principal: Principal{Federated: []string{l.key.provider}},
		Actions:   l.actions,
		Conditions: []Condition{
			{Operator: "StringEquals", Key: ConditionKey(l.key.issuer, "aud"), Values: []string{l.key.audience}},
			{Operator: operator, Key: ConditionKey(l.key.issuer, "sub"), Values: l.subjects},
		},
	}
}
