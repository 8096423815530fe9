package awsfedtest

import (
	"fmt"
	"net/http"
)

// An apiError is an answer that refuses. What reason holds goes to the call log only.
type apiError struct {
	status  int
	code    string
	message string
	reason  string
}

func (e *apiError) Error() string { return e.code + ": " + e.message }

// because adds what the answer keeps to itself.
func (e *apiError) because(format string, args ...any) *apiError {
	e.reason = fmt.Sprintf(format, args...)
	return e
}

// refuse returns the error with this code, as AWS answers it. An empty message stands for the usual one.
func refuse(code, message string) *apiError {
	status, usual := usualAnswer(code)
	if message == "" {
		message = usual
	}
	return &apiError{status: status, code: code, message: message}
}

// invalid is the error for a parameter that breaks one of the model's constraints.
func invalid(format string, args ...any) *apiError {
	return refuse("ValidationError", fmt.Sprintf(format, args...))
}

// The messages that more than one check gives.
const (
	noVerificationKey = "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements"
	notAJWT           = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
)

// usualAnswer is the HTTP status and the text that STS answers with a code. Statuses: API reference of STS, "Errors" of each
// operation and "Common Error Types". The texts are those seen in public; AWS does not promise them.
func usualAnswer(code string) (status int, message string) {
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
