package trust

import "strings"

// A family is a group of condition operators that compare values the same way.
type family uint8

const (
	stringFamily family = iota + 1
	foldFamily
	likeFamily
	arnFamily
	numericFamily
	dateFamily
	boolFamily
	binaryFamily
	ipFamily
	nullFamily
)

// A setQualifier says how an operator treats a key that has several values.
type setQualifier uint8

const (
	noQualifier setQualifier = iota
	forAllValues
	forAnyValue
)

// A relation is how an ordered operator compares what the request has with
// what the policy says.
type relation uint8

const (
	equal relation = iota
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// operator is the parsed name of a condition operator.
type operator struct {
	qualifier setQualifier
	base      string // without qualifier and IfExists, as IAM spells it
	family    family
	relation  relation
	negated   bool
	ifExists  bool
}

// parseOperator reads an operator name. Names are compared exactly: the pages
// about IAM's policy language do not promise another letter case.
func parseOperator(name string) (operator, bool) {
	op := operator{}
	rest := name
	switch {
	case strings.HasPrefix(rest, "ForAllValues:"):
		op.qualifier, rest = forAllValues, rest[len("ForAllValues:"):]
	case strings.HasPrefix(rest, "ForAnyValue:"):
		op.qualifier, rest = forAnyValue, rest[len("ForAnyValue:"):]
	}
	op.base, op.ifExists = strings.CutSuffix(rest, "IfExists")
	if !op.setBase() {
		return operator{}, false
	}
	// Null asks whether the key is there, so neither suffix nor qualifier has
	// a meaning with it.
	if op.family == nullFamily && (op.ifExists || op.qualifier != noQualifier) {
		return operator{}, false
	}
	return op, true
}

func (o *operator) setBase() bool {
	switch o.base {
	case "StringEquals":
		o.family = stringFamily
	case "StringNotEquals":
		o.family, o.negated = stringFamily, true
	case "StringEqualsIgnoreCase":
		o.family = foldFamily
	case "StringNotEqualsIgnoreCase":
		o.family, o.negated = foldFamily, true
	case "StringLike":
		o.family = likeFamily
	case "StringNotLike":
		o.family, o.negated = likeFamily, true
	case "ArnEquals", "ArnLike":
		o.family = arnFamily
	case "ArnNotEquals", "ArnNotLike":
		o.family, o.negated = arnFamily, true
	case "Bool":
		o.family = boolFamily
	case "BinaryEquals":
		o.family = binaryFamily
	case "IpAddress":
		o.family = ipFamily
	case "NotIpAddress":
		o.family, o.negated = ipFamily, true
	case "Null":
		o.family = nullFamily
	default:
		return o.setOrdered()
	}
	return true
}

// setOrdered reads the Numeric and Date operators, which differ in nothing but
// the kind of value.
func (o *operator) setOrdered() bool {
	rest, ok := strings.CutPrefix(o.base, "Numeric")
	o.family = numericFamily
	if !ok {
		rest, ok = strings.CutPrefix(o.base, "Date")
		o.family = dateFamily
	}
	if !ok {
		return false
	}
	switch rest {
	case "Equals":
		o.relation = equal
	case "NotEquals":
		o.relation, o.negated = equal, true
	case "LessThan":
		o.relation = less
	case "LessThanEquals":
		o.relation = lessOrEqual
	case "GreaterThan":
		o.relation = greater
	case "GreaterThanEquals":
		o.relation = greaterOrEqual
	default:
		return false
	}
	return true
}

// wildcards tells whether * and ? in a value of this operator are wildcards.
func (o operator) wildcards() bool { return o.family == likeFamily || o.family == arnFamily }

// variables tells whether policy variables are replaced in the operator's
// values. For Bool AWS's pages disagree; see the doubt boolVariable.
func (o operator) variables() bool {
	switch o.family {
	case stringFamily, foldFamily, likeFamily, arnFamily:
		return true
	default:
		return false
	}
}

// failsOpen tells whether the operator holds for a key that the request does
// not have.
func (o operator) failsOpen() bool {
	if o.qualifier == forAnyValue {
		return false
	}
	return o.negated || o.ifExists || o.qualifier == forAllValues
}

// name spells the operator as a policy does.
func (o operator) name() string {
	prefix := ""
	switch o.qualifier {
	case forAllValues:
		prefix = "ForAllValues:"
	case forAnyValue:
		prefix = "ForAnyValue:"
	case noQualifier:
	}
	if o.ifExists {
		return prefix + o.base + "IfExists"
	}
	return prefix + o.base
}
