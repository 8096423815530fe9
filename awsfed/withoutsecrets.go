package awsfed

import (
	"errors"
	"net/http"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onafed/onafed/internal/quote"
)

// withoutSecrets returns the error of a request to STS without the token or the keys in the request.
// A server that does not accept them may repeat them in its answer, and the errors of the SDK hold
// the answer: the message, the code, the header and, if the answer cannot be read, the beginning of
// its body, which may have credentials. An error without all these is returned as it is. Otherwise
// the result has the same code, status, request ID and types of errors of the service.
func withoutSecrets(err error, secrets ...string) error {
	unread, isUnread := errors.AsType[*smithy.DeserializationError](err)
	hasBody := isUnread && len(unread.Snapshot) > 0
	if !hasBody && !quote.ShowsSecret(err, secrets...) && !headerShows(err, secrets) {
		return err
	}
	clean := func(s string) string { return quote.WithoutSecrets(s, secrets...) }
	re := responseOf(err)
	op, isOperation := errors.AsType[*smithy.OperationError](err)
	cause := err
	switch {
	case re != nil:
		cause = re.Err
	case isOperation:
		cause = op.Err
	}
	switch api := apiError(err); {
	case api != nil:
		cause = apiWithout(api, clean)
	case isUnread:
		cause = &smithy.DeserializationError{Err: quote.ErrorWithoutSecrets(unread.Err, secrets...)}
	default:
		cause = quote.ErrorWithoutSecrets(cause, secrets...)
	}
	if re != nil {
		inner := &smithyhttp.ResponseError{Response: responseWithout(re.Response.Response, clean), Err: cause}
		cause = &awshttp.ResponseError{ResponseError: inner, RequestID: clean(requestIDOf(err))}
	}
	if isOperation {
		cause = &smithy.OperationError{ServiceID: op.ServiceID, OperationName: op.OperationName, Err: cause}
	}
	return cause
}

// responseWithout returns the status and the header of a response, with their texts changed by
// clean.
func responseWithout(r *http.Response, clean func(string) string) *smithyhttp.Response {
	header := http.Header{}
	for name, values := range r.Header {
		for _, v := range values {
			header.Add(clean(name), clean(v))
		}
	}
	return &smithyhttp.Response{Response: &http.Response{StatusCode: r.StatusCode, Status: clean(r.Status), Header: header}}
}

// headerShows reports whether the header of the answer in err contains one of the secrets.
func headerShows(err error, secrets []string) bool {
	re := responseOf(err)
	if re == nil {
		return false
	}
	for name, values := range re.Response.Header {
		for _, text := range append([]string{name}, values...) {
			if quote.WithoutSecrets(text, secrets...) != text {
				return true
			}
		}
	}
	return false
}

// apiWithout returns an error of the service with its texts changed by clean. It keeps the type of
// an error of the SDK, because these types all have the field Message.
func apiWithout(api smithy.APIError, clean func(string) string) error {
	code, message := clean(api.ErrorCode()), clean(api.ErrorMessage())
	if v := reflect.ValueOf(api); code == api.ErrorCode() && v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		same := reflect.New(v.Elem().Type())
		if field := same.Elem().FieldByName("Message"); field.IsValid() && field.Type() == reflect.TypeFor[*string]() {
			field.Set(reflect.ValueOf(aws.String(message)))
			if e, ok := same.Interface().(smithy.APIError); ok && e.ErrorCode() == code {
				return e
			}
		}
	}
	return &smithy.GenericAPIError{Code: code, Message: message, Fault: api.ErrorFault()}
}
