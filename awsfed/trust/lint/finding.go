package lint

import (
	"slices"

	"github.com/onafed/onafed/awsfed/trust"
)

// Severity states how much a [Finding] matters.
type Severity string

// The severities.
const (
	// Error: the policy allows principals that it should not allow, or IAM refuses the policy.
	Error Severity = "error"
	// Warning: the policy probably does not do what it was written for, or it allows too much under
	// some circumstances.
	Warning Severity = "warning"
	// Note: information; nothing has to change.
	Note Severity = "note"
)

// rank orders severities, the highest first.
func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Note}, s) }

// Finding is one result of [Policy].
//
// Its JSON is an object with the members id, severity, statement, message, why and fixable, and if
// they are not empty line, column, operator, key, value and widens. Released members keep their
// names and meanings; new ones may be added. A Finding that was read from JSON has no Fix.
type Finding struct {
	ID       string   `json:"id"` // one of the constants of this package
	Severity Severity `json:"severity"`
	// Statement is the index of the statement, starting with 0, or -1 for the whole policy.
	Statement int `json:"statement"`
	// Line and Column are the position of the statement, as [trust.Statement.Position] returns it.
	// Both are 0 if the position is not known, and for the whole policy.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Operator, Key and Value identify the condition and its value, if the finding is about one.
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	Value    string `json:"value,omitempty"`
	// Message describes the mistake.
	Message string `json:"message"`
	// Why states why the mistake matters, and what to do.
	Why string `json:"why"`
	// Fixable reports whether Fix returns a policy.
	Fixable bool `json:"fixable"`
	// Widens reports whether the fixed policy allows requests that the policy denies. Review such a
	// fix before applying it.
	Widens bool `json:"widens,omitempty"`

	policy trust.Policy
	edit   func(*trust.Policy)
}

// Fix returns a copy of the policy in which this finding is corrected and nothing else is changed.
// ok is false if the right correction is not certain. All findings of one call of [Policy] refer to
// the same policy: to correct several, call Policy again after each.
func (f Finding) Fix() (p trust.Policy, ok bool) {
	if f.edit == nil {
		return trust.Policy{}, false
	}
	p = f.policy.Clone()
	f.edit(&p)
	return p, true
}
