package trust

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strings"
	"time"
)

// compareValue tells whether one value of the request matches one value of
// the policy, whatever the operator's negation.
func (e *evaluation) compareValue(op operator, want, got string) Match {
	if op.variables() {
		x := expand(want, e.version, e.request.lookup)
		return e.compareExpansion(op, x, want, got)
	}
	if op.family == boolFamily && e.version == versionWithVariables && strings.Contains(want, "${") {
		x := expand(want, e.version, e.request.lookup)
		replaced := NotMatched
		if !x.null && x.unknown == "" && x.text() == got {
			replaced = Matched
		}
		return e.ask(doubt{rule: boolVariable, about: want}, replaced, NotMatched)
	}
	switch op.family {
	case numericFamily:
		return e.compareNumeric(op, want, got)
	case dateFamily:
		return e.compareDate(op, want, got)
	case boolFamily:
		return e.compareBool(want, got)
	case binaryFamily:
		raw, err := base64.StdEncoding.DecodeString(want)
		if err != nil {
			return e.malformed(op, want)
		}
		return matchIf(string(raw) == got)
	case ipFamily:
		return e.compareAddress(op, want, got)
	default:
		return NotMatched
	}
}

// compareExpansion compares with the policy's value want after its variables
// were replaced. What is said about the value is said of want, because the
// expansion may hold what must not be shown.
func (e *evaluation) compareExpansion(op operator, x expansion, want, got string) Match {
	m := e.compareReplaced(op, x, want, got)
	if x.malformed {
		// Either the "${" is text or the value as a whole is void.
		return e.ask(doubt{rule: malformedVariable}, m, NotMatched)
	}
	return m
}

func (e *evaluation) compareReplaced(op operator, x expansion, want, got string) Match {
	switch {
	case x.unknown != "":
		return e.ask(doubt{rule: unknownVariable, about: x.unknown}, Matched, NotMatched)
	case x.null:
		return NotMatched
	}
	switch op.family {
	case stringFamily:
		return matchIf(x.text() == got)
	case foldFamily:
		return matchIf(strings.EqualFold(x.text(), got))
	case likeFamily:
		literal := matchIf(x.pattern(false).Match(got))
		if !x.dataWildcards {
			return literal
		}
		return e.ask(doubt{rule: wildcardInVariable}, matchIf(x.pattern(true).Match(got)), literal)
	default:
		return e.compareARN(x, want, got)
	}
}

// compareARN compares the six parts of an ARN one by one: a wildcard never
// reaches over the colon into the next part.
func (e *evaluation) compareARN(x expansion, want, got string) Match {
	parts := strings.SplitN(got, ":", 6)
	pattern := splitSpans(x.spans, 6)
	literal := arnMatches(pattern, parts, false)
	whole := literal
	if len(pattern) < 6 {
		// A pattern such as "*" is not an ARN. Whether AWS then compares the
		// whole text is not written down.
		whole = matchIf(x.pattern(false).Match(got))
	}
	m := e.ask(doubt{rule: shortARNPattern, about: want}, whole, literal)
	if !x.dataWildcards {
		return m
	}
	return e.ask(doubt{rule: wildcardInVariable}, arnMatches(pattern, parts, true), m)
}

func arnMatches(pattern [][]span, parts []string, dataWild bool) Match {
	if len(pattern) != 6 || len(parts) != 6 {
		return NotMatched
	}
	for i := range parts {
		if !compileSpans(pattern[i], dataWild).Match(parts[i]) {
			return NotMatched
		}
	}
	return Matched
}

func (e *evaluation) compareNumeric(op operator, want, got string) Match {
	w, wok := parseNumber(want)
	g, gok := parseNumber(got)
	if !wok || !gok {
		return e.malformed(op, want)
	}
	return matchIf(op.relation.holds(g.Cmp(w)))
}

// parseNumber reads a decimal number exactly. An exponent is refused, and so
// are other bases: nobody says that IAM reads them, and a large exponent would
// cost a lot of memory.
func parseNumber(s string) (*big.Rat, bool) {
	if s == "" || len(s) > 64 || strings.Trim(s, "+-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

func (e *evaluation) compareDate(op operator, want, got string) Match {
	w, wyear, wok := parseDate(want)
	g, _, gok := parseDate(got)
	if !wok || !gok {
		return e.malformed(op, want)
	}
	m := matchIf(op.relation.holds(g.Compare(w)))
	if wyear.IsZero() {
		return m
	}
	return e.ask(doubt{rule: yearOrSeconds, about: want}, matchIf(op.relation.holds(g.Compare(wyear))), m)
}

// parseDate reads the W3C profile of ISO 8601 or seconds since 1970. Four
// digits can be both a year and seconds; year is then the first reading.
func parseDate(s string) (t, year time.Time, ok bool) {
	if s != "" && len(s) <= 12 && strings.Trim(s, "0123456789") == "" {
		var sec int64
		for _, c := range s {
			sec = sec*10 + int64(c-'0')
		}
		t = time.Unix(sec, 0).UTC()
		if len(s) == 4 {
			year = time.Date(int(sec), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return t, year, true
	}
	for _, layout := range [...]string{
		time.RFC3339, // also accepts a fraction of a second
		"2006-01-02T15:04Z07:00",
		"2006-01-02",
		"2006-01",
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, time.Time{}, true
		}
	}
	return time.Time{}, time.Time{}, false
}

func (e *evaluation) compareBool(want, got string) Match {
	if want == got {
		return Matched
	}
	if strings.EqualFold(want, got) {
		return e.ask(doubt{rule: boolCase, about: want}, Matched, NotMatched)
	}
	return NotMatched
}

func (e *evaluation) compareAddress(op operator, want, got string) Match {
	addr, err := netip.ParseAddr(got)
	if err != nil {
		return e.malformed(op, want)
	}
	if !strings.Contains(want, "/") {
		w, err := netip.ParseAddr(want)
		if err != nil {
			return e.malformed(op, want)
		}
		return matchIf(w == addr)
	}
	prefix, err := netip.ParsePrefix(want)
	if err != nil {
		return e.malformed(op, want)
	}
	return matchIf(prefix.Contains(addr))
}

// malformed is the answer for a value that is not of the operator's kind. A
// positive operator cannot hold then. For a negated one it is not written down
// whether the value is passed over or makes the condition fail.
func (e *evaluation) malformed(op operator, want string) Match {
	if !op.negated {
		return NotMatched
	}
	return e.ask(doubt{rule: malformedValue, about: want}, NotMatched, Matched)
}
