package issuer

// A Reason says why a token was refused. The text is stable.
type Reason string

// The reasons.
const (
	ReasonMalformed       Reason = "malformed"        // no JWT, one that can be read in two ways, or with extensions (crit)
	ReasonAlgorithm       Reason = "algorithm"        // an algorithm that is not accepted
	ReasonHeader          Reason = "header"           // a header that asks for what is not done: b64, another typ
	ReasonKey             Reason = "key"              // no key of this kid, or none that fits
	ReasonKeysUnavailable Reason = "keys unavailable" // the keys could not be had: nothing is known about the token
	ReasonSignature       Reason = "signature"        // the signature does not match
	ReasonClaim           Reason = "claim"            // a claim is missing or not as wanted, whatever the times are
	ReasonExpired         Reason = "expired"          // exp has passed; nothing but times is wrong
	ReasonNotYetValid     Reason = "not yet valid"    // nbf or iat is to come; nothing else is wrong
)

// A VerifyError says why a token was refused. It never contains the token.
type VerifyError struct {
	Reason Reason
	// Err is the detail. errors.As finds a *[claims.ValidationError] or a *[claims.ParseError] in it, or what the [KeySet] returned, such
	// as a *[KeyNotFoundError], a *[StaleKeysError], a *[FetchError] or a *[MismatchError]; errors.Is finds [claims.ErrExpired] and
	// [claims.ErrNotYetValid], also beside another Reason.
	Err error
}

// Error says the reason and the detail.
func (e *VerifyError) Error() string {
	return "issuer: token refused: " + string(e.Reason) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *VerifyError) Unwrap() error { return e.Err }

// Temporary reports whether the same token may be accepted later.
func (e *VerifyError) Temporary() bool {
	return e.Reason == ReasonKeysUnavailable || e.Reason == ReasonNotYetValid
}
