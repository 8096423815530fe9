package awsfed_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onafed/onafed/awsfed"
)

// An echo is an HTTP client that answers a request with a text made from its token.
type echo struct {
	status int
	header string // if not empty, this header has the text, too
	body   func(text string) string
	encode func(token string) string
}

func (e echo) Do(r *http.Request) (*http.Response, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	text := e.encode(r.PostForm.Get("WebIdentityToken"))
	header := http.Header{"X-Amzn-Requestid": {"req-1"}, "Retry-After": {"7"}}
	if e.header != "" {
		header.Set(e.header, url.QueryEscape(text))
	}
	return &http.Response{StatusCode: e.status, Header: header, Body: io.NopCloser(strings.NewReader(e.body(html.EscapeString(text)))), Request: r}, nil
}

// errorXML returns an error answer of STS.
func errorXML(code string) func(message string) string {
	return func(message string) string {
		return `<ErrorResponse><Error><Code>` + code + `</Code><Message>bad token: ` + message + `</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`
	}
}

// everyError calls visit with err and all errors in it.
func everyError(err error, visit func(error)) {
	if err == nil {
		return
	}
	visit(err)
	switch e := err.(type) { //nolint:errorlint // walks the tree
	case interface{ Unwrap() error }:
		everyError(e.Unwrap(), visit)
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			everyError(inner, visit)
		}
	}
}

// A token that STS repeats, encoded or not, is in no error that can be unwrapped. The code, the status,
// the request ID and the types of the errors stay.
func TestErrorsInAnErrorDoNotRepeatTheToken(t *testing.T) {
	t.Parallel()
	encodings := map[string]func(string) string{
		"as it is":    func(s string) string { return s },
		"escaped":     func(s string) string { return url.QueryEscape(strings.ReplaceAll(s, ".", "%2e")) },
		"base64":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte("Bearer " + s)) },
		"hexadecimal": func(s string) string { return fmt.Sprintf("%x", s) },
		"quoted":      func(s string) string { return strconv.QuoteToASCII(strings.ReplaceAll(s, ".", "\\u002e")) },
	}
	for name, encode := range encodings {
		for _, tt := range []struct {
			code   string
			status int
			header string
			body   func(string) string
		}{
			{"AccessDenied", 403, "", errorXML("AccessDenied")},
			{"ExpiredTokenException", 400, "", errorXML("ExpiredTokenException")},
			{"InvalidIdentityToken", 400, "X-Echo", errorXML("InvalidIdentityToken")},
			{"AccessDenied", 403, "X-Echo", func(string) string { return errorXML("AccessDenied")("no") }},
			{"", 500, "", func(text string) string { return "<html>" + text }},
			{"", 200, "", func(text string) string {
				return "<AssumeRoleWithWebIdentityResponse><SecretAccessKey>hidden</SecretAccessKey>" + text
			}},
		} {
			t.Run(name+" "+tt.code+strconv.Itoa(tt.status)+tt.header, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := sts.New(sts.Options{Region: "eu-central-1", HTTPClient: echo{tt.status, tt.header, tt.body, encode}})
					source := &mintery{tb: t, same: mint(t, nil)}
					p, err := awsfed.New(client, roleARN, source)
					if err != nil {
						t.Fatal(err)
					}
					_, err = p.Retrieve(t.Context())
					checkEcho(t, err, source.same.Raw(), encode(source.same.Raw()), tt.code, tt.status)
				})
			})
		}
	}
}

func checkEcho(t *testing.T, err error, token, encoded, code string, status int) {
	t.Helper()
	parts := strings.Split(token, ".")
	secrets := []string{parts[0], parts[1][:20], parts[2][:20], encoded[len(encoded)/2:][:20], "hidden"}
	everyError(err, func(e error) {
		texts := fmt.Sprintf("%v %+v %q", e, e, e)
		if _, ours := e.(*awsfed.AssumeRoleError); !ours { //nolint:errorlint // this one
			texts += fmt.Sprintf(" %#v", e)
		}
		if re, ok := e.(*smithyhttp.ResponseError); ok { //nolint:errorlint // this one
			texts += fmt.Sprint(re.Response.Header, re.Response.Request)
		}
		if de, ok := e.(*smithy.DeserializationError); ok { //nolint:errorlint // this one
			texts += string(de.Snapshot)
		}
		for _, secret := range secrets {
			if strings.Contains(texts, secret) {
				t.Errorf("a %T shows %q: %.300s", e, secret, texts)
			}
		}
	})
	e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
	if !ok || e.Code != code || e.RequestID != "req-1" {
		t.Fatalf("Retrieve = %v, want an AssumeRoleError with the code %q", err, code)
	}
	if re, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || re.HTTPStatusCode() != status || re.Response.Header.Get("Retry-After") != "7" {
		t.Errorf("no status %d in %v", status, err)
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); !ok || op.Operation() != "AssumeRoleWithWebIdentity" {
		t.Errorf("no operation in %v", err)
	}
	if expired, ok := errors.AsType[*types.ExpiredTokenException](err); ok != (code == "ExpiredTokenException") || ok && !strings.Contains(expired.ErrorMessage(), "bad token: ") {
		t.Errorf("type of the error: %v", expired)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok != (code != "") || ok && api.ErrorCode() != code {
		t.Errorf("error of the service: %v", api)
	}
}
