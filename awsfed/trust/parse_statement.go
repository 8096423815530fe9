package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

func statementElements() []string {
	return []string{"Sid", "Effect", "Principal", "Action", "NotAction", "Condition"}
}

// statement reads one statement; the next byte is its opening brace.
func (r *jsonReader) statement() (Statement, error) {
	start := r.offset()
	r.base = r.base.Forward(r.text, start) // nothing before it is reported any more
	s := Statement{form: &statementForm{line: r.base.Line(), column: r.base.Column()}}
	err := r.members("statement", statementElements(), &s.form.order, func(name string, at int) error {
		var err error
		switch name {
		case "Sid":
			s.Sid, err = r.wantText()
		case "Effect":
			s.Effect, err = r.effect()
		case "Principal":
			err = r.principal(&s)
		case "Action":
			s.Actions, err = r.actions(&s, name)
		case "NotAction":
			s.NotActions, err = r.actions(&s, name)
		case "Condition":
			err = r.conditions(&s)
		}
		return err
	})
	if err != nil {
		return Statement{}, err
	}
	has := func(name string) bool { return slices.Contains(s.form.order, name) }
	switch {
	case !has("Effect"):
		return Statement{}, r.fail(start, "the element Effect is missing")
	case !has("Principal"):
		return Statement{}, r.fail(start, "the element Principal is missing")
	case !has("Action") && !has("NotAction"):
		return Statement{}, r.fail(start, "the element Action is missing")
	case has("Action") && has("NotAction"):
		return Statement{}, r.fail(start, "Action and NotAction do not go together in one statement")
	}
	return s, nil
}

func (r *jsonReader) effect() (Effect, error) {
	at := r.offset()
	v, err := r.wantText()
	if err != nil {
		return "", err
	}
	switch e := Effect(v); e {
	case Allow, Deny:
		return e, nil
	}
	return "", r.fail(at, fmt.Sprintf("%s is no effect; the effects are Allow and Deny, in this letter case", quoteName(v)))
}

func (r *jsonReader) principal(s *Statement) error {
	kind, err := r.kind()
	if err != nil {
		return err
	}
	at := r.offset()
	switch kind {
	case jsonString:
		v, err := r.string()
		if err != nil {
			return err
		}
		if v != "*" {
			return r.fail(at, fmt.Sprintf(`the only principal without a type is "*", not %s`, quoteName(v)))
		}
		s.Principal.Any = true
		return nil
	case jsonObject:
	default:
		return r.fail(at, fmt.Sprintf(`an object or "*" is needed, not %v`, kind))
	}
	named := 0
	err = r.members("principal", principalKinds(), &s.form.principals, func(kind string, _ int) error {
		values, list, err := r.wantTexts(func(v string) string { return checkPrincipal(kind, v) })
		*s.Principal.list(kind) = values
		s.form.noteList(kind, list, len(values))
		named += len(values)
		return err
	})
	if err == nil && named == 0 {
		return r.fail(at, "no principal is named")
	}
	return err
}

func (r *jsonReader) actions(s *Statement, element string) ([]string, error) {
	at := r.offset()
	values, list, err := r.wantTexts(checkAction)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, r.fail(at, "no action is named")
	}
	s.form.noteList(element, list, len(values))
	return values, nil
}

// trustActions are the actions that a role trust policy can speak of, as of
// November 2026.
func trustActions() []string {
	return []string{
		"sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
		"sts:SetContext", "sts:SetSourceIdentity", "sts:TagSession",
	}
}

// checkAction says why a trust policy cannot have the action. IAM answers
// "AssumeRole policy may only specify STS AssumeRole actions". Whether it saves
// wildcards in each place is not documented, so a pattern passes if it stands
// for one of the actions.
func checkAction(action string) string {
	p := pattern.Compile(strings.ToLower(action))
	for _, known := range trustActions() {
		if p.Match(strings.ToLower(known)) {
			return ""
		}
	}
	return fmt.Sprintf("%s is no action of a trust policy; these are %s", quoteName(action), strings.Join(trustActions(), ", "))
}

