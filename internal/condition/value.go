package condition

import (
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

// VersionWithVariables is the only policy version in which ${...} is more than text.
const VersionWithVariables = "2012-10-17"

// KeyState states what is known about a condition key of a request.
type KeyState uint8

// The states of a key.
const (
	KeyMissing KeyState = iota // the request does not have the key
	KeyPresent
	KeyUnknown // AWS may have a value that is not known here
)

// Value is a value of a policy with its variables replaced.
type Value struct {
	Spans []Span
	// Null states that a variable has no value and no default. AWS then treats the whole value as
	// null, which equals nothing.
	Null bool
	// UnknownKey is the key of a variable whose value only AWS knows, or empty.
	UnknownKey string
	// Malformed states that the value contains a "${" that does not begin a variable.
	Malformed bool
	// DataWildcards states that the value of a variable contains a * or a ?.
	DataWildcards bool
}

// Span is a part of a [Value].
type Span struct {
	Text string
	Kind SpanKind
}

// SpanKind states where the text of a [Span] comes from.
type SpanKind uint8

// The kinds of a span.
const (
	Authored SpanKind = iota // the policy: * and ? are wildcards under operators that have them
	Escaped                  // ${*}, ${?} or ${$}: plain text under every operator
	FromData                 // a variable
)

// Expand replaces the variables of a policy value. lookup returns the values of a condition key.
// Under a version other than [VersionWithVariables] nothing is replaced.
func Expand(value, version string, lookup func(key string) ([]string, KeyState)) Value {
	var x Value
	for value != "" {
		i := -1
		if version == VersionWithVariables {
			i = strings.Index(value, "${")
		}
		if i < 0 {
			x.add(value, Authored)
			break
		}
		x.add(value[:i], Authored)
		value = value[i:]
		n := x.addVariable(value, lookup)
		if n == 0 {
			x.Malformed = true
			n = len("${")
			x.add(value[:n], Authored)
		}
		value = value[n:]
	}
	return x
}

func (x *Value) add(text string, kind SpanKind) {
	if text != "" {
		x.Spans = append(x.Spans, Span{text, kind})
	}
}

// addVariable replaces the variable at the beginning of s and returns its length, or 0 if s does
// not begin with a variable.
func (x *Value) addVariable(s string, lookup func(string) ([]string, KeyState)) int {
	key, fallback, hasFallback, n := cutVariable(s)
	if n == 0 {
		return 0
	}
	switch key {
	case "*", "?", "$":
		if hasFallback {
			return 0
		}
		x.add(key, Escaped)
		return n
	}
	values, state := lookup(key)
	switch {
	case state == KeyUnknown:
		x.UnknownKey = key
	case state == KeyPresent && len(values) == 1:
		x.addData(values[0])
	case hasFallback:
		x.addData(fallback)
	default:
		// AWS allows only keys with a single value as variables.
		x.Null = true
	}
	return n
}

// addData adds text that the policy does not contain. AWS does not document whether a * in it is a
// wildcard, so the text has its own kind of span.
func (x *Value) addData(s string) {
	x.DataWildcards = x.DataWildcards || strings.ContainsAny(s, "*?")
	x.add(s, FromData)
}

// cutVariable parses ${key} or ${key, 'default'} at the beginning of s, which begins with "${". n
// is the length of the variable, or 0 without a variable.
func cutVariable(s string) (key, fallback string, hasFallback bool, n int) {
	body := s[len("${"):]
	i := strings.IndexAny(body, ",}")
	if i <= 0 || body[:i] != "$" && strings.ContainsAny(body[:i], " ${'") {
		return "", "", false, 0
	}
	key, rest := body[:i], body[i+1:]
	if body[i] == '}' {
		return key, "", false, len(s) - len(rest)
	}
	rest, opened := strings.CutPrefix(strings.TrimLeft(rest, " "), "'")
	fallback, rest, closed := strings.Cut(rest, "'}")
	if !opened || !closed {
		return "", "", false, 0
	}
	return key, fallback, true, len(s) - len(rest)
}

// Text returns the value as plain text, for operators without wildcards.
func (x Value) Text() string {
	if len(x.Spans) == 1 {
		return x.Spans[0].Text
	}
	var b strings.Builder
	for _, s := range x.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// matches compares the value with s under an operator that replaces variables. dataWildcards states
// whether a * or ? that comes from a variable is a wildcard.
func (x Value) matches(family Family, s string, dataWildcards bool) bool {
	switch family {
	case String:
		return x.Text() == s
	case Fold:
		return strings.EqualFold(x.Text(), s)
	case ARN:
		return x.matchesARN(s, dataWildcards)
	default:
		return pattern.Compile(x.pattern(dataWildcards)).Match(s)
	}
}

// arnParts is the number of parts of an ARN.
const arnParts = 6

// isARN reports whether the value has the parts of an ARN.
func (x Value) isARN() bool { return len(x.split(arnParts)) == arnParts }

// matchesARN compares the parts of an ARN one by one: a wildcard never matches the colon between
// two parts.
func (x Value) matchesARN(s string, dataWildcards bool) bool {
	want, got := x.split(arnParts), strings.SplitN(s, ":", arnParts)
	if len(want) != arnParts || len(got) != arnParts {
		return false
	}
	for i, part := range got {
		if !want[i].matches(Like, part, dataWildcards) {
			return false
		}
	}
	return true
}

// pattern returns the value as a StringLike pattern: every * and ? that is not a wildcard is
// written ${*} or ${?}, and every $ is written ${$}.
func (x Value) pattern(dataWildcards bool) string {
	if len(x.Spans) == 1 && x.Spans[0].Kind == Authored && !strings.Contains(x.Spans[0].Text, "$") {
		return x.Spans[0].Text
	}
	wild, literal := strings.NewReplacer("$", "${$}"), strings.NewReplacer("$", "${$}", "*", "${*}", "?", "${?}")
	var b strings.Builder
	for _, s := range x.Spans {
		if s.Kind == Escaped || s.Kind == FromData && !dataWildcards {
			b.WriteString(literal.Replace(s.Text))
		} else {
			b.WriteString(wild.Replace(s.Text))
		}
	}
	return b.String()
}

// split splits the value at its first n-1 colons, as strings.SplitN does.
func (x Value) split(n int) []Value {
	parts := []Value{{}}
	for _, s := range x.Spans {
		for {
			before, after, found := strings.Cut(s.Text, ":")
			if !found || len(parts) == n {
				break
			}
			parts[len(parts)-1].add(before, s.Kind)
			parts = append(parts, Value{})
			s.Text = after
		}
		parts[len(parts)-1].add(s.Text, s.Kind)
	}
	return parts
}

// HasVariable reports whether a value contains the beginning of a variable.
func HasVariable(value string) bool { return strings.Contains(value, "${") }

// HasWildcard reports whether a value contains a * or ? that is neither an escape nor inside a
// variable.
func HasWildcard(value, version string) bool {
	missing := func(string) ([]string, KeyState) { return nil, KeyMissing }
	for _, s := range Expand(value, version, missing).Spans {
		if s.Kind == Authored && strings.ContainsAny(s.Text, "*?") {
			return true
		}
	}
	return false
}
