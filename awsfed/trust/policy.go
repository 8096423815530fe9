package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

// Effect is what a statement does when it applies. IAM knows exactly the two
// values [Allow] and [Deny], in this letter case.
type Effect string

// The two effects of a statement.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Policy is an IAM role trust policy.
//
// The zero Policy has no statement and lets nobody in. A Policy made by
// [Parse] remembers the form it was read in (which elements were a single
// string and which a list, the order of the elements), so that printing it
// gives the same JSON again; a Policy put together in Go code prints in the
// form that IAM's console uses. Changing an exported field is allowed and
// shows in what is printed.
//
// A Policy is safe for concurrent use as long as nobody changes it. Copying
// one copies no list: both copies share their statements.
type Policy struct {
	// Version is "2012-10-17", "2008-10-17" or empty. IAM reads an absent
	// version as 2008-10-17, in which policy variables are plain text.
	Version string
	// ID is the element Id, which IAM keeps and does not use. It may be empty.
	ID string
	// Statements are in the order of the document. A later one never
	// overrules an earlier one: a Deny that applies always wins.
	Statements []Statement

	form *policyForm // nil: the usual form
}

// Statement is one statement of a trust policy.
type Statement struct {
	// Sid is the statement's name. It may be empty.
	Sid string
	// Effect is Allow or Deny.
	Effect Effect
	// Principal is who the statement speaks of.
	Principal Principal
	// Actions is the element Action. Exactly one of Actions and NotActions
	// is non-nil in a policy that IAM saves.
	Actions []string
	// NotActions is the element NotAction.
	NotActions []string
	// Conditions must all hold for the statement to apply. They are in the
	// order of the document, one for each pair of operator and key.
	Conditions []Condition

	form *statementForm // nil: the usual form
}

// Principal is the element Principal of a statement. A statement speaks of
// everybody in any of its lists.
type Principal struct {
	// Any is the principal "*": everybody.
	Any bool
	// Federated holds identity providers: the ARN of an OIDC or SAML
	// provider, or one of the names that AWS knows (accounts.google.com ...).
	Federated []string
	// AWS holds account numbers and ARNs of accounts, users, roles and
	// sessions, or "*".
	AWS []string
	// Service holds AWS services such as ec2.amazonaws.com.
	Service []string
	// Canonical is the element CanonicalUser.
	Canonical []string
}

// Condition is one operator applied to one key: the values are alternatives.
type Condition struct {
	// Operator is as written, for example "StringEquals" or
	// "ForAnyValue:StringLikeIfExists".
	Operator string
	// Key is the condition key as written, for example "app.gitpod.io:sub".
	// IAM compares keys without regard to letter case.
	Key string
	// Values are in the order of the document. Numbers and booleans of the
	// document are kept as their text.
	Values []string

	form *valueForm // nil: the usual form
}

// Equal tells whether p and q say the same in the same order. The form in
// which they were read (a single string or a list of one) does not matter.
func (p Policy) Equal(q Policy) bool {
	return p.Version == q.Version && p.ID == q.ID && slices.EqualFunc(p.Statements, q.Statements, Statement.Equal)
}

// Equal tells whether s and t say the same in the same order, in whatever form
// they were read.
func (s Statement) Equal(t Statement) bool {
	return s.Sid == t.Sid && s.Effect == t.Effect && s.Principal.equal(t.Principal) &&
		slices.Equal(s.Actions, t.Actions) && slices.Equal(s.NotActions, t.NotActions) &&
		slices.EqualFunc(s.Conditions, t.Conditions, Condition.Equal)
}

// Equal tells whether c and d say the same in the same order, in whatever form
// they were read.
func (c Condition) Equal(d Condition) bool {
	return c.Operator == d.Operator && c.Key == d.Key && slices.Equal(c.Values, d.Values)
}

// Clone returns a copy of p that shares nothing with p that can be changed.
func (p Policy) Clone() Policy {
	p.Statements = slices.Clone(p.Statements)
	for i := range p.Statements {
		s := &p.Statements[i]
		s.Principal = s.Principal.clone()
		s.Actions = slices.Clone(s.Actions)
		s.NotActions = slices.Clone(s.NotActions)
		s.Conditions = slices.Clone(s.Conditions)
		for j := range s.Conditions {
			s.Conditions[j].Values = slices.Clone(s.Conditions[j].Values)
		}
	}
	return p
}

// Position returns the line and column of the first character of the statement in the text that
// [Parse] read, counted as in [ParseError]. Both are 0 if the position is not known: for a statement
// made in Go code, and for a policy that was part of a larger JSON text.
func (s Statement) Position() (line, column int) {
	if s.form == nil {
		return 0, 0
	}
	return s.form.line, s.form.column
}

// CoversAction reports whether Actions or NotActions select the action. IAM ignores the letter
// case of actions, and * and ? are wildcards in them.
func (s Statement) CoversAction(action string) bool {
	if len(s.NotActions) > 0 {
		return !anyAction(s.NotActions, action)
	}
	return anyAction(s.Actions, action)
}

func anyAction(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return actionMatches(p, action) })
}

func actionMatches(want, action string) bool {
	if !strings.ContainsAny(want, "*?") {
		return strings.EqualFold(want, action)
	}
	// An action has no escapes.
	want = strings.ReplaceAll(strings.ToLower(want), "$", "${$}")
	return pattern.Compile(want).Match(strings.ToLower(action))
}
