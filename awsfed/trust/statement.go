package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/quote"
)

// Effect is the effect of a statement. IAM accepts only [Allow] and [Deny], in this letter case.
type Effect string

// The two effects of a statement.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Statement is one statement of a trust policy.
type Statement struct {
	// Sid is the name of the statement. It may be empty.
	Sid string
	// Effect is Allow or Deny.
	Effect Effect
	// Principal holds the principals of the statement.
	Principal Principal
	// Actions is the element Action. In a policy that IAM saves, either Actions or NotActions is
	// non-nil.
	Actions []string
	// NotActions is the element NotAction.
	NotActions []string
	// Conditions must all hold for the statement to apply. They are in the order of the document,
	// one for each pair of operator and key.
	Conditions []Condition

	form statementForm // zero: the default form
}

// statementForm is the form of a statement that was read.
type statementForm struct {
	line, column   int      // of the first character, from 1; 0 if not known
	order          []string // members of the statement
	principals     []string // members of Principal
	lists          []string // elements that were a list with one string
	emptyOperators []string // operators of Condition without a key
}

// noteList remembers that an element was a list although it has one string.
func (f *statementForm) noteList(element string, list bool, n int) {
	if list && n == 1 {
		f.lists = append(f.lists, element)
	}
}

// Position returns the line and column of the first character of the statement in the text that
// [Parse] read, counted as in [ParseError]. Both are 0 if the position is not known: for a statement
// made in Go code, and for a policy that was part of a larger JSON text.
func (s Statement) Position() (line, column int) { return s.form.line, s.form.column }

// CoversAction reports whether Actions or NotActions select the action. IAM ignores the letter case
// of actions, and * and ? are wildcards in them.
func (s Statement) CoversAction(action string) bool {
	matches := func(p string) bool { return matchAction(p, action) }
	if len(s.NotActions) > 0 {
		return !slices.ContainsFunc(s.NotActions, matches)
	}
	return slices.ContainsFunc(s.Actions, matches)
}

func matchAction(p, action string) bool {
	if !strings.ContainsAny(p, "*?") {
		return strings.EqualFold(p, action)
	}
	p = strings.ReplaceAll(strings.ToLower(p), "$", "${$}") // an action has no escapes
	return pattern.Compile(p).Match(strings.ToLower(action))
}

// Equal reports whether s and t have the same content in the same order. It ignores their form.
func (s Statement) Equal(t Statement) bool {
	return s.Sid == t.Sid && s.Effect == t.Effect && s.Principal.equal(t.Principal) &&
		slices.Equal(s.Actions, t.Actions) && slices.Equal(s.NotActions, t.NotActions) &&
		slices.EqualFunc(s.Conditions, t.Conditions, Condition.Equal)
}

// clone copies all lists. The form is shared, because it does not change after reading.
func (s Statement) clone() Statement {
	s.Principal = s.Principal.clone()
	s.Actions = slices.Clone(s.Actions)
	s.NotActions = slices.Clone(s.NotActions)
	s.Conditions = slices.Clone(s.Conditions)
	for i := range s.Conditions {
		s.Conditions[i].Values = slices.Clone(s.Conditions[i].Values)
	}
	return s
}

// statement reads one statement. The next byte is its opening brace.
func (r *reader) statement() (Statement, error) {
	start := r.lex.Offset()
	r.base = r.base.Forward(r.text, start) // later errors are after this position
	s := Statement{form: statementForm{line: r.base.Line(), column: r.base.Column()}}
	elements := []string{"Sid", "Effect", "Principal", "Action", "NotAction", "Condition"}
	err := r.members("statement", elements, &s.form.order, func(name string) error {
		var err error
		switch name {
		case "Sid":
			s.Sid, err = r.wantText()
		case "Effect":
			s.Effect, err = r.effect()
		case "Principal":
			s.Principal, err = r.principal(&s.form)
		case "Action":
			s.Actions, err = r.actions(&s.form, name)
		case "NotAction":
			s.NotActions, err = r.actions(&s.form, name)
		case "Condition":
			s.Conditions, err = r.conditions(&s.form)
		}
		return err
	})
	if err != nil {
		return Statement{}, err
	}
	has := func(name string) bool { return slices.Contains(s.form.order, name) }
	switch {
	case !has("Effect"):
		return Statement{}, fail(start, "the element Effect is missing")
	case !has("Principal"):
		return Statement{}, fail(start, "the element Principal is missing")
	case !has("Action") && !has("NotAction"):
		return Statement{}, fail(start, "the element Action is missing")
	case has("Action") && has("NotAction"):
		return Statement{}, fail(start, "a statement cannot have both Action and NotAction")
	}
	return s, nil
}

func (r *reader) effect() (Effect, error) {
	at := r.lex.Offset()
	v, err := r.wantText()
	if err != nil {
		return "", err
	}
	if e := Effect(v); e == Allow || e == Deny {
		return e, nil
	}
	return "", fail(at, quote.Name(v)+" is not an effect: use Allow or Deny, in this letter case")
}

// actions reads the element Action or NotAction.
func (r *reader) actions(form *statementForm, element string) ([]string, error) {
	at := r.lex.Offset()
	values, list, err := r.wantTexts(checkAction)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, fail(at, "there is no action")
	}
	form.noteList(element, list, len(values))
	return values, nil
}

// checkAction returns the reason why a trust policy cannot have the action, or "". IAM responds
// "AssumeRole policy may only specify STS AssumeRole actions". AWS does not document where it
// accepts wildcards, so a pattern is accepted if it matches one of the actions.
func checkAction(action string) string {
	// The actions of trust policies as of November 2026.
	known := []string{
		"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
		"sts:SetContext", "sts:SetSourceIdentity", "sts:TagSession",
	}
	if slices.ContainsFunc(known, func(k string) bool { return matchAction(action, k) }) {
		return ""
	}
	return quote.Name(action) + " is not an action of a trust policy: use " + strings.Join(known, ", ")
}
