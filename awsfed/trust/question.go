package trust

import (
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// answers returns the two answers to a question as sentences.
func answers(q condition.Question) (yes, no string) {
	about := quote.Name(q.About)
	switch q.Rule {
	case condition.WildcardInVariable:
		return "AWS treats a * or ? inside a variable's value as a wildcard",
			"AWS treats a * or ? inside a variable's value as plain text"
	case condition.BoolVariable:
		return "AWS replaces variables under Bool (one of its pages says so)",
			"AWS does not replace variables under Bool (another page says so)"
	case condition.BoolCase:
		return "AWS ignores the letter case of booleans", "AWS compares booleans with their letter case"
	case condition.NullValue:
		return "AWS treats the value " + about + " of Null as false", "AWS fails a condition Null with the value " + about
	case condition.MalformedVariable:
		return `AWS treats a "${" that begins no variable as plain text`, `AWS never matches a value with a malformed "${"`
	case condition.MalformedValue:
		return "AWS ignores the value " + about + ", which the operator cannot compare",
			"AWS fails a condition with the value " + about + ", which the operator cannot compare"
	case condition.ShortARNPattern:
		return "AWS compares the pattern " + about + ", which has fewer than six parts, with the whole ARN",
			"AWS never matches the pattern " + about + ", which has fewer than six parts"
	case condition.YearOrSeconds:
		return "AWS reads " + about + " as a year", "AWS reads " + about + " as seconds since 1970"
	case condition.SeveralValues:
		return "without ForAnyValue or ForAllValues one matching value of " + about + " is enough",
			"without ForAnyValue or ForAllValues every value of " + about + " must match"
	case condition.ForAllNotLike:
		return "ForAllValues:StringNotLike holds when " + about + " is missing (the general rule)",
			"ForAllValues:StringNotLike does not hold when " + about + " is missing (one row of the AWS table)"
	case condition.UnknownKey:
		return "the value that AWS has for " + about + " satisfies the condition",
			"the value that AWS has for " + about + " does not satisfy the condition"
	case condition.UnknownVariable:
		return "the value that AWS has for " + about + " makes the values equal",
			"the value that AWS has for " + about + " makes the values different"
	case condition.UnknownOperator:
		return "AWS has an operator " + about + " and it holds", "AWS has an operator " + about + " and it does not hold"
	case condition.AnyProvider:
		return `AWS treats the federated principal "*" as any provider`, `AWS treats the federated principal "*" as a provider of that name`
	case condition.CallerID:
		return about + " is the unique ID of the caller's role", about + " is the unique ID of another role"
	case condition.CallerCase:
		return "AWS ignores the letter case of the principal " + about, "AWS compares the principal " + about + " with its letter case"
	case condition.CallerPath:
		return about + " is the caller's role", "the caller's role has another path than " + about
	case condition.CallerSession:
		return about + " is the session of the caller", about + " is another session of the caller's role"
	default:
		return "the role is in the account of " + about, "the role is in another account than " + about
	}
}
