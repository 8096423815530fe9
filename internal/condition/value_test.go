package condition_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/internal/condition"
)

// lookup has the key known with one value, the key many with two, and the key aws with a value that
// only AWS knows.
func lookup(key string) ([]string, condition.KeyState) {
	switch key {
	case "known":
		return []string{"v*"}, condition.KeyPresent
	case "many":
		return []string{"a", "b"}, condition.KeyPresent
	case "aws":
		return nil, condition.KeyUnknown
	default:
		return nil, condition.KeyMissing
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	text := func(s string) []condition.Span { return []condition.Span{{Text: s, Kind: condition.Authored}} }
	data := func(s string) []condition.Span { return []condition.Span{{Text: s, Kind: condition.FromData}} }
	for _, tt := range []struct {
		name, value string
		want        condition.Value
	}{
		{"nothing", "", condition.Value{}},
		{"plain text", "a*b", condition.Value{Spans: text("a*b")}},
		{"an escape", "${*}", condition.Value{Spans: []condition.Span{{Text: "*", Kind: condition.Escaped}}}},
		{"a variable", "${known}", condition.Value{Spans: data("v*"), DataWildcards: true}},
		{"a variable with a default that is not used", "${known, 'd'}", condition.Value{Spans: data("v*"), DataWildcards: true}},
		{"a default", "${none,   'd'}", condition.Value{Spans: data("d")}},
		{"an empty default", "${none, ''}", condition.Value{}},
		{"a key with two values is not a variable", "${many}", condition.Value{Null: true}},
		{"a key with two values has its default", "${many, 'd'}", condition.Value{Spans: data("d")}},
		{"a missing key", "${none}", condition.Value{Null: true}},
		{"a default that does not end", "${none, 'd}", condition.Value{Spans: append(text("${"), text("none, 'd}")...), Malformed: true}},
		{"a default that does not begin", "${none, d'}", condition.Value{Spans: append(text("${"), text("none, d'}")...), Malformed: true}},
		{"a key that only AWS knows", "${aws, 'd'}", condition.Value{UnknownKey: "aws"}},
		{"no end", "a${known", condition.Value{Spans: append(text("a"), append(text("${"), text("known")...)...), Malformed: true}},
		{"an escape with a default", "${*, 'd'}", condition.Value{Spans: append(text("${"), text("*, 'd'}")...), Malformed: true}},
		{"an empty key", "${}", condition.Value{Spans: append(text("${"), text("}")...), Malformed: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := condition.Expand(tt.value, condition.VersionWithVariables, lookup)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Expand(%q) (-want +got):\n%s", tt.value, diff)
			}
			old := condition.Expand(tt.value, "2008-10-17", lookup)
			if old.Text() != tt.value || old.Null || old.Malformed {
				t.Errorf("Expand(%q) in version 2008-10-17 = %+v, want plain text", tt.value, old)
			}
		})
	}
}

func TestHasWildcard(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]bool{
		"a*": true, "?": true, "a": false, "${*}": false, "${known}": false, "${none, '*'}": false, "${*}*": true, "${*": true,
	} {
		if got := condition.HasWildcard(value, condition.VersionWithVariables); got != want {
			t.Errorf("HasWildcard(%q) = %v, want %v", value, got, want)
		}
		if got := condition.HasWildcard(value, ""); got != strings.ContainsAny(value, "*?") {
			t.Errorf("HasWildcard(%q) without a version = %v", value, got)
		}
	}
}

// like compares under StringLike. It treats a * or ? in the value of a variable as plain text.
func like(version, want, data, got string) condition.Truth {
	c := condition.Context{
		Version: version,
		Lookup:  func(string) ([]string, condition.KeyState) { return []string{data}, condition.KeyPresent },
		Ask:     func(_ condition.Question, _, no condition.Truth) condition.Truth { return no },
	}
	op, _ := condition.ParseOperator("StringLike")
	return c.Compare(op, want, got)
}

func FuzzVariableIsPlainText(f *testing.F) {
	for _, s := range []string{"", "*", "?", "$", "${*}", "${$}{*}", "{*}", "a${", "é*", "\xff?", "${key}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if got := like(condition.VersionWithVariables, "${key}", data, data); got != condition.True {
			t.Errorf("${key} with the value %q does not match this value", data)
		}
		if got := like(condition.VersionWithVariables, "$${key}*", data, "$"+data+"x"); got != condition.True {
			t.Errorf("$${key}* with the value %q does not match $%sx", data, data)
		}
		if got := like(condition.VersionWithVariables, "${key}", data, data+"x"); got != condition.False {
			t.Errorf("${key} with the value %q matches %q", data, data+"x")
		}
	})
}

// In version 2008-10-17 "${*}" is text with a wildcard.
func TestOldVersionHasNoEscapes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want, got string
		matches   condition.Truth
	}{
		{"${*}", "${anything}", condition.True},
		{"${*}", "*", condition.False},
		{"${$}", "${$}", condition.True},
		{"${$}", "$", condition.False},
		{"$?", "$a", condition.True},
	} {
		if got := like("2008-10-17", tt.want, "", tt.got); got != tt.matches {
			t.Errorf("%q on %q = %v, want %v", tt.want, tt.got, got, tt.matches)
		}
	}
}
