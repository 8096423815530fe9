// Package condition implements the Condition element of an IAM policy: operators, set qualifiers
// and policy variables.
//
// The rules are those of the AWS pages "IAM JSON policy elements: Condition operators", "Condition
// with multiple context keys or values" and "Variables and tags".
package condition
