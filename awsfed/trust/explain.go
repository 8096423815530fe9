package trust

import "github.com/onafed/onafed/internal/condition"

// Explain returns the reasons for the decision. Each call computes them again. Explain is safe for
// concurrent use. The explanation of the zero Decision has empty lists and an empty text.
func (d Decision) Explain() Explanation {
	x := Explanation{Outcome: d.Outcome, Actions: []ActionResult{}, Statements: []StatementResult{}, NotConsidered: []string{}}
	if d.evaluation == nil {
		return x
	}
	e := d.evaluation.assuming(nil)
	x.RoleARN, x.ProviderARN, x.Issuer = e.request.RoleARN, e.request.ProviderARN, e.request.Issuer
	x.CallerARN = e.request.callerARN()
	for i, s := range e.policy.Statements {
		x.Statements = append(x.Statements, e.explainStatement(i, s))
	}
	for _, action := range e.request.actions() {
		x.Actions = append(x.Actions, e.explainAction(action))
	}
	if d.Outcome == Undetermined {
		x.Alternatives = e.alternatives()
	}
	x.NotConsidered = notConsidered(e.request)
	x.Reason = reason(e.request, x)
	x.Suggestion = e.suggest(x)
	return x
}

// explainStatement explains one statement for every action of the request.
func (e *evaluation) explainStatement(index int, st Statement) StatementResult {
	s := StatementResult{Index: index, Sid: st.Sid, Effect: st.Effect, Principal: e.explainPrincipal(st.Principal)}
	for _, c := range st.Conditions {
		s.Conditions = append(s.Conditions, e.explainCondition(c))
	}
	applies := condition.False
	for _, action := range e.request.actions() {
		a := ActionMatch{Action: action, Result: match(condition.Of(st.CoversAction(action)))}
		if a.Result == NotMatched {
			a.NearMisses = e.actionNearMisses(st, action)
		}
		s.Actions = append(s.Actions, a)
		applies = max(applies, e.applies(st, action))
	}
	s.Result = match(applies)
	return s
}

// explainAction returns the outcome for one action, and the statements that decide it.
func (e *evaluation) explainAction(action string) ActionResult {
	a := ActionResult{Action: action, Outcome: outcome(e.allows(action))}
	var all, denies []int // the statements that apply or may apply
	denied := false
	for i, s := range e.policy.Statements {
		t := e.applies(s, action)
		if t == condition.False || s.Effect != Allow && s.Effect != Deny {
			continue
		}
		all = append(all, i)
		if s.Effect == Deny {
			denies = append(denies, i)
			denied = denied || t == condition.True
		}
	}
	switch {
	case denied:
		a.Statements = denies
	case a.Outcome != Denied:
		a.Statements = all
	}
	return a
}

func (e *evaluation) explainPrincipal(p Principal) PrincipalResult {
	res := PrincipalResult{
		Result: match(e.principal(p)), Needed: p.names(), Got: e.request.ProviderARN, Why: e.relation(p).why,
	}
	if e.request.caller != nil {
		res.Got = e.request.callerARN()
	}
	switch {
	case res.Result == Matched:
	case e.request.caller == nil:
		res.NearMisses = e.principalNearMisses(p)
	case res.Result == NotMatched:
		res.NearMisses = e.request.caller.nearMisses(p)
	}
	return res
}

func (e *evaluation) explainCondition(c Condition) ConditionResult {
	alone := e.assuming(nil) // collects the questions of this condition only
	m := match(alone.condition(c))
	values, state := e.request.lookup(c.Key)
	res := ConditionResult{
		Operator: c.Operator, Key: c.Key, Result: m, Needed: append([]string{}, c.Values...),
		Present: state == condition.KeyPresent, Why: whyCondition(c, m, state, len(values)),
	}
	for _, v := range values {
		res.Got = append(res.Got, e.request.shown(c.Key, v))
	}
	for _, q := range alone.openQuestions() {
		e.addOpen(q)
		yes, no := answers(q)
		if m == Unknown {
			res.Alternatives = append(res.Alternatives,
				Alternative{Assumption: yes, Result: match(e.assumingOne(q, true).condition(c))},
				Alternative{Assumption: no, Result: match(e.assumingOne(q, false).condition(c))})
		}
	}
	if m != Matched {
		res.NearMisses = e.conditionNearMisses(c, values, state)
	}
	return res
}

// alternatives returns the outcome under each answer to each open question. A question whose
// answers lead to the same outcome is omitted, unless this is true of every question.
func (e *evaluation) alternatives() []OutcomeAlternative {
	var all, decisive []OutcomeAlternative
	for _, q := range e.openQuestions() {
		yes, no := answers(q)
		pair := []OutcomeAlternative{
			{Assumption: yes, Outcome: e.assumingOne(q, true).decide()},
			{Assumption: no, Outcome: e.assumingOne(q, false).decide()},
		}
		all = append(all, pair...)
		if pair[0].Outcome != pair[1].Outcome {
			decisive = append(decisive, pair...)
		}
	}
	if len(decisive) > 0 {
		return decisive
	}
	return all
}

func (e *evaluation) assumingOne(q condition.Question, answer bool) *evaluation {
	return e.assuming(map[condition.Question]bool{q: answer})
}

func match(t condition.Truth) Match {
	switch t {
	case condition.True:
		return Matched
	case condition.False:
		return NotMatched
	default:
		return Unknown
	}
}
