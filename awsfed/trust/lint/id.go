package lint

// The IDs of findings. A released ID does not change; new ones may be added.
const (
	// MissingSubject: an Allow does not limit the subject, so it trusts every token of the provider
	// with an accepted audience. With a shared issuer such as app.gitpod.io these are tokens of
	// every tenant.
	MissingSubject = "missing-subject"
	// OpenSubject: a value for the subject does not name the tenant, or has a wildcard or a variable
	// before the end of the tenant.
	OpenSubject = "open-subject"
	// OrganizationSeparator: a wildcard follows the tenant without a separator. If the tenant is a
	// name, tenants with longer names also match.
	OrganizationSeparator = "organization-without-separator"
	// MissingAudience: an Allow does not require an audience.
	MissingAudience = "missing-audience"
	// Everybody: the principal of an Allow is everybody.
	Everybody = "principal-everybody"
	// IfExists: a condition with IfExists also holds if the key is missing.
	IfExists = "if-exists-fails-open"
	// ForAllValues: a condition with ForAllValues also holds if the key is missing.
	ForAllValues = "for-all-values-fails-open"
	// SetOperator: a set operator on a key with a single value.
	SetOperator = "set-operator-on-single-value"
	// KeyNotMapped: AWS has no such key for the issuer.
	KeyNotMapped = "key-not-mapped"
	// KeyWithScheme: the key begins with https://.
	KeyWithScheme = "key-with-scheme"
	// KeyOfOtherIssuer: the key belongs to another issuer than the statement's provider.
	KeyOfOtherIssuer = "key-of-other-issuer"
	// DefaultSubject: a V3 pattern does not match the default subject, because it requires more
	// text.
	DefaultSubject = "default-subject-missed"
	// UserText: a wildcard continues text that users choose, or precedes a required part.
	UserText = "user-text-next-to-wildcard"
	// PersonalData: the subject contains personal data, which CloudTrail records.
	PersonalData = "personal-data-in-subject"
	// WildcardInEquals: a value with * or ? under an operator that compares them as plain text.
	WildcardInEquals = "wildcard-in-equals"
	// OldVersion: a variable in a policy whose version has no variables.
	OldVersion = "variable-in-old-version"
	// NeverMatches: no subject matches a value, or two conditions contradict each other.
	NeverMatches = "never-matches"
	// RedundantValue: another value of the condition covers this one.
	RedundantValue = "redundant-value"
	// OrganizationWide: the pattern allows a whole organization with its users, runners and service
	// accounts.
	OrganizationWide = "organization-wide"
	// Projectless: a V2 pattern matches only environments that belong to no project.
	Projectless = "only-environments-without-project"
	// InvalidPrincipal: a principal that cannot exist, such as one with an account of 11 digits.
	InvalidPrincipal = "invalid-principal"
	// Braces: a value lists alternatives in braces, which AWS compares as plain text.
	Braces = "braces-are-plain-text"
	// SessionName: a condition on the session name, which the caller chooses.
	SessionName = "session-name-is-no-evidence"
	// NotAction: an Allow with NotAction.
	NotAction = "allow-not-action"
	// BroadAction: an action with a wildcard.
	BroadAction = "action-wildcard"
	// MissingAction: a condition requires session tags or a source identity, and no statement
	// allows the action that tokens with them need.
	MissingAction = "missing-action"
	// MissingExternalID: an Allow for AssumeRole trusts another account without an external ID.
	MissingExternalID = "missing-external-id"
	// DeadDeny: a Deny that never applies.
	DeadDeny = "deny-never-applies"
	// TooLong: the policy exceeds a quota of IAM.
	TooLong = "too-long"
	// NotAnalysed: something that this package cannot judge, for example the subjects of an issuer
	// whose form is not known.
	NotAnalysed = "not-analysed"
)
