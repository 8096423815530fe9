package condition_test

import (
	"slices"
	"testing"

	"github.com/onafed/onafed/internal/condition"
)

// TestEvaluateAsks has one example for each question that a condition can raise. What each operator
// does is in the vectors of awsfed/trust.
func TestEvaluateAsks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		operator, value string
		got             []string // nil: the key is missing
		want            condition.Rule
	}{
		{"StringLike", "${known}", []string{"vx"}, condition.WildcardInVariable},
		{"Bool", "${known}", []string{"v*"}, condition.BoolVariable},
		{"Bool", "True", []string{"true"}, condition.BoolCase},
		{"Null", "TRUE", nil, condition.BoolCase},
		{"Null", "x", []string{"a"}, condition.NullValue},
		{"StringEquals", "${", []string{"${"}, condition.MalformedVariable},
		{"NumericNotEquals", "x", []string{"1"}, condition.MalformedValue},
		{"ArnLike", "*", []string{"arn:aws:iam::123456789012:role/a"}, condition.ShortARNPattern},
		{"DateLessThan", "2030", []string{"2026-11-27"}, condition.YearOrSeconds},
		{"StringEquals", "a", []string{"a", "b"}, condition.SeveralValues},
		{"ForAllValues:StringNotLike", "a", nil, condition.ForAllNotLike},
		{"StringEquals", "${aws}", []string{"a"}, condition.UnknownVariable},
		{"StringSimilar", "a", []string{"a"}, condition.UnknownOperator},
	} {
		var asked []condition.Rule
		c := condition.Context{
			Version: condition.VersionWithVariables,
			Lookup: func(key string) ([]string, condition.KeyState) {
				switch {
				case key != "key":
					return lookup(key)
				case tt.got == nil:
					return nil, condition.KeyMissing
				default:
					return tt.got, condition.KeyPresent
				}
			},
			Ask: func(q condition.Question, yes, no condition.Truth) condition.Truth {
				if yes == no {
					return yes
				}
				asked = append(asked, q.Rule)
				return condition.Unknown
			},
		}
		if got := c.Evaluate(tt.operator, "key", []string{tt.value}); got != condition.Unknown || !slices.Equal(asked, []condition.Rule{tt.want}) {
			t.Errorf("%s %q on %q: %v after the questions %v, want rule %v", tt.operator, tt.value, tt.got, got, asked, tt.want)
		}
	}
}

func TestEvaluateAsksForUnknownKey(t *testing.T) {
	t.Parallel()
	c := condition.Context{
		Lookup: lookup,
		Ask: func(q condition.Question, _, _ condition.Truth) condition.Truth {
			if want := (condition.Question{Rule: condition.UnknownKey, About: "aws"}); q != want {
				t.Errorf("the question is %+v, want %+v", q, want)
			}
			return condition.Unknown
		},
	}
	if got := c.Evaluate("StringEquals", "aws", []string{"a"}); got != condition.Unknown {
		t.Errorf("Evaluate = %v, want Unknown", got)
	}
}
