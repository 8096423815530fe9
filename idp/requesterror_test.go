package idp_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/retry"
)

// retryInfo returns a google.rpc.RetryInfo in the JSON of the Connect protocol. duration is the
// encoded google.protobuf.Duration.
func retryInfo(duration ...byte) string {
	message := append([]byte{0x0a, byte(len(duration))}, duration...)
	return `{"type":"google.rpc.RetryInfo","value":"` + base64.RawStdEncoding.EncodeToString(message) + `"}`
}

const requestSecret = "ona_pat_s3cret"

// requestTime returns the time of the answers.
func requestTime() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// A requestErrorTest is one answer of the API.
type requestErrorTest struct {
	name      string
	status    int
	header    http.Header
	body      string
	want      idp.RequestError
	temporary bool
	is        error
	text      string // part of the error text
}

func (tt requestErrorTest) check(t *testing.T) {
	t.Parallel()
	if tt.header == nil {
		tt.header = http.Header{}
	}
	got := idp.ParseError(tt.status, tt.header, []byte(tt.body), requestSecret, requestTime())
	tt.want.StatusCode, tt.want.Host = tt.status, "app.gitpod.io"
	if diff := cmp.Diff(&tt.want, got, cmpopts.IgnoreUnexported(idp.RequestError{})); diff != "" {
		t.Errorf("the error differs (-want +got):\n%s", diff)
	}
	if got.Temporary() != tt.temporary {
		t.Errorf("Temporary = %t, want %t", got.Temporary(), tt.temporary)
	}
	for _, sentinel := range []error{idp.ErrUnauthenticated, idp.ErrPlan} {
		if errors.Is(fmt.Errorf("w: %w", got), sentinel) != errors.Is(sentinel, tt.is) {
			t.Errorf("errors.Is(%v) is wrong", sentinel)
		}
	}
	if text := got.Error(); !strings.Contains(text, tt.text) || len(text) > 300 || strings.ContainsAny(text, "\n\x1b\u202e") || strings.Contains(text, requestSecret) {
		t.Errorf("the error reads %q, want %q", text, tt.text)
	}
}

