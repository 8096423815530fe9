package condition

import "cmp"

// Question is a rule that AWS does not document, or a value that only AWS knows, if a result
// depends on it. It has two possible answers.
type Question struct {
	Rule  Rule
	About string // the key, value, operator or ARN that raises the question
}

// Rule is the kind of a [Question].
type Rule uint8

// The rules, in the order in which questions are listed.
const (
	WildcardInVariable Rule = iota + 1
	BoolVariable
	BoolCase
	NullValue
	MalformedVariable
	MalformedValue
	ShortARNPattern
	YearOrSeconds
	SeveralValues
	ForAllNotLike
	UnknownKey
	UnknownVariable
	UnknownOperator
	AnyProvider
	ProviderAccount
	CallerID
	CallerCase
	CallerPath
	CallerSession
)

// Compare orders questions by rule, then by what they are about.
func (q Question) Compare(r Question) int {
	return cmp.Or(cmp.Compare(q.Rule, r.Rule), cmp.Compare(q.About, r.About))
}
