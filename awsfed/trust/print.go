package trust

import "slices"

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

// conditions writes the conditions of one operator together, in the order in which the operators
// first appear.
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
