package trust

// Explanation holds the reasons for a [Decision]: what each part of the policy requires, what the
// request has, and the likely mistake where they differ. [Explanation.Text] prints it. Its JSON is
// deterministic. The field tags name its members. An empty list without omitempty is written as [].
// Released members keep their names and meanings; new ones may be added.
//
// An open question is a rule that AWS does not document, or a value that only AWS knows. The result
// depends on it.
//
// Personal data of the request is replaced by "…" unless [Request.ShowValues] is set. The contents
// of the policy are shown as they are.
type Explanation struct {
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence. It states what decided or, if no statement allows the request, the
	// first mismatch in the statement that comes closest.
	Reason string `json:"reason"`
	// RoleARN, ProviderARN and Issuer are those of the request.
	RoleARN     string `json:"roleArn,omitempty"`
	ProviderARN string `json:"providerArn,omitempty"`
	Issuer      string `json:"issuer,omitempty"`
	// CallerARN is the caller of AssumeRole: its role or, if that is not known, its session.
	CallerARN string `json:"callerArn,omitempty"`
	// Actions holds the result for each action that the request needs. All of them must be
	// allowed.
	Actions []ActionResult `json:"actions"`
	// Statements holds one result for each statement, in order.
	Statements []StatementResult `json:"statements"`
	// Alternatives states, for an undetermined outcome, the outcome under each answer to an open
	// question.
	Alternatives []OutcomeAlternative `json:"alternatives,omitempty"`
	// Suggestion is the smallest change with which the policy would allow a denied request, or nil.
	Suggestion *Suggestion `json:"suggestion,omitempty"`
	// NotConsidered lists what AWS also evaluates and this package cannot see.
	NotConsidered []string `json:"notConsidered"`
}

// Match is the result for one part of a policy: a statement, a principal, an action or a
// condition. The zero Match has no meaning.
type Match string

// The three results. Unknown means that the result depends on a rule that AWS does not document, or
// on a value that only AWS knows.
const (
	Matched    Match = "matched"
	NotMatched Match = "not matched"
	Unknown    Match = "unknown"
)

// ActionResult is the outcome for one action.
type ActionResult struct {
	Action string `json:"action"`
	// Outcome may be Undetermined when the decision is not: different answers to an open question
	// can lead to the same decision in different ways.
	Outcome Outcome `json:"outcome"`
	// Statements are the indexes of the statements that decided, or that may decide. It is empty if
	// no statement covers the action.
	Statements []int `json:"statements,omitempty"`
}

// StatementResult states whether one statement applies to the request.
type StatementResult struct {
	// Index counts from 0. Texts count from 1.
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	Effect Effect `json:"effect"`
	// Result is Matched if the statement applies to at least one of the actions that the request
	// needs.
	Result     Match             `json:"result"`
	Principal  PrincipalResult   `json:"principal"`
	Actions    []ActionMatch     `json:"actions"`
	Conditions []ConditionResult `json:"conditions,omitempty"`
}

// PrincipalResult states whether the principal of a statement includes the identity provider of the
// request.
type PrincipalResult struct {
	Result Match `json:"result"`
	// Needed holds the principals of the statement.
	Needed []string `json:"needed"`
	// Got is the identity provider of the request. It is empty if it is not known.
	Got string `json:"got"`
	// Why states the reason for the result.
	Why string `json:"why"`
	// NearMisses holds likely mistakes if the result is not Matched.
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
}

// ActionMatch states whether a statement covers an action.
type ActionMatch struct {
	Action string `json:"action"`
	Result Match  `json:"result"`
	// NearMisses holds likely mistakes if the result is not Matched.
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
}

// ConditionResult states whether one condition holds.
type ConditionResult struct {
	Operator string `json:"operator"`
	Key      string `json:"key"`
	Result   Match  `json:"result"`
	// Needed holds the values of the policy.
	Needed []string `json:"needed"`
	// Present reports whether the request has the key.
	Present bool `json:"present"`
	// Got holds the values of the request that may be shown.
	Got []string `json:"got,omitempty"`
	// Why states the reason for the result.
	Why string `json:"why"`
	// NearMisses holds likely mistakes if the result is not Matched.
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
	// Alternatives states, for an unknown result, the result under each answer to an open question.
	Alternatives []Alternative `json:"alternatives,omitempty"`
}

// Alternative is one answer to an open question and the result of a condition under it.
type Alternative struct {
	Assumption string `json:"assumption"`
	Result     Match  `json:"result"`
}

// OutcomeAlternative is one answer to an open question and the outcome of the policy under it.
type OutcomeAlternative struct {
	Assumption string  `json:"assumption"`
	Outcome    Outcome `json:"outcome"`
}

// NearMiss is a likely reason why a part of a statement does not match.
type NearMiss struct {
	// Kind names the reason for programs. New kinds may be added. The kinds are:
	//   - for values: letter-case, white-space, wildcard-in-equals, variable-in-old-version
	//   - for keys: key-with-scheme, key-spelling, key-of-other-issuer, key-not-mapped, claim-absent
	//   - for subjects: other-organization, other-project, other-environment, v2-pattern-v3-token,
	//     v3-pattern-v2-token, trailing-wildcard, subject-goes-on
	//   - for audiences: audience-of-other-partition, audience-spelling, azp-replaces-aud
	//   - for providers: provider-account, provider-partition, provider-spelling
	//   - for callers of AssumeRole: principal-account, principal-partition, principal-path,
	//     principal-session, no-external-id, no-source-identity, no-session-tag
	Kind string `json:"kind"`
	// Message is a sentence for a person.
	Message string `json:"message"`
}
