package trust

// A doubt is a question with two possible answers that decides something and
// that AWS's documents leave open, or a value of the request that is not known
// here.
type doubt struct {
	rule  rule
	about string // key, value or operator that raises the question
}

type rule uint8

const (
	wildcardInVariable rule = iota + 1
	boolVariable
	boolCase
	nullValue
	malformedVariable
	malformedValue
	shortARNPattern
	yearOrSeconds
	severalValues
	forAllNotLike
	unknownKey
	unknownVariable
	strangeOperator
	anyProvider
	providerAccount
)

// ask answers a doubt. When both answers lead to the same result there is
// nothing to ask.
func (e *evaluation) ask(d doubt, yes, no Match) Match {
	if yes == no {
		return yes
	}
	if e.seen != nil {
		e.seen[d] = struct{}{}
	}
	if answer, ok := e.answers[d]; ok {
		if answer {
			return yes
		}
		return no
	}
	return Unknown
}

// statement puts the doubt into the two sentences that a reader chooses from.
func (d doubt) statement() (yes, no string) {
	about := quoteName(d.about)
	switch d.rule {
	case wildcardInVariable:
		return "AWS takes a * or ? inside a variable's value as a wildcard",
			"AWS takes a * or ? inside a variable's value as plain text"
	case boolVariable:
		return "AWS replaces variables under Bool (one of its pages says so)",
			"AWS does not replace variables under Bool (another page says so)"
	case boolCase:
		return "AWS compares booleans without regard to letter case", "AWS compares booleans with their letter case"
	case nullValue:
		return "AWS takes the value " + about + " of Null as false", "AWS fails a condition Null with the value " + about
	case malformedVariable:
		return `AWS takes a "${" that begins no variable as plain text`, `AWS takes a value with a broken "${" as void`
	case malformedValue:
		return "AWS passes over the value " + about + ", which the operator cannot compare",
			"AWS fails a condition with the value " + about + ", which the operator cannot compare"
	case shortARNPattern:
		return "AWS compares the pattern " + about + ", which has fewer than six parts, with the whole ARN",
			"AWS never matches the pattern " + about + ", which has fewer than six parts"
	case yearOrSeconds:
		return "AWS reads " + about + " as a year", "AWS reads " + about + " as seconds since 1970"
	case severalValues:
		return "without ForAnyValue or ForAllValues one matching value of " + about + " is enough",
			"without ForAnyValue or ForAllValues every value of " + about + " has to match"
	case forAllNotLike:
		return "ForAllValues:StringNotLike holds when " + about + " is missing (the general rule)",
			"ForAllValues:StringNotLike does not hold when " + about + " is missing (one row of AWS's table)"
	case unknownKey:
		return "the value that AWS sees for " + about + " satisfies the condition",
			"the value that AWS sees for " + about + " does not satisfy the condition"
	case unknownVariable:
		return "the value that AWS sees for " + about + " makes the values equal",
			"the value that AWS sees for " + about + " makes the values different"
	case strangeOperator:
		return "AWS knows the operator " + about + " and it holds", "AWS knows the operator " + about + " and it does not hold"
	case anyProvider:
		return `AWS takes the federated principal "*" as any provider`, `AWS takes the federated principal "*" as a provider of that name`
	default:
		return "the role is in the account of " + about, "the role is in another account than " + about
	}
}
