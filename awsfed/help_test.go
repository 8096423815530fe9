package awsfed_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// A doer is an HTTP client that is a function.
type doer func(*http.Request) (*http.Response, error)

func (f doer) Do(rq *http.Request) (*http.Response, error) { return f(rq) }

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

// trustsRole returns a trust policy that allows the role.
func trustsRole(t *testing.T, arn string) trust.Policy {
	t.Helper()
	p, err := trust.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":%q},"Action":"sts:AssumeRole"}]}`, arn))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// readAll returns the body of a request.
func readAll(rq *http.Request) (string, error) {
	body, err := io.ReadAll(rq.Body)
	return string(body), err
}
