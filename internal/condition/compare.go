package condition

import (
	"encoding/base64"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Compare reports whether a value of the policy matches a value of the request. It ignores the
// negation of the operator.
func (c Context) Compare(op Operator, want, got string) Truth {
	var matches, valid bool
	switch op.Family {
	case String, Fold, Like, ARN:
		return c.compareText(op, want, got)
	case Date:
		return c.compareDate(op, want, got)
	case Bool:
		return c.compareBool(want, got)
	case Numeric:
		matches, valid = compareNumbers(op.Relation, want, got)
	case IP:
		matches, valid = compareIPs(want, got)
	case Binary:
		raw, err := base64.StdEncoding.DecodeString(want)
		matches, valid = string(raw) == got, err == nil
	case Null:
		valid = true // Null has no values to compare
	}
	if !valid {
		return c.malformed(op, want)
	}
	return Of(matches)
}

// malformed returns the result for a value that is not of the operator's kind. A positive operator
// then does not hold. Whether a negated one ignores the value or does not hold either is not
// documented.
func (c Context) malformed(op Operator, want string) Truth {
	if !op.Negated {
		return False
	}
	return c.Ask(Question{MalformedValue, want}, False, True)
}

// compareText compares under the operators that replace variables.
func (c Context) compareText(op Operator, want, got string) Truth {
	x := Expand(want, c.Version, c.Lookup)
	t := False
	switch {
	case x.UnknownKey != "":
		t = c.Ask(Question{UnknownVariable, x.UnknownKey}, True, False)
	case x.Null: // equals nothing
	default:
		t = Of(x.matches(op.Family, got, false))
		if op.Family == ARN && !x.isARN() {
			// Whether AWS compares a pattern such as "*" with the whole ARN is not documented.
			t = c.Ask(Question{ShortARNPattern, want}, Of(x.matches(Like, got, false)), t)
		}
		if x.DataWildcards && op.Wildcards() {
			t = c.Ask(Question{Rule: WildcardInVariable}, Of(x.matches(op.Family, got, true)), t)
		}
	}
	if x.Malformed {
		return c.Ask(Question{Rule: MalformedVariable}, t, False)
	}
	return t
}

// compareNumbers compares decimal numbers by value: 1.0 equals 1.
func compareNumbers(relation Relation, want, got string) (matches, valid bool) {
	w, wok := parseNumber(want)
	g, gok := parseNumber(got)
	if !wok || !gok {
		return false, false
	}
	return relation.holds(g.Cmp(w)), true
}

// holds reports whether the sign of the request value minus the policy value satisfies the
// relation.
func (r Relation) holds(sign int) bool {
	switch r {
	case Less:
		return sign < 0
	case LessOrEqual:
		return sign <= 0
	case Greater:
		return sign > 0
	case GreaterOrEqual:
		return sign >= 0
	default:
		return sign == 0
	}
}

// parseNumber parses a decimal number exactly. It rejects exponents and other bases: no AWS page
// mentions them, and a large exponent would need a lot of memory.
func parseNumber(s string) (*big.Rat, bool) {
	if s == "" || len(s) > 64 || strings.Trim(s, "+-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}

// compareDate compares points in time: two texts with different time zones can be equal.
func (c Context) compareDate(op Operator, want, got string) Truth {
	w, year, wok := parseDate(want)
	g, _, gok := parseDate(got)
	if !wok || !gok {
		return c.malformed(op, want)
	}
	t := Of(op.Relation.holds(g.Compare(w)))
	if year.IsZero() {
		return t
	}
	return c.Ask(Question{YearOrSeconds, want}, Of(op.Relation.holds(g.Compare(year))), t)
}

// parseDate parses the W3C profile of ISO 8601, or seconds since 1970. Four digits can mean a year
// or seconds. In this case t is the time in seconds, and year is the start of that year.
func parseDate(s string) (t, year time.Time, ok bool) {
	if sec, err := strconv.ParseUint(s, 10, 63); err == nil && len(s) <= 12 {
		if len(s) == 4 {
			year = time.Date(int(sec), 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.Unix(int64(sec), 0).UTC(), year, true
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

// compareBool compares booleans as text. One AWS page states that variables are replaced under
// Bool, another that they are not.
func (c Context) compareBool(want, got string) Truth {
	switch {
	case c.Version == VersionWithVariables && HasVariable(want):
		x := Expand(want, c.Version, c.Lookup)
		replaced := Of(!x.Null && x.Text() == got)
		if x.UnknownKey != "" {
			replaced = c.Ask(Question{UnknownVariable, x.UnknownKey}, True, False)
		}
		return c.Ask(Question{BoolVariable, want}, replaced, False)
	case want != got && strings.EqualFold(want, got):
		return c.Ask(Question{BoolCase, want}, True, False)
	default:
		return Of(want == got)
	}
}

// compareIPs compares an address with an address or a CIDR range. An IPv4 address is never in an
// IPv6 range.
func compareIPs(want, got string) (matches, valid bool) {
	addr, err := netip.ParseAddr(got)
	if err != nil {
		return false, false
	}
	if strings.Contains(want, "/") {
		prefix, err := netip.ParsePrefix(want)
		return err == nil && prefix.Contains(addr), err == nil
	}
	w, err := netip.ParseAddr(want)
	return err == nil && w == addr, err == nil
}
