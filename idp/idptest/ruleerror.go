package idptest

// A RuleError reports that a token source breaks a rule of [TestTokenSource].
type RuleError struct {
	Rule   string // "token", "expiry", "audience", "immutable", "concurrent", "context", "invalidate" or "secret"
	Detail string // what the source did
	Why    string // the reason for the rule
}

// Error returns the rule, what the source did, and the reason for the rule.
func (e *RuleError) Error() string {
	return "idptest: token source breaks the rule " + e.Rule + ": " + e.Detail + " (" + e.Why + ")"
}
