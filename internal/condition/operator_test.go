package condition_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/condition"
)

func TestParseOperatorReadsEveryName(t *testing.T) {
	t.Parallel()
	for _, base := range []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	} {
		if got := condition.OperatorSpelling(strings.ToUpper(base)); got != base {
			t.Errorf("OperatorSpelling(%q in upper case) = %q", base, got)
		}
		for _, prefix := range []string{"", "ForAllValues:", "ForAnyValue:"} {
			for _, suffix := range []string{"", "IfExists"} {
				name := prefix + base + suffix
				op, ok := condition.ParseOperator(name)
				if want := base != "Null" || name == "Null"; ok != want {
					t.Errorf("ParseOperator(%q) ok = %v, want %v", name, ok, want)
				}
				if ok && (op.String() != name || op.Base != base || op.Family == 0 || op.IfExists != (suffix != "")) {
					t.Errorf("ParseOperator(%q) = %+v with the name %q", name, op, op)
				}
			}
		}
	}
}

func TestParseOperatorRejectsOtherNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", "IfExists", "ForAllValues:", "ForAllValues:ForAnyValue:StringEquals", "ForSomeValues:StringEquals",
		"stringequals", "StringEqualsifexists", "StringEqualsIfExistsIfExists", "StringEquals ", "Numeric", "DateLike",
	} {
		if op, ok := condition.ParseOperator(name); ok || op != (condition.Operator{}) {
			t.Errorf("ParseOperator(%q) = %+v, %v, want false", name, op, ok)
		}
	}
}

func TestOperatorOnMissingKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		values []string
		holds  bool // for certain
		may    bool
	}{
		{"StringEquals", nil, false, false},
		{"StringNotEquals", nil, true, true},
		{"StringLikeIfExists", nil, true, true},
		{"ForAllValues:StringLike", nil, true, true},
		{"ForAnyValue:StringNotLikeIfExists", nil, false, false},
		{"Null", []string{"false"}, false, false},
		{"Null", []string{"false", "True"}, false, true},
	} {
		op, _ := condition.ParseOperator(tt.name)
		if op.HoldsIfMissing() != tt.holds || op.MayHoldIfMissing(tt.values) != tt.may {
			t.Errorf("%s %q: HoldsIfMissing = %v, MayHoldIfMissing = %v, want %v, %v",
				tt.name, tt.values, op.HoldsIfMissing(), op.MayHoldIfMissing(tt.values), tt.holds, tt.may)
		}
	}
}

func TestOperatorLike(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"StringEquals":                      "StringLike",
		"ForAnyValue:StringEqualsIfExists":  "ForAnyValue:StringLikeIfExists",
		"ForAllValues:StringNotEquals":      "ForAllValues:StringNotLike",
		"StringNotEqualsIgnoreCaseIfExists": "StringNotLikeIfExists",
	} {
		op, _ := condition.ParseOperator(name)
		parsed, _ := condition.ParseOperator(want)
		if got := op.Like(); got != parsed || got.String() != want {
			t.Errorf("Like of %s = %+v, want %s", name, got, want)
		}
	}
}

// The values of these operators are text; those of the families Like and ARN have wildcards.
func TestOperatorKinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		names                      []string
		text, wildcards, variables bool
	}{
		{[]string{"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"}, true, false, true},
		{[]string{"StringLike", "StringNotLike"}, true, true, true},
		{[]string{"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike"}, false, true, true},
		{[]string{"Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null", "NumericEquals", "NumericLessThan", "DateEquals"}, false, false, false},
	} {
		for _, name := range tt.names {
			op, ok := condition.ParseOperator(name)
			if !ok || op.ComparesText() != tt.text || op.Wildcards() != tt.wildcards || op.Variables() != tt.variables {
				t.Errorf("%s: ComparesText = %v, Wildcards = %v, Variables = %v, want %v, %v, %v",
					name, op.ComparesText(), op.Wildcards(), op.Variables(), tt.text, tt.wildcards, tt.variables)
			}
		}
	}
}
