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
	Fold          // strings, ignoring letter case
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
	Base      string // without qualifier and IfExists, as IAM spells it
	Family    Family
	Relation  Relation
	Negated   bool
	Qualifier Qualifier
	IfExists  bool
}

// operators returns all operators without qualifier and suffix.
func operators() [27]Operator {
	return [...]Operator{
		{Base: "StringEquals", Family: String},
		{Base: "StringNotEquals", Family: String, Negated: true},
		{Base: "StringEqualsIgnoreCase", Family: Fold},
		{Base: "StringNotEqualsIgnoreCase", Family: Fold, Negated: true},
		{Base: "StringLike", Family: Like},
		{Base: "StringNotLike", Family: Like, Negated: true},
		{Base: "ArnEquals", Family: ARN},
		{Base: "ArnNotEquals", Family: ARN, Negated: true},
		{Base: "ArnLike", Family: ARN},
		{Base: "ArnNotLike", Family: ARN, Negated: true},
		{Base: "Bool", Family: Bool},
		{Base: "BinaryEquals", Family: Binary},
		{Base: "IpAddress", Family: IP},
		{Base: "NotIpAddress", Family: IP, Negated: true},
		{Base: "Null", Family: Null},
		{Base: "NumericEquals", Family: Numeric},
		{Base: "NumericNotEquals", Family: Numeric, Negated: true},
		{Base: "NumericLessThan", Family: Numeric, Relation: Less},
		{Base: "NumericLessThanEquals", Family: Numeric, Relation: LessOrEqual},
		{Base: "NumericGreaterThan", Family: Numeric, Relation: Greater},
		{Base: "NumericGreaterThanEquals", Family: Numeric, Relation: GreaterOrEqual},
		{Base: "DateEquals", Family: Date},
		{Base: "DateNotEquals", Family: Date, Negated: true},
		{Base: "DateLessThan", Family: Date, Relation: Less},
		{Base: "DateLessThanEquals", Family: Date, Relation: LessOrEqual},
		{Base: "DateGreaterThan", Family: Date, Relation: Greater},
		{Base: "DateGreaterThanEquals", Family: Date, Relation: GreaterOrEqual},
	}
}

// ParseOperator parses the name of an operator. Letter case matters, because no AWS page about the
// policy language says that it is ignored.
func ParseOperator(name string) (Operator, bool) {
	qualifier, rest := NoQualifier, name
	switch {
	case strings.HasPrefix(rest, "ForAllValues:"):
		qualifier, rest = ForAllValues, rest[len("ForAllValues:"):]
	case strings.HasPrefix(rest, "ForAnyValue:"):
		qualifier, rest = ForAnyValue, rest[len("ForAnyValue:"):]
	}
	base, ifExists := strings.CutSuffix(rest, "IfExists")
	for _, op := range operators() {
		// Null tests whether the key is present, so a suffix or qualifier has no meaning with it.
		if op.Base == base && (op.Family != Null || base == name) {
			op.Qualifier, op.IfExists = qualifier, ifExists
			return op, true
		}
	}
	return Operator{}, false
}

// OperatorSpelling returns the operator, without qualifier and suffix, that differs from name at
// most in letter case. It is empty if no operator matches.
func OperatorSpelling(name string) string {
	for _, op := range operators() {
		if strings.EqualFold(op.Base, name) {
			return op.Base
		}
	}
	return ""
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
	return o.Qualifier != ForAnyValue && (o.Negated || o.IfExists || o.Qualifier == ForAllValues)
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
