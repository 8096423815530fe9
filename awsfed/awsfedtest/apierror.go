package awsfedtest

import (
	"cmp"
	"fmt"
	"net/http"
)

// An apiError is an error response.
type apiError struct {
	status  int
	code    string
	message string
	reason  string // for the call log only
	timing  string // badTime or badURLTime if the time of the signature is the reason
}

// why returns the reason for the call log. A message without a reason says it already.
func (e *apiError) why() string { return cmp.Or(e.reason, e.message) }

// because sets the reason in the call log.
func (e *apiError) because(format string, args ...any) *apiError {
	e.reason = fmt.Sprintf(format, args...)
	return e
}

// refuse returns the error with a code. An empty message means the message that AWS sends.
func refuse(code, message string) *apiError {
	status, usual := usualResponse(code)
	if message == "" {
		message = usual
	}
	return &apiError{status: status, code: code, message: message}
}

// invalid returns the error for an invalid parameter.
func invalid(format string, args ...any) *apiError {
	return refuse("ValidationError", fmt.Sprintf(format, args...))
}

// Messages that several checks use.
const (
	noVerificationKey = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
	notAJWT           = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)

// usualResponse returns the status and the message that STS sends with a code. The statuses are
// those of the STS API reference, "Errors" of each operation and "Common Error Types". The messages
// were seen in public; AWS does not document them.
func usualResponse(code string) (status int, message string) {
	known, ok := map[string]struct {
		status  int
		message string
	}{
		"AccessDenied":                {403, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"AccessDeniedException":       {403, "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
		"ExpiredTokenException":       {400, "Token expired"},
		"ExpiredToken":                {403, "The security token included in the request is expired"},
		"IDPCommunicationError":       {400, "Unable to communicate with the identity provider"},
		"IDPRejectedClaim":            {403, "The identity provider reported that authentication failed"},
		"IncompleteSignature":         {400, "The request signature does not conform to AWS standards"},
		"InternalFailure":             {500, "The request processing has failed because of an unknown error, exception or failure."},
		"InvalidAction":               {400, "The action or operation requested is not valid"},
		"InvalidClientTokenId":        {403, "The security token included in the request is invalid."},
		"UnrecognizedClientException": {403, "The security token included in the request is invalid."},
		"InvalidIdentityToken":        {400, notAJWT},
		"MalformedPolicyDocument":     {400, "Syntax errors in policy."},
		"MalformedQueryString":        {404, "The query string contains a syntax error"},
		"MissingAction":               {400, "The request must contain the parameter Action."},
		"MissingAuthenticationToken":  {403, "Request is missing Authentication Token"},
		"OptInRequired":               {403, "The AWS access key ID needs a subscription for the service"},
		"PackedPolicyTooLarge":        {400, "The session token exceeded its maximum size"},
		"RegionDisabledException":     {403, "STS is not activated in this region for account"},
		"ServiceUnavailable":          {503, "The request has failed due to a temporary failure of the server"},
		"SignatureDoesNotMatch":       {403, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."},
		"Throttling":                  {400, "Rate exceeded"},
		"ThrottlingException":         {400, "Rate exceeded"},
	}[code]
	if !ok {
		return http.StatusBadRequest, "The request is refused"
	}
	return known.status, known.message
}
