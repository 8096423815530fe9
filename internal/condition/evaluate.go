package condition

import "strings"

// Truth is a value of Kleene's three-valued logic: min is "and", max is "or", a minus sign is
// "not".
type Truth int8

// The truth values.
const (
	False   Truth = -1
	Unknown Truth = 0
	True    Truth = 1
)

// Of returns True or False.
func Of(b bool) Truth {
	if b {
		return True
	}
	return False
}

// Context holds the policy version, the request and the answers that conditions are evaluated with.
type Context struct {
	// Version is the version of the policy.
	Version string
	// Lookup returns the values of a condition key of the request.
	Lookup func(key string) ([]string, KeyState)
	// Ask returns yes or no, depending on the assumed answer to q, or Unknown if no answer is
	// assumed.
	Ask func(q Question, yes, no Truth) Truth
}

// Evaluate reports whether a condition holds: an operator on one key, with alternative values.
//
// Under a negated operator no value may match. A key that is missing makes positive operators fail
// and negated ones hold ("Condition operators", section IfExists). With several values in the
// request, ForAnyValue needs one that satisfies the operator, and ForAllValues needs all. AWS does
// not document a key with several values under an operator without a qualifier.
func (c Context) Evaluate(operator, key string, values []string) Truth {
	op, ok := ParseOperator(operator)
	if !ok {
		return c.Ask(Question{UnknownOperator, operator}, True, False)
	}
	got, state := c.Lookup(key)
	switch {
	case state == KeyUnknown:
		return c.Ask(Question{UnknownKey, key}, True, False)
	case op.Family == Null:
		return c.evaluateNull(values, state == KeyPresent)
	case state == KeyMissing && op.Qualifier == ForAllValues && op.Base == "StringNotLike":
		return c.Ask(Question{ForAllNotLike, key}, True, False)
	case state == KeyMissing:
		return Of(op.HoldsIfMissing())
	}
	some, all := False, True
	for _, g := range got {
		t := False
		for _, want := range values {
			t = max(t, c.Compare(op, want, g))
		}
		if op.Negated {
			t = -t
		}
		some, all = max(some, t), min(all, t)
	}
	switch {
	case op.Qualifier == ForAnyValue || len(got) == 1:
		return some
	case op.Qualifier == ForAllValues:
		return all
	default:
		return c.Ask(Question{SeveralValues, key}, some, all)
	}
}

// evaluateNull evaluates the operator Null: the value "true" requires the key to be missing,
// "false" requires it to be present.
func (c Context) evaluateNull(wants []string, present bool) Truth {
	t := False
	for _, want := range wants {
		switch {
		case want == "true":
			t = max(t, Of(!present))
		case want == "false":
			t = max(t, Of(present))
		case strings.EqualFold(want, "true"):
			t = max(t, c.Ask(Question{BoolCase, want}, Of(!present), False))
		case strings.EqualFold(want, "false"):
			t = max(t, c.Ask(Question{BoolCase, want}, Of(present), False))
		default:
			t = max(t, c.Ask(Question{NullValue, want}, Of(present), False))
		}
	}
	return t
}
