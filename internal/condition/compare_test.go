package condition_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/condition"
)

// One AWS page says that variables are replaced under Bool, another that they are not.
func TestBoolWithVariable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, version, want, got string
		replaced, plain          condition.Truth // the result if AWS replaces variables, and if not
	}{
		{"equal", condition.VersionWithVariables, "${known}", "v*", condition.True, condition.False},
		{"different", condition.VersionWithVariables, "${known}", "x", condition.False, condition.False},
		{"missing key equals nothing", condition.VersionWithVariables, "${missing}", "", condition.False, condition.False},
		{"value that only AWS knows", condition.VersionWithVariables, "${aws}", "true", condition.True, condition.False},
		{"old version has no variables", "2008-10-17", "${known}", "v*", condition.False, condition.False},
		{"old version compares the text", "2008-10-17", "${known}", "${known}", condition.True, condition.True},
		{"no variable", condition.VersionWithVariables, "true", "true", condition.True, condition.True},
	} {
		for _, answer := range []bool{true, false} {
			c := condition.Context{Version: tt.version, Lookup: lookup, Ask: func(_ condition.Question, yes, no condition.Truth) condition.Truth {
				if answer {
					return yes
				}
				return no
			}}
			want := tt.plain
			if answer {
				want = tt.replaced
			}
			op, _ := condition.ParseOperator("Bool")
			if got := c.Compare(op, tt.want, tt.got); got != want {
				t.Errorf("%s, replaced: %v: Compare(%q, %q) = %v, want %v", tt.name, answer, tt.want, tt.got, got, want)
			}
		}
	}
}

// no answers every question with no.
func no(version string) condition.Context {
	return condition.Context{
		Version: version, Lookup: lookup,
		Ask: func(_ condition.Question, _, no condition.Truth) condition.Truth { return no },
	}
}

// Each relation holds for the request values that are less than, equal to and greater than the value
// of the policy as its name says.
func TestCompareOrder(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		relation             string
		less, equal, greater bool
	}{
		{"Equals", false, true, false},
		{"LessThan", true, false, false},
		{"LessThanEquals", true, true, false},
		{"GreaterThan", false, false, true},
		{"GreaterThanEquals", false, true, true},
	} {
		for _, values := range []struct{ family, less, equal, greater string }{
			{"Numeric", "1.49", "1.50", "1.51"},
			{"Date", "2026-11-26T23:59:59Z", "2026-11-27T01:00:00+01:00", "2026-11-27T00:00:01Z"},
		} {
			op, ok := condition.ParseOperator(values.family + tt.relation)
			if !ok {
				t.Fatalf("there is no operator %s%s", values.family, tt.relation)
			}
			want := map[string]string{"Numeric": "1.5", "Date": "2026-11-27"}[values.family]
			for got, holds := range map[string]bool{values.less: tt.less, values.equal: tt.equal, values.greater: tt.greater} {
				if truth := no("").Compare(op, want, got); truth != condition.Of(holds) {
					t.Errorf("%s: %q compared with %q is %v, want %v", op, got, want, truth, condition.Of(holds))
				}
			}
		}
	}
}

// A value of the policy or of the request that is not of the operator's kind equals nothing, not
// even itself.
func TestCompareForms(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, operator, want, got string
		equal                     bool
	}{
		{"numbers are compared by value", "NumericEquals", "+01.0", "1", true},
		{"negative numbers", "NumericEquals", "-1", "1", false},
		{"no number in the policy", "NumericEquals", "", "0", false},
		{"no number in the request", "NumericEquals", "0", "", false},
		{"no numbers", "NumericEquals", "", "", false},
		{"a number of 64 digits", "NumericEquals", strings.Repeat("0", 63) + "1", "1", true},
		{"a number of 65 digits", "NumericEquals", strings.Repeat("0", 64) + "1", "1", false},
		{"an exponent", "NumericEquals", "1e0", "1", false},
		{"a fraction", "NumericEquals", "1/1", "1", false},
		{"an underscore", "NumericEquals", "1_0", "10", false},
		{"two points", "NumericEquals", "1.0.0", "1.0.0", false},
		{"a date without a time", "DateEquals", "2026-11-27", "2026-11-27T00:00:00.000Z", true},
		{"a date without a day", "DateEquals", "2026-11", "2026-11-01", true},
		{"a date without seconds", "DateEquals", "2026-11-27T10:20+02:00", "2026-11-27T08:20:00Z", true},
		{"seconds since 1970", "DateEquals", "1795737600", "2026-11-27", true},
		{"seconds of 12 digits", "DateEquals", "001795737600", "2026-11-27", true},
		{"seconds of 13 digits", "DateEquals", "1795737600000", "1795737600000", false},
		{"no date", "DateEquals", "", "", false},
		{"no date in the policy", "DateEquals", "x", "0001-01-01", false},
		{"no date in the request", "DateEquals", "0001-01-01", "x", false},
		{"the address", "IpAddress", "192.0.2.1", "192.0.2.1", true},
		{"another address", "IpAddress", "192.0.2.1", "192.0.2.2", false},
		{"an address in the range", "IpAddress", "192.0.2.0/24", "192.0.2.255", true},
		{"an address outside the range", "IpAddress", "192.0.2.0/24", "192.0.3.0", false},
		{"no address in the policy", "IpAddress", "x", "192.0.2.1", false},
		{"no range in the policy", "IpAddress", "x/24", "192.0.2.1", false},
		{"no address in the request", "IpAddress", "0.0.0.0/0", "x", false},
		{"an IPv4 address in an IPv6 range", "IpAddress", "::/0", "192.0.2.1", false},
		{"base64 of the bytes", "BinaryEquals", "YQ==", "a", true},
		{"base64 of other bytes", "BinaryEquals", "YQ==", "b", false},
		{"no base64", "BinaryEquals", "a", "", false},
	} {
		op, _ := condition.ParseOperator(tt.operator)
		if got := no("").Compare(op, tt.want, tt.got); got != condition.Of(tt.equal) {
			t.Errorf("%s: %s of %q and %q is %v, want %v", tt.name, tt.operator, tt.want, tt.got, got, condition.Of(tt.equal))
		}
	}
}

// Four digits are a year or seconds. AWS does not document which.
func TestCompareYear(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		got           string
		seconds, year bool
	}{
		{"2026-01-01", false, true},
		{"1970-01-01T00:33:46Z", true, false},
		{"1969-12-31", false, false},
	} {
		for answer, want := range map[bool]bool{true: tt.seconds, false: tt.year} {
			c := condition.Context{Ask: func(q condition.Question, yes, no condition.Truth) condition.Truth {
				if want := (condition.Question{Rule: condition.YearOrSeconds, About: "2026"}); q != want {
					t.Errorf("the question is %+v, want %+v", q, want)
				}
				if answer {
					return no
				}
				return yes
			}}
			op, _ := condition.ParseOperator("DateEquals")
			if got := c.Compare(op, "2026", tt.got); got != condition.Of(want) {
				t.Errorf("2026 and %s, as seconds: %v: %v, want %v", tt.got, answer, got, condition.Of(want))
			}
		}
	}
}
