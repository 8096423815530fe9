package issuer

// A Reason is the reason why a token is refused. The values are stable.
type Reason string

// The reasons.
const (
	ReasonMalformed       Reason = "malformed"        // not a JWT, ambiguous, or with extensions (crit)
	ReasonAlgorithm       Reason = "algorithm"        // the algorithm is not accepted
	ReasonHeader          Reason = "header"           // an unsupported header: b64, or another typ
	ReasonKey             Reason = "key"              // no key with this kid, or no key that fits
	ReasonKeysUnavailable Reason = "keys unavailable" // cannot fetch the keys; the token may be valid
	ReasonSignature       Reason = "signature"        // the signature is wrong
	ReasonClaim           Reason = "claim"            // a claim is missing or not accepted
	ReasonExpired         Reason = "expired"          // exp is in the past; all other claims are accepted
	ReasonNotYetValid     Reason = "not yet valid"    // nbf or iat is in the future; all other claims are accepted
)

// A VerifyError reports why a token is refused. It never contains the token.
type VerifyError struct {
	Reason Reason
	// Err is the detail. errors.As finds a *[claims.ValidationError], a *[claims.ParseError] or the
	// error of the [KeySet] in it, such as a *[KeyNotFoundError], *[FetchLimitError],
	// *[StaleKeysError], *[FetchError] or *[MismatchError]. errors.Is finds [claims.ErrExpired] and
	// [claims.ErrNotYetValid] also with another Reason.
	Err error
}

// Error returns the reason and the detail.
func (e *VerifyError) Error() string {
	outcome := "refused"
	if e.Reason == ReasonKeysUnavailable {
		outcome = "not verified" // it may be valid
	}
	return "issuer: token " + outcome + ": " + string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *VerifyError) Unwrap() error { return e.Err }

// Temporary reports whether the same token may be accepted later.
func (e *VerifyError) Temporary() bool {
	return e.Reason == ReasonKeysUnavailable || e.Reason == ReasonNotYetValid
}