// conditions reads the element Condition: operators, keys, values.
func (r *jsonReader) conditions(s *Statement) error {
	if err := r.want(jsonObject); err != nil {
		return err
	}
	s.Conditions = []Condition{}
	seen := make(map[string]string)
	return r.object(func(name string, at int) error {
		if _, ok := parseOperator(name); !ok {
			return r.fail(at, unknownOperator(name))
		}
		if err := r.once(seen, name, at, "operator"); err != nil {
			return err
		}
		r.path = append(r.path, pathName(name))
		before := len(s.Conditions)
		if err := r.conditionBlock(s, name); err != nil {
			return err
		}
		if len(s.Conditions) == before {
			s.form.emptyOperators = append(s.form.emptyOperators, name)
		}
		r.path = r.path[:len(r.path)-1]
		return nil
	})
}

// unknownOperator says that there is no such operator and which was meant when
// only the letter case is off.
func unknownOperator(name string) string {
	for _, known := range operatorNames() {
		if strings.EqualFold(known, name) {
			return fmt.Sprintf("unknown operator %s: IAM spells it %s", quoteName(name), known)
		}
	}
	if _, base, ok := strings.Cut(name, ":"); ok && (base == "Null" || base == "NullIfExists") || name == "NullIfExists" {
		return "Null takes neither IfExists nor ForAllValues nor ForAnyValue"
	}
	return fmt.Sprintf("unknown operator %s", quoteName(name))
}

// operatorNames lists the operators without qualifier and suffix.
func operatorNames() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	}
}

// once refuses a name that differs from an earlier one only in letter case. Two such keys are the same
// key to IAM, and AWS does not say whether their values are alternatives or all needed. The lexer
// refuses a name that is repeated exactly.
func (r *jsonReader) once(seen map[string]string, name string, at int, what string) error {
	folded := strings.ToLower(name)
	if before, ok := seen[folded]; ok {
		return r.fail(at, fmt.Sprintf("the %s %s appears twice, before as %s", what, quoteName(name), quoteName(before)))
	}
	seen[folded] = name
	return nil
}

// conditionBlock reads the keys of one operator.
func (r *jsonReader) conditionBlock(s *Statement, operator string) error {
	if err := r.want(jsonObject); err != nil {
		return err
	}
	seen := make(map[string]string)
	return r.object(func(key string, at int) error {
		if key == "" {
			return r.fail(at, "an empty condition key")
		}
		if err := r.once(seen, key, at, "condition key"); err != nil {
			return err
		}
		r.path = append(r.path, "["+quoteName(key)+"]")
		c, err := r.conditionValues()
		if err != nil {
			return err
		}
		c.Operator, c.Key = operator, key
		s.Conditions = append(s.Conditions, c)
		r.path = r.path[:len(r.path)-1]
		return nil
	})
}

// conditionValues reads a value or a list of values. Besides strings IAM takes
// numbers and booleans.
func (r *jsonReader) conditionValues() (Condition, error) {
	c := Condition{Values: []string{}}
	kind, err := r.kind()
	if err != nil {
		return Condition{}, err
	}
	bare := []bool{}
	read := func(int) error {
		kind, err := r.kind()
		if err != nil {
			return err
		}
		var v string
		switch kind {
		case jsonString:
			v, err = r.string()
		case jsonNumber, jsonTrue, jsonFalse:
			v, err = r.literal()
		default:
			return r.failHere(fmt.Sprintf("a string, a number or a boolean is needed, not %v", kind))
		}
		c.Values = append(c.Values, v)
		bare = append(bare, kind != jsonString)
		return err
	}
	if kind == jsonArray {
		err = r.array(read)
	} else {
		err = read(0)
	}
	if err != nil {
		return Condition{}, err
	}
	one := kind == jsonArray && len(c.Values) == 1
	if one || slices.Contains(bare, true) {
		c.form = &valueForm{list: one, bare: bare}
	}
	return c, nil
}
