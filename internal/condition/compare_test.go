package condition_test

import (
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
