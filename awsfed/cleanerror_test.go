package awsfed

// In the package itself: withoutSecrets is not exported.

import (
	"errors"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// An error that does not show a secret is returned as it is, with its answer.
func TestWithoutSecretsKeepsOtherErrors(t *testing.T) {
	t.Parallel()
	answer := &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{"Date": {"today"}}}
	err := &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: answer}, Err: errors.New("no")}
	if got := withoutSecrets(err, "s3cr3t-s3cr3t"); got != error(err) { //nolint:errorlint // the same error, not one like it
		t.Errorf("withoutSecrets = %#v, want the same error", got)
	}
}

// An error whose type has another code than the answer keeps the code of the answer.
func TestWithoutSecretsKeepsTheCode(t *testing.T) {
	t.Parallel()
	for want, code := range map[string]*string{"ExpiredTokenException": nil, "Other": aws.String("Other")} {
		err := withoutSecrets(&types.ExpiredTokenException{Message: aws.String("s3cr3t-s3cr3t"), ErrorCodeOverride: code}, "s3cr3t-s3cr3t")
		if got := rawCode(err); got != want {
			t.Errorf("the code is %q, want %q", got, want)
		}
	}
}
