package trust

// Severity says how much a [Finding] matters.
type Severity string

// The severities.
const (
	// SeverityError: somebody who is not meant to can get in, or IAM refuses
	// the policy.
	SeverityError Severity = "error"
	// SeverityWarning: the policy hardly does what it was written for, or it
	// is open in some circumstances.
	SeverityWarning Severity = "warning"
	// SeverityNote: worth knowing; nothing has to change.
	SeverityNote Severity = "note"
)

// The ids of findings. Ids stay the same once released; new ones may be added.
const (
	// LintMissingSubject: an Allow does not bind the subject, so it trusts
	// every token of the provider with an accepted audience. On a shared
	// issuer such as app.gitpod.io that is every customer.
	LintMissingSubject = "missing-subject"
	// LintOpenSubject: a value for the subject has a wildcard or a variable
	// before the organization is spelled out.
	LintOpenSubject = "open-subject"
	// LintOrganizationSeparator: a wildcard stands right behind the
	// organization's id.
	LintOrganizationSeparator = "organization-without-separator"
	// LintMissingAudience: an Allow does not ask for an audience.
	LintMissingAudience = "missing-audience"
	// LintEverybody: the principal of an Allow is everybody.
	LintEverybody = "principal-everybody"
	// LintIfExists: IfExists makes a condition hold when the key is missing.
	LintIfExists = "if-exists-fails-open"
	// LintForAllValues: ForAllValues makes a condition hold when the key is
	// missing.
	LintForAllValues = "for-all-values-fails-open"
	// LintSetOperator: a set operator on a key with one value.
	LintSetOperator = "set-operator-on-single-value"
	// LintKeyNotMapped: AWS has no such key for the issuer.
	LintKeyNotMapped = "key-not-mapped"
	// LintKeyWithScheme: the key begins with https://.
	LintKeyWithScheme = "key-with-scheme"
	// LintKeyOfOtherIssuer: the key belongs to tokens of another issuer than
	// the statement's provider.
	LintKeyOfOtherIssuer = "key-of-other-issuer"
	// LintDefaultSubject: a V3 pattern misses the default subject, which ends
	// where the pattern asks for more.
	LintDefaultSubject = "default-subject-missed"
	// LintUserText: text that users choose stands next to a wildcard, or a
	// part of the subject is looked for behind a wildcard.
	LintUserText = "user-text-next-to-wildcard"
	// LintPersonalData: the subject holds personal data, which CloudTrail
	// records.
	LintPersonalData = "personal-data-in-subject"
	// LintWildcardInEquals: an operator that takes * and ? as plain text has
	// a value with them.
	LintWildcardInEquals = "wildcard-in-equals"
	// LintOldVersion: a value has a variable and the policy's version knows
	// none.
	LintOldVersion = "variable-in-old-version"
	// LintNeverMatches: the values of a condition match no subject that there
	// is, or two conditions contradict each other.
	LintNeverMatches = "never-matches"
	// LintRedundantValue: a value is covered by another one.
	LintRedundantValue = "redundant-value"
	// LintOrganizationWide: the pattern lets a whole organization in, with
	// users, runners and service accounts.
	LintOrganizationWide = "organization-wide"
	// LintSessionName: a condition on the session name, which the caller
	// chooses.
	LintSessionName = "session-name-is-no-evidence"
	// LintNotAction: an Allow with NotAction.
	LintNotAction = "allow-not-action"
	// LintBroadAction: an action with a wildcard.
	LintBroadAction = "action-wildcard"
	// LintMissingAction: a statement asks for session tags or a source
	// identity, and no statement allows tokens to carry them.
	LintMissingAction = "missing-action"
	// LintDeadDeny: a Deny that never applies.
	LintDeadDeny = "deny-never-applies"
	// LintTooLong: the policy is longer than IAM's quota.
	LintTooLong = "too-long"
	// LintNotAnalysed: something that Lint cannot judge.
	LintNotAnalysed = "not-analysed"
)

// Finding is one thing that [Lint] has to say about a policy.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Statement is the index of the statement, from 0; -1 is the policy as a
	// whole.
	Statement int `json:"statement"`
	// Line and Column are where the statement begins in the text that [Parse]
	// read, counted as in [ParseError]. Both are 0 where
	// that is not known: for the policy as a whole, for a policy put together
	// in Go code, and for one that stood in a string or in other JSON.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Operator, Key and Value are the place in the statement, where there is
	// one.
	Operator string `json:"operator,omitempty"`
	Key      string `json:"key,omitempty"`
	Value    string `json:"value,omitempty"`
	// Message says what was found.
	Message string `json:"message"`
	// Why says why it matters.
	Why string `json:"why"`
	// Fixable tells whether Fix has an answer.
	Fixable bool `json:"fixable"`
	// Widens tells whether the fix lets requests in that the policy refuses
	// as it stands: look before applying.
	Widens bool `json:"widens,omitempty"`

	fix *fix
}

// A fix is a policy and what to do with it.
type fix struct {
	policy Policy
	edit   func(*Policy)
}

// Fix returns the policy with this one finding put right; everything else in
// it is as it was. ok is false if there is no fix that could be made without
// knowing what was meant. Findings of one [Lint] call are all about the same
// policy: to put several right, lint again after each.
func (f Finding) Fix() (p Policy, ok bool) {
	if f.fix == nil {
		return Policy{}, false
	}
	p = f.fix.policy.Clone()
	f.fix.edit(&p)
	return p, true
}
