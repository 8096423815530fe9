package trust

import "slices"

func (w *printer) policy(p Policy) {
	w.object(p.form.order, []member{
		{"Version", p.Version != "", func() { w.text(p.Version) }},
		{"Id", p.ID != "" || slices.Contains(p.form.order, "Id"), func() { w.text(p.ID) }},
		{"Statement", true, func() { w.statements(p.Statements, p.form.single) }},
	})
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
	form := s.form
	w.object(form.order, []member{
		{"Sid", s.Sid != "" || slices.Contains(form.order, "Sid"), func() { w.text(s.Sid) }},
		{"Effect", true, func() { w.text(string(s.Effect)) }},
		{"Principal", true, func() { w.principal(s.Principal, form) }},
		{"Action", s.Actions != nil, func() { w.texts(s.Actions, slices.Contains(form.lists, "Action"), nil) }},
		{"NotAction", s.NotActions != nil, func() { w.texts(s.NotActions, slices.Contains(form.lists, "NotAction"), nil) }},
		{"Condition", s.Conditions != nil, func() { w.conditions(s.Conditions, form.emptyOperators) }},
	})
}

func (w *printer) principal(p Principal, form statementForm) {
	var members []member
	for _, kind := range principalKinds() {
		if values := *p.list(kind); values != nil {
			members = append(members, member{kind, true, func() { w.texts(values, slices.Contains(form.lists, kind), nil) }})
		}
	}
	if p.Any && len(members) == 0 {
		w.text("*")
		return
	}
	w.lossy = w.lossy || p.Any
	w.object(form.principals, members)
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
			w.texts(c.Values, c.form.list, c.form.unquoted)
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
