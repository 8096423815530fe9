package condition

import (
	"slices"
	"strings"
)

// A Family is a group of operators that compare values in the same way.
type Family uint8

// The families. The zero Family belongs to no operator.
const (
	String Family = iota + 1
	Fold          // strings without regard to letter case
	Like          // strings with wildcards
	ARN
	Numeric
	Date
	Bool
	Binary
	IP
	Null // whether the key is present
)

// A Qualifier states how an operator treats a key that has several values.
type Qualifier uint8

// The qualifiers.
const (
	NoQualifier Qualifier = iota
	ForAllValues
	ForAnyValue
)

// A Relation states how an ordered operator compares the value of the request with the value of
// the policy.
type Relation uint8

// The relations.
const (
	Equal Relation = iota
	Less
	LessOrEqual
	Greater
	GreaterOrEqual
)

// Operator is the parsed name of a condition operator.
type Operator struct {
	Qualifier Qualifier
	Base      string // without qualifier and IfExists, as IAM spells it
	Family    Family
	Relation  Relation
	Negated   bool
	IfExists  bool
}

// ParseOperator parses the name of an operator. Letter case matters: the AWS pages about the
// policy language do not promise otherwise.
func ParseOperator(name string) (Operator, bool) {
	op, rest := Operator{}, name
	switch {
	case strings.HasPrefix(rest, "ForAllValues:"):
		op.Qualifier, rest = ForAllValues, rest[len("ForAllValues:"):]
	case strings.HasPrefix(rest, "ForAnyValue:"):
		op.Qualifier, rest = ForAnyValue, rest[len("ForAnyValue:"):]
	}
	op.Base, op.IfExists = strings.CutSuffix(rest, "IfExists")
	if !op.parseBase() {
		return Operator{}, false
	}
	// Null tests whether the key is present, so a suffix or qualifier has no meaning with it.
	if op.Family == Null && (op.IfExists || op.Qualifier != NoQualifier) {
		return Operator{}, false
	}
	return op, true
}

// parseBase sets Family, Relation and Negated from Base. It reports whether Base is an operator.
func (o *Operator) parseBase() bool {
	switch o.Base {
	case "StringEquals":
		o.Family = String
	case "StringNotEquals":
		o.Family, o.Negated = String, true
	case "StringEqualsIgnoreCase":
		o.Family = Fold
	case "StringNotEqualsIgnoreCase":
		o.Family, o.Negated = Fold, true
	case "StringLike":
		o.Family = Like
	case "StringNotLike":
		o.Family, o.Negated = Like, true
	case "ArnEquals", "ArnLike":
		o.Family = ARN
	case "ArnNotEquals", "ArnNotLike":
		o.Family, o.Negated = ARN, true
	case "Bool":
		o.Family = Bool
	case "BinaryEquals":
		o.Family = Binary
	case "IpAddress":
		o.Family = IP
	case "NotIpAddress":
		o.Family, o.Negated = IP, true
	case "Null":
		o.Family = Null
	default:
		return o.parseOrdered()
	}
	return true
}

// parseOrdered parses the Numeric and Date operators, which differ only in the kind of value.
func (o *Operator) parseOrdered() bool {
	rest, ok := strings.CutPrefix(o.Base, "Numeric")
	o.Family = Numeric
	if !ok {
		rest, ok = strings.CutPrefix(o.Base, "Date")
		o.Family = Date
	}
	if !ok {
		return false
	}
	switch rest {
	case "Equals":
		o.Relation = Equal
	case "NotEquals":
		o.Relation, o.Negated = Equal, true
	case "LessThan":
		o.Relation = Less
	case "LessThanEquals":
		o.Relation = LessOrEqual
	case "GreaterThan":
		o.Relation = Greater
	case "GreaterThanEquals":
		o.Relation = GreaterOrEqual
	default:
		return false
	}
	return true
}

// OperatorNames returns the names of the operators without qualifier and suffix.
func OperatorNames() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnNotEquals", "ArnLike", "ArnNotLike", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	}
}

// String returns the name of the operator as a policy spells it.
func (o Operator) String() string {
	name := o.Base
	if o.IfExists {
		name += "IfExists"
	}
	switch o.Qualifier {
	case ForAllValues:
		return "ForAllValues:" + name
	case ForAnyValue:
		return "ForAnyValue:" + name
	default:
		return name
	}
}

// Like returns the operator of the family Like with the same qualifier, suffix and negation.
func (o Operator) Like() Operator {
	o.Family, o.Relation, o.Base = Like, Equal, "StringLike"
	if o.Negated {
		o.Base = "StringNotLike"
	}
	return o
}

// ComparesText reports whether the operator compares values as text: String, Fold or Like.
func (o Operator) ComparesText() bool {
	return o.Family == String || o.Family == Fold || o.Family == Like
}

// Wildcards reports whether * and ? in a value of this operator are wildcards.
func (o Operator) Wildcards() bool { return o.Family == Like || o.Family == ARN }

// Variables reports whether policy variables are replaced in the values of the operator. The AWS
// pages disagree about Bool, for which it reports false.
func (o Operator) Variables() bool { return o.ComparesText() || o.Family == ARN }

// HoldsIfMissing reports whether the operator holds for a key that the request does not have. For
// the operator Null, which depends on its values, it reports false: see [MayHoldIfMissing].
func (o Operator) HoldsIfMissing() bool {
	if o.Qualifier == ForAnyValue {
		return false
	}
	return o.Negated || o.IfExists || o.Qualifier == ForAllValues
}

// MayHoldIfMissing reports whether a condition with this operator and these values may hold for a
// key that the request does not have.
func (o Operator) MayHoldIfMissing(values []string) bool {
	if o.Family == Null {
		// Whether AWS accepts "True" is not documented.
		return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, "true") })
	}
	return o.HoldsIfMissing()
}
