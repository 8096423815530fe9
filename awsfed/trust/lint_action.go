package trust

import (
	"slices"
	"strings"
)

func (l *linter) actions(st Statement) {
	if len(st.NotActions) > 0 {
		l.add(Finding{
			ID: LintNotAction, Severity: SeverityWarning,
			Message: "the statement allows every action but " + quoteList(st.NotActions),
			Why:     "NotAction also allows what AWS adds later. Name the actions.",
		}, nil)
		return
	}
	for _, a := range st.Actions {
		if strings.ContainsAny(a, "*?") {
			l.add(Finding{
				ID: LintBroadAction, Severity: SeverityNote, Value: a,
				Message: "the action " + quoteName(a) + " is a pattern",
				Why:     "It allows more than sts:AssumeRoleWithWebIdentity, and whether IAM keeps saving patterns in trust policies is not documented.",
			}, nil)
		}
	}
}

// missingAction looks whether a statement asks for something in the token that
// needs an action of its own.
func (l *linter) missingAction(st Statement) {
	for _, c := range st.Conditions {
		op, ok := parseOperator(c.Operator)
		action := actionOfKey(c.Key)
		if !ok || action == "" || holdsWhenMissing(op, c) {
			continue
		}
		if slices.ContainsFunc(l.policy.Statements, func(s Statement) bool { return s.Effect == Allow && coversAction(s, action) }) {
			continue
		}
		f := at(c, LintMissingAction, SeverityWarning)
		f.Message = "the condition asks for " + quoteKey(c.Key) + ", and no statement allows " + action
		f.Why = "A token that has it is refused without that action, and one that does not have it fails the condition."
		f.Widens = true
		if len(st.NotActions) > 0 {
			l.add(f, nil)
			return
		}
		index := l.index
		l.add(f, func(p *Policy) {
			p.Statements[index].Actions = append(p.Statements[index].Actions, action)
		})
		return
	}
}

// actionOfKey is the action that a token with the key's claim needs.
func actionOfKey(key string) string {
	key = strings.ToLower(key)
	switch {
	case strings.HasPrefix(key, "aws:requesttag/"), key == "aws:tagkeys", key == "sts:transitivetagkeys":
		return actionTagSession
	case key == "sts:sourceidentity":
		return actionSetSourceIdentity
	default:
		return ""
	}
}
