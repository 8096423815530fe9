package trust

import (
	"maps"
	"strings"
)

// conditionResult evaluates a condition and, where asked, says why.
func (e *evaluation) conditionResult(c Condition, explain bool) ConditionResult {
	// Doubts are collected for this condition alone first, so that its own
	// readings can be given.
	inner := *e
	if e.seen != nil {
		inner.seen = map[doubt]struct{}{}
	}
	m := inner.condition(c)
	if e.seen != nil {
		maps.Copy(e.seen, inner.seen)
	}
	res := ConditionResult{Operator: c.Operator, Key: c.Key, Needed: append([]string{}, c.Values...), Result: m}
	if !explain {
		return res
	}
	values, state := e.request.lookup(c.Key)
	res.Present = state == keyPresent
	for _, v := range values {
		res.Got = append(res.Got, e.request.show(c.Key, v))
	}
	res.Why = e.why(c, m, state, len(values))
	if m == Unknown {
		for _, d := range sortedDoubts(inner.seen) {
			yes, no := d.statement()
			res.Readings = append(res.Readings,
				Reading{Assumption: yes, Result: e.assuming(d, true).condition(c)},
				Reading{Assumption: no, Result: e.assuming(d, false).condition(c)})
		}
	}
	if m != Matched {
		res.NearMisses = e.conditionNearMisses(c, values, state)
	}
	return res
}

// condition evaluates one operator on one key.
func (e *evaluation) condition(c Condition) Match {
	op, ok := parseOperator(c.Operator)
	if !ok {
		return e.ask(doubt{rule: strangeOperator, about: c.Operator}, Matched, NotMatched)
	}
	values, state := e.request.lookup(c.Key)
	if state == keyUnknown {
		return e.ask(doubt{rule: unknownKey, about: c.Key}, Matched, NotMatched)
	}
	if op.family == nullFamily {
		return e.null(c.Values, state == keyPresent)
	}
	if state == keyMissing {
		if op.qualifier == forAllValues && op.base == "StringNotLike" {
			return e.ask(doubt{rule: forAllNotLike, about: c.Key}, Matched, NotMatched)
		}
		return matchIf(op.failsOpen())
	}
	one := func(got string) Match {
		m := NotMatched
		for _, want := range c.Values {
			m = m.or(e.compareValue(op, want, got))
		}
		if op.negated {
			return m.not()
		}
		return m
	}
	some, all := NotMatched, Matched
	for _, got := range values {
		m := one(got)
		some, all = some.or(m), all.and(m)
	}
	switch op.qualifier {
	case forAnyValue:
		return some
	case forAllValues:
		return all
	default:
		if len(values) == 1 {
			return some
		}
		return e.ask(doubt{rule: severalValues, about: c.Key}, some, all)
	}
}

// null evaluates the operator Null, whose value "true" asks for the key to be
// missing and "false" for it to be there.
func (e *evaluation) null(wants []string, present bool) Match {
	m := NotMatched
	for _, want := range wants {
		switch {
		case want == "true":
			m = m.or(matchIf(!present))
		case want == "false":
			m = m.or(matchIf(present))
		case strings.EqualFold(want, "true"):
			m = m.or(e.ask(doubt{rule: boolCase, about: want}, matchIf(!present), NotMatched))
		case strings.EqualFold(want, "false"):
			m = m.or(e.ask(doubt{rule: boolCase, about: want}, matchIf(present), NotMatched))
		default:
			m = m.or(e.ask(doubt{rule: nullValue, about: want}, matchIf(present), NotMatched))
		}
	}
	return m
}