func TestRequestErrorCodes(t *testing.T) {
	t.Parallel()
	for _, tt := range []requestErrorTest{
		{
			name: "an expired API token", status: 401, body: `{"code":"unauthenticated","message":"token expired"}`,
			want: idp.RequestError{Code: "unauthenticated", Message: "token expired"}, is: idp.ErrUnauthenticated,
			text: `app.gitpod.io refused to issue an ID token: unauthenticated (HTTP status 401): "token expired"; create a new API token, or restart the environment that it belongs to`,
		},
		{
			name: "a plan without ID tokens", status: 400, body: `{"code":"failed_precondition","message":"not in your plan"}`,
			want: idp.RequestError{Code: "failed_precondition", Message: "not in your plan"}, is: idp.ErrPlan, text: "https://app.gitpod.io/settings/security/oidc",
		},
		{
			name: "a read-only API token", status: 403, body: `{"code":"permission_denied"}`,
			want: idp.RequestError{Code: "permission_denied"}, text: "may be read-only",
		},
		{
			name: "a bad request", status: 400, body: `{"code":"invalid_argument","message":"audience"}`,
			want: idp.RequestError{Code: "invalid_argument", Message: "audience"},
		},
		{
			name: "an internal error", status: 500, body: `{"code":"internal","message":"x"}`,
			want: idp.RequestError{Code: "internal", Message: "x"}, temporary: true,
		},
		{
			name: "a page of a gateway", status: 502, body: "<html>bad gateway",
			want: idp.RequestError{Code: "unavailable"}, temporary: true, text: "a proxy or gateway answered",
		},
		{
			name: "a proxy that forbids", status: 403, body: "<html>blocked",
			want: idp.RequestError{Code: "permission_denied"}, temporary: true, text: "a proxy or gateway answered",
		},
		{
			name: "401 of a proxy", status: 401, body: "",
			want: idp.RequestError{Code: "unauthenticated"}, is: idp.ErrUnauthenticated,
		},
		{
			name: "an unknown code", status: 400, body: `{"code":"of_tomorrow","message":"m"}`,
			want: idp.RequestError{Code: "internal"}, temporary: true,
		},
		{
			name: "JSON that is not an error", status: 500, body: `[1]`,
			want: idp.RequestError{Code: "unknown"}, temporary: true,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestRequestErrorRetryAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []requestErrorTest{
		{
			name: "a limit with a detail", status: 429, body: `{"code":"resource_exhausted","message":"slow down","details":[{"type":"other","value":"?"},` + retryInfo(0x08, 3, 0x10, 100) + `]}`,
			want: idp.RequestError{Code: "resource_exhausted", Message: "slow down", RetryAfter: 3*time.Second + 100}, temporary: true, text: "; retry after 3.0000001s",
		},
		{
			name: "a limit with Ona's header", status: 429, header: http.Header{"Ratelimit-Retryafter": {"7"}}, body: `{"code":"resource_exhausted"}`,
			want: idp.RequestError{Code: "resource_exhausted", RetryAfter: 7 * time.Second}, temporary: true,
		},
		{
			name: "the longest wait counts", status: 429, header: http.Header{"Ratelimit-Retryafter": {"7"}, "Retry-After": {"9"}}, body: `{"code":"resource_exhausted","details":[` + retryInfo(0x08, 8) + `]}`,
			want: idp.RequestError{Code: "resource_exhausted", RetryAfter: 9 * time.Second}, temporary: true,
		},
		{
			name: "a date relative to the server's clock", status: 503, header: http.Header{"Date": {"Sun, 22 Nov 2026 10:00:00 GMT"}, "Retry-After": {"Sun, 22 Nov 2026 10:00:05 GMT"}}, body: `{"code":"unavailable"}`,
			want: idp.RequestError{Code: "unavailable", RetryAfter: 5 * time.Second}, temporary: true,
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

func TestRequestErrorMessage(t *testing.T) {
	t.Parallel()
	for _, tt := range []requestErrorTest{
		{
			name: "the message repeats the secret", status: 401, body: `{"code":"unauthenticated","message":"bad token ona_pat_s3cret for ` + rawToken(requestTime(), nil) + `"}`,
			want: idp.RequestError{Code: "unauthenticated", Message: "bad token [redacted] for [redacted]"}, is: idp.ErrUnauthenticated,
		},
		{
			name: "the message is quoted", status: 400, body: `{"code":"invalid_argument","message":"a\n\u001b[31m\u202e"}`,
			want: idp.RequestError{Code: "invalid_argument", Message: "a\n\x1b[31m\u202e"}, text: `"a\n\x1b[31m\u202e"`,
		},
		{
			name: "the message is cut", status: 400, body: `{"code":"invalid_argument","message":"` + strings.Repeat("word ", 10000) + `"}`,
			want: idp.RequestError{Code: "invalid_argument", Message: strings.Repeat("word ", 100)},
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

// FuzzRequestError checks that an error is bounded and printable.
func FuzzRequestError(f *testing.F) {
	f.Add(400, `{"code":"invalid_argument","message":"m"}`, "")
	f.Add(429, `{"code":"resource_exhausted","details":[`+retryInfo(0x08, 3)+`]}`, "5")
	f.Add(502, "<html>", "Sun, 22 Nov 2026 10:00:05 GMT")
	f.Add(401, `{"code":"unauthenticated","message":"ona_pat_s3cret"}`, "-1")
	f.Add(200, `{"code":1,"message":[],"details":{}}`, "1e9")
	f.Add(500, `{"code":"internal","message":"ona_ona_pat_s3cretpat_s3cret"}`, "0x1p5")
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		const secret = "ona_pat_s3cret"
		header := http.Header{"Retry-After": {after}, "Ratelimit-Retryafter": {after}}
		e := idp.ParseError(status, header, []byte(body), secret, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
		text := e.Error()
		if len(text) > 800 || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("the error reads %q", text)
		}
		if e.Code == "" || len(e.Message) > 500 || e.RetryAfter < 0 || e.RetryAfter > retry.MaxAfter {
			t.Errorf("ParseError = %+v", e)
		}
		_ = e.Temporary()
	})
}
