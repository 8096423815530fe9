package trust

import (
	"errors"
	"slices"
	"unicode/utf8"
)

// policyForm is what a policy looked like when it was read, as far as the
// exported fields do not say it.
type policyForm struct {
	order  []string // members of the document
	single bool     // Statement was one object
}

// statementForm is the same for a statement.
type statementForm struct {
	line, column   int      // of its first character, from 1; 0 = not known
	order          []string // members of the statement
	principals     []string // members of Principal
	lists          []string // elements that were a list of one
	emptyOperators []string // operators of Condition without a key
}

// valueForm is the same for the values of a condition.
type valueForm struct {
	list bool   // a list of one
	bare []bool // values that were a number or a boolean
}

// noteList remembers that an element was a list where a string says the same.
func (f *statementForm) noteList(element string, list bool, n int) {
	if list && n == 1 {
		f.lists = append(f.lists, element)
	}
}

// String prints the policy as JSON indented with tabs, as IAM's console shows
// it, without a newline at the end. The result depends on p alone. It prints
// what there is; [Policy.MarshalJSON] refuses a policy that IAM would refuse.
func (p Policy) String() string {
	w := printer{indent: true}
	w.policy(p)
	return string(w.b)
}

// MarshalJSON gives the policy as JSON without white space, which [Parse] reads
// back to an equal policy. It is an error, a *[ParseError] in most cases, if
// IAM would refuse the policy.
func (p Policy) MarshalJSON() ([]byte, error) {
	text := p.compact()
	back, err := Parse(text)
	if err != nil {
		var pe *ParseError
		if errors.As(err, &pe) {
			// The position is one in a text that nobody has seen.
			return nil, &ParseError{Element: pe.Element, Reason: pe.Reason}
		}
		return nil, err
	}
	if !back.Equal(p.grouped()) {
		// Nothing else is lost in print, and this must not go without a word.
		return nil, &ParseError{Reason: `the policy does not read back as it is: text that is not UTF-8, or Any beside other principals`}
	}
	return text, nil
}

// grouped gives p with the conditions of one operator side by side, as JSON
// must have them.
func (p Policy) grouped() Policy {
	p = p.Clone()
	for _, s := range p.Statements {
		rank := make(map[string]int)
		for _, c := range s.Conditions {
			if _, ok := rank[c.Operator]; !ok {
				rank[c.Operator] = len(rank)
			}
		}
		slices.SortStableFunc(s.Conditions, func(c, d Condition) int { return rank[c.Operator] - rank[d.Operator] })
	}
	return p
}

// UnmarshalJSON is [Parse]; on an error p stays as it is.
func (p *Policy) UnmarshalJSON(data []byte) error {
	q, err := Parse(data)
	if err != nil {
		return err
	}
	q.forgetPlaces() // data is a part of a text that is not seen here
	*p = q
	return nil
}

// Size is the number of characters of the policy without white space between
// elements. IAM's limits are [DefaultSize] and [MaxSize]. AWS documents that
// white space does not count for other policies and leaves it open for trust
// policies, so an indented document may be refused a little earlier.
func (p Policy) Size() int { return utf8.RuneCount(p.compact()) }

func (p Policy) compact() []byte {
	w := printer{}
	w.policy(p)
	return w.b
}

func (w *printer) policy(p Policy) {
	form := policyForm{}
	if p.form != nil {
		form = *p.form
	}
	has := func(name string) bool {
		switch name {
		case "Version":
			return p.Version != ""
		case "Id":
			return p.ID != "" || slices.Contains(form.order, name)
		}
		return true
	}
	w.open('{')
	for _, name := range ordered(form.order, policyElements(), has) {
		w.name(name)
		switch name {
		case "Version":
			w.text(p.Version)
		case "Id":
			w.text(p.ID)
		case "Statement":
			w.statements(p.Statements, form.single)
		}
	}
	w.close('}')
}

func (w *printer) statements(statements []Statement, single bool) {
	if single && len(statements) == 1 {
		w.statement(statements[0])
		return
	}
	w.open('[')
	for _, s := range statements {
		w.next()
		w.statement(s)
	}
	w.close(']')
}

func (w *printer) statement(s Statement) {
	form := statementForm{}
	if s.form != nil {
		form = *s.form
	}
	has := func(name string) bool {
		switch name {
		case "Sid":
			return s.Sid != "" || slices.Contains(form.order, name)
		case "Action":
			return s.Actions != nil
		case "NotAction":
			return s.NotActions != nil
		case "Condition":
			return s.Conditions != nil
		}
		return true
	}
	w.open('{')
	for _, name := range ordered(form.order, statementElements(), has) {
		w.name(name)
		switch name {
		case "Sid":
			w.text(s.Sid)
		case "Effect":
			w.text(string(s.Effect))
		case "Principal":
			w.principal(s.Principal, form)
		case "Action":
			w.texts(s.Actions, slices.Contains(form.lists, name), nil)
		case "NotAction":
			w.texts(s.NotActions, slices.Contains(form.lists, name), nil)
		case "Condition":
			w.conditions(s.Conditions, form.emptyOperators)
		}
	}
	w.close('}')
}

func (w *printer) principal(p Principal, form statementForm) {
	has := func(kind string) bool { return *p.list(kind) != nil }
	kinds := ordered(form.principals, principalKinds(), has)
	if p.Any && len(kinds) == 0 {
		w.text("*")
		return
	}
	w.open('{')
	for _, kind := range kinds {
		w.name(kind)
		w.texts(*p.list(kind), slices.Contains(form.lists, kind), nil)
	}
	w.close('}')
}

// conditions writes the conditions of one operator together, in the order in
// which the operators first come.
func (w *printer) conditions(conditions []Condition, emptyOperators []string) {
	w.open('{')
	for i, first := range conditions {
		sameOperator := func(c Condition) bool { return c.Operator == first.Operator }
		if slices.ContainsFunc(conditions[:i], sameOperator) {
			continue
		}
		w.name(first.Operator)
		w.open('{')
		for _, c := range conditions[i:] {
			if !sameOperator(c) {
				continue
			}
			w.name(c.Key)
			if c.form == nil {
				w.texts(c.Values, false, nil)
			} else {
				w.texts(c.Values, c.form.list, c.form.bare)
			}
		}
		w.close('}')
	}
	for _, op := range emptyOperators {
		if !slices.ContainsFunc(conditions, func(c Condition) bool { return c.Operator == op }) {
			w.name(op)
			w.open('{')
			w.close('}')
		}
	}
	w.close('}')
}
