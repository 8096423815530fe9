package trust

import "strings"

// versionWithVariables is the only policy version in which ${...} is more
// than text.
const versionWithVariables = "2012-10-17"

// A span is a part of a policy value after its variables were replaced.
type span struct {
	text string
	kind spanKind
}

type spanKind uint8

const (
	authored spanKind = iota // the policy's own text: * and ? are wildcards where the operator has any
	escaped                  // came out of ${*}, ${?} or ${$}: plain text under every operator
	fromData                 // came out of a variable
)

// expansion is a policy value with its variables replaced.
type expansion struct {
	spans []span
	// null: a variable has no value and no default. AWS then takes the whole
	// value as null, which nothing equals.
	null bool
	// unknown names a variable whose key AWS has and we do not.
	unknown string
	// malformed: there is a "${" that does not begin a variable.
	malformed bool
	// dataWildcards: a variable's value holds a * or a ?.
	dataWildcards bool
}

// expand replaces the variables of a policy value. lookup is the request. With
// a version other than 2012-10-17 nothing is replaced.
func expand(value, version string, lookup func(key string) ([]string, keyState)) expansion {
	var x expansion
	for value != "" {
		i := -1
		if version == versionWithVariables {
			i = strings.Index(value, "${")
		}
		if i < 0 {
			x.add(value, authored)
			break
		}
		x.add(value[:i], authored)
		value = value[i:]
		n := x.variable(value, lookup)
		if n == 0 {
			x.malformed = true
			n = len("${")
			x.add(value[:n], authored)
		}
		value = value[n:]
	}
	return x
}

func (x *expansion) add(text string, kind spanKind) {
	if text != "" {
		x.spans = append(x.spans, span{text, kind})
	}
}

// variable replaces the variable at the beginning of s and returns its
// length, or 0 if there is none.
func (x *expansion) variable(s string, lookup func(string) ([]string, keyState)) int {
	key, fallback, hasFallback, n := cutVariable(s)
	if n == 0 {
		return 0
	}
	switch key {
	case "*", "?", "$":
		if hasFallback {
			return 0
		}
		x.add(key, escaped)
		return n
	}
	values, state := lookup(key)
	switch {
	case state == keyUnknown:
		x.unknown = key
	case state == keyPresent && len(values) == 1:
		x.data(values[0])
	case hasFallback:
		x.data(fallback)
	default:
		// A key with several values is no variable either: AWS allows
		// single-valued keys only.
		x.null = true
	}
	return n
}

// data adds text that is not the policy's own. Whether AWS takes a * in it as
// a wildcard is not written down, so it is kept apart.
func (x *expansion) data(s string) {
	x.dataWildcards = x.dataWildcards || strings.ContainsAny(s, "*?")
	x.add(s, fromData)
}

// cutVariable reads ${key} or ${key, 'default'} at the beginning of s. n is 0
// if s does not begin with one.
func cutVariable(s string) (key, fallback string, hasFallback bool, n int) {
	rest := s[len("${"):]
	i := strings.IndexAny(rest, ",}")
	if i <= 0 {
		return "", "", false, 0
	}
	key = rest[:i]
	if strings.ContainsAny(key, " ${'") && key != "$" {
		return "", "", false, 0
	}
	n = len("${") + i + 1
	if rest[i] == '}' {
		return key, "", false, n
	}
	rest = rest[i+1:]
	trimmed := strings.TrimLeft(rest, " ")
	n += len(rest) - len(trimmed)
	body, ok := strings.CutPrefix(trimmed, "'")
	if !ok {
		return "", "", false, 0
	}
	j := strings.Index(body, "'}")
	if j < 0 {
		return "", "", false, 0
	}
	return key, body[:j], true, n + len("'") + j + len("'}")
}
