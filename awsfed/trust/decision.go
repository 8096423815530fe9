package trust

// Outcome is the answer of a [Decision]. The zero Outcome does not allow.
type Outcome string

// The three outcomes.
const (
	// Allowed means that the trust policy allows the request.
	Allowed Outcome = "Allowed"
	// Denied means that a statement denies the request, or that no statement allows it.
	Denied Outcome = "Denied"
	// Undetermined means that the result depends on a rule that AWS does not document or on a
	// value that only AWS knows. It does not allow.
	Undetermined Outcome = "Undetermined"
)

// Decision is the result of [Policy.Evaluate].
//
// It keeps the policy and the request, without copying their lists, for [Decision.Explain]. Do not
// change them before that call. Printing a Decision shows nothing of the request. Its JSON is an
// object with the member outcome, which has the text of the [Outcome]; the JSON of an [Explanation]
// has the reasons too. Released members keep their names and meanings.
type Decision struct {
	Outcome Outcome `json:"outcome"`

	evaluation *evaluation // nil in the zero Decision
}

// Allowed reports whether the outcome is [Allowed].
func (d Decision) Allowed() bool { return d.Outcome == Allowed }
