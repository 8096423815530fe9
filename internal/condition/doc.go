// Package condition implements the Condition element of an IAM policy: operators, set qualifiers
// and policy variables.
//
// A result has three values, because AWS does not document some rules, and because some values are
// known only to AWS. Each such case is a [Question], and the caller of [Context.Evaluate] answers it.
//
// The rules are those of the AWS pages "IAM JSON policy elements: Condition operators", "Condition
// with multiple context keys or values" and "Variables and tags".
package condition
