package awsfedtest

import (
	"fmt"
	"net/http"
)

// An apiError is an error response.
type apiError struct {
	status  int
	code    string
	message string
	reason  string // for the call log only
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

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
	switch code {
	case "AccessDenied", "AccessDeniedException":
		return http.StatusForbidden, "Not authorized to perform sts:AssumeRoleWithWebIdentity"
	case "ExpiredTokenException":
		return http.StatusBadRequest, "Token expired"
	case "ExpiredToken":
		return http.StatusForbidden, "The security token included in the request is expired"
	case "IDPCommunicationError":
		return http.StatusBadRequest, "Unable to communicate with the identity provider"
	case "IDPRejectedClaim":
		return http.StatusForbidden, "The identity provider reported that authentication failed"
	case "IncompleteSignature":
		return http.StatusBadRequest, "The request signature does not conform to AWS standards"
	case "InternalFailure":
		return http.StatusInternalServerError, "The request processing has failed because of an unknown error, exception or failure."
	case "InvalidAction":
		return http.StatusBadRequest, "The action or operation requested is not valid"
	case "InvalidClientTokenId", "UnrecognizedClientException":
		return http.StatusForbidden, "The security token included in the request is invalid."
	case "InvalidIdentityToken":
		return http.StatusBadRequest, notAJWT
	case "MalformedPolicyDocument":
		return http.StatusBadRequest, "Syntax errors in policy."
	case "MalformedQueryString":
		return http.StatusNotFound, "The query string contains a syntax error"
	case "MissingAction":
		return http.StatusBadRequest, "The request must contain the parameter Action."
	case "MissingAuthenticationToken":
		return http.StatusForbidden, "Request is missing Authentication Token"
	case "OptInRequired":
		return http.StatusForbidden, "The AWS access key ID needs a subscription for the service"
	case "PackedPolicyTooLarge":
		return http.StatusBadRequest, "The session token exceeded its maximum size"
	case "RegionDisabledException":
		return http.StatusForbidden, "STS is not activated in this region for account"
	case "ServiceUnavailable":
		return http.StatusServiceUnavailable, "The request has failed due to a temporary failure of the server"
	case "SignatureDoesNotMatch":
		return http.StatusForbidden, "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
	case "Throttling", "ThrottlingException":
		return http.StatusBadRequest, "Rate exceeded"
	default:
		return http.StatusBadRequest, "The request is refused"
	}
}
