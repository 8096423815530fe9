package trust

// Outcome is the answer of a [Decision]. The zero Outcome is none of the
// three, so a decision that nobody made is not a yes.
type Outcome string

// The three outcomes.
const (
	// Allowed: the trust policy lets the request in.
	Allowed Outcome = "Allowed"
	// Denied: a statement denies the request, or none allows it.
	Denied Outcome = "Denied"
	// Undetermined: it depends on something that AWS does not document or
	// that only AWS sees. It is never a yes.
	Undetermined Outcome = "Undetermined"
)

// Match is the result of one part of a policy: a statement, a principal, an
// action, a condition. The zero Match is none of the three.
type Match string

// The three results. Unknown is not a failure to compute: it says that
// AWS's rule, or a value that only AWS sees, decides.
const (
	Matched    Match = "matched"
	NotMatched Match = "not matched"
	Unknown    Match = "unknown"
)

func matchIf(b bool) Match {
	if b {
		return Matched
	}
	return NotMatched
}

func (m Match) not() Match {
	switch m {
	case Matched:
		return NotMatched
	case NotMatched:
		return Matched
	default:
		return Unknown
	}
}

// and is the conjunction of Kleene's logic: a part that surely fails decides
// whatever the unknown one is.
func (m Match) and(n Match) Match {
	switch {
	case m == NotMatched || n == NotMatched:
		return NotMatched
	case m == Matched && n == Matched:
		return Matched
	default:
		return Unknown
	}
}

func (m Match) or(n Match) Match { return m.not().and(n.not()).not() }

// Decision is what a trust policy says to a request, and why. It prints as
// text with [Decision.Text] and marshals to deterministic JSON.
//
// Values of the request are in it as they may be shown: personal data is
// replaced by "…" unless [Request.ShowValues] asked for it. What the policy
// itself holds is shown as it is.
type Decision struct {
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence: what decided, or the nearest miss.
	Reason      string `json:"reason"`
	RoleARN     string `json:"roleArn,omitempty"`
	ProviderARN string `json:"providerArn,omitempty"`
	Issuer      string `json:"issuer,omitempty"`
	// Actions holds the result for each action that the request needs. All of
	// them must be allowed.
	Actions []ActionResult `json:"actions"`
	// Statements holds one result for each statement, in order.
	Statements []StatementResult `json:"statements"`
	// Readings says, for an undetermined outcome, what each answer to an open
	// question would lead to.
	Readings []OutcomeReading `json:"readings,omitempty"`
	// NotConsidered lists what AWS looks at as well and this package cannot
	// see.
	NotConsidered []string `json:"notConsidered"`
}

// Allowed tells whether the outcome is [Allowed].
func (d Decision) Allowed() bool { return d.Outcome == Allowed }

// ActionResult is the outcome for one action.
type ActionResult struct {
	Action string `json:"action"`
	// Outcome may be Undetermined although the decision is not: when every
	// reading of AWS's rules leads to the same decision in different ways.
	Outcome Outcome `json:"outcome"`
	// Statements are the indexes of the statements that decided, or that may.
	// Empty when no statement spoke of the action.
	Statements []int `json:"statements,omitempty"`
}

// StatementResult says whether one statement applies to the request.
type StatementResult struct {
	// Index counts from 0; texts count from 1.
	Index  int    `json:"index"`
	Sid    string `json:"sid,omitempty"`
	Effect Effect `json:"effect"`
	// Result is Matched when the statement applies to at least one of the
	// actions that the request needs.
	Result     Match             `json:"result"`
	Principal  PrincipalResult   `json:"principal"`
	Actions    []ActionMatch     `json:"actions"`
	Conditions []ConditionResult `json:"conditions,omitempty"`
}

// matchFor tells whether the statement applies to the action.
func (s StatementResult) matchFor(action string) Match {
	m := s.Principal.Result
	for _, c := range s.Conditions {
		m = m.and(c.Result)
	}
	for _, a := range s.Actions {
		if a.Action == action {
			return m.and(a.Result)
		}
	}
	return NotMatched
}

// PrincipalResult says whether a statement speaks of the request's identity
// provider.
type PrincipalResult struct {
	Result     Match      `json:"result"`
	Needed     []string   `json:"needed"`
	Got        string     `json:"got"`
	Why        string     `json:"why"`
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
}

// ActionMatch says whether a statement speaks of an action.
type ActionMatch struct {
	Action string `json:"action"`
	Result Match  `json:"result"`
}

// ConditionResult says whether one condition holds.
type ConditionResult struct {
	Operator string `json:"operator"`
	Key      string `json:"key"`
	Result   Match  `json:"result"`
	// Needed are the policy's values, as it holds them.
	Needed []string `json:"needed"`
	// Present tells whether the request has the key.
	Present bool `json:"present"`
	// Got are the request's values as they may be shown.
	Got        []string   `json:"got,omitempty"`
	Why        string     `json:"why"`
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
	// Readings says, for an unknown result, what each answer to an open
	// question would lead to.
	Readings []Reading `json:"readings,omitempty"`
}

// Reading is one of the answers to an open question and the result that a
// condition then has.
type Reading struct {
	Assumption string `json:"assumption"`
	Result     Match  `json:"result"`
}

// OutcomeReading is one of the answers to an open question and the outcome
// that the whole policy then has.
type OutcomeReading struct {
	Assumption string  `json:"assumption"`
	Outcome    Outcome `json:"outcome"`
}

// NearMiss is a likely reason why a part of a statement does not match.
type NearMiss struct {
	Kind NearMissKind `json:"kind"`
	// Message is a sentence for a person.
	Message string `json:"message"`
}

// NearMissKind names a near miss for programs. Kinds may be added.
type NearMissKind string

// The near misses.
const (
	MissLetterCase          NearMissKind = "letter-case"
	MissWhiteSpace          NearMissKind = "white-space"
	MissWildcardInEquals    NearMissKind = "wildcard-in-equals"
	MissVariableInOldPolicy NearMissKind = "variable-in-old-version"
	MissKeyWithScheme       NearMissKind = "key-with-scheme"
	MissKeySpelling         NearMissKind = "key-spelling"
	MissKeyOfOtherIssuer    NearMissKind = "key-of-other-issuer"
	MissKeyNotMapped        NearMissKind = "key-not-mapped"
	MissClaimAbsent         NearMissKind = "claim-absent"
	MissOtherOrganization   NearMissKind = "other-organization"
	MissOtherProject        NearMissKind = "other-project"
	MissOtherEnvironment    NearMissKind = "other-environment"
	MissV2PatternV3Token    NearMissKind = "v2-pattern-v3-token"
	MissV3PatternV2Token    NearMissKind = "v3-pattern-v2-token"
	MissTrailingWildcard    NearMissKind = "trailing-wildcard"
	MissSubjectGoesOn       NearMissKind = "subject-goes-on"
	MissAudiencePartition   NearMissKind = "audience-of-other-partition"
	MissAudienceSpelling    NearMissKind = "audience-spelling"
	MissAuthorizedParty     NearMissKind = "azp-replaces-aud"
	MissProviderAccount     NearMissKind = "provider-account"
	MissProviderPartition   NearMissKind = "provider-partition"
	MissProviderSpelling    NearMissKind = "provider-spelling"
)
