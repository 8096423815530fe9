package awsfed_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// refused returns the error for a role that STS refuses.
func refused(t *testing.T, claims map[string]any, err error) *awsfed.AssumeRoleError {
	t.Helper()
	s := newService()
	s.failWith(err)
	p, newErr := awsfed.New(s, roleARN, &mintery{tb: t, claims: claims})
	if newErr != nil {
		t.Fatal(newErr)
	}
	_, err = p.Retrieve(t.Context())
	e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
	if !ok {
		t.Fatalf("Retrieve = %v, want an AssumeRoleError", err)
	}
	return e
}

func TestAccessDenied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := refused(t, nil, httpError(403, "AccessDenied"))
		if e.RoleARN != roleARN || e.SessionName != "env-"+envID || e.Issuer != "https://app.gitpod.io" || e.Audience != "sts.amazonaws.com" || e.Subject != subject ||
			e.Code != "AccessDenied" || e.RequestID != "req-1" || e.Retryable() {
			t.Errorf("error = %#v", *e)
		}
		if got, want := e.Error(), "awsfed: assuming role \""+roleARN+"\": STS answered AccessDenied: \"some text\" (request req-1)"; got != want {
			t.Errorf("Error = %s, want %s", got, want)
		}
		wantInOrder(t, e.NextStep(), "check in order: 1)",
			"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io", "2)", `app.gitpod.io:aud = "sts.amazonaws.com"`, `app.gitpod.io:sub = "`+subject+`"`,
			"3)", "resource control policy", "4)", "onafed aws explain")
		if strings.Contains(e.NextStep(), "sts:TagSession") {
			t.Error("sts:TagSession is mentioned for a token without tags")
		}
		if strings.Contains(e.NextStep(), "\n") {
			t.Error("the next step has several lines")
		}
	})
}

func TestAccessDeniedWithAllClaims(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := refused(t, map[string]any{
			"azp": "client", "email": email, "sub": personal,
			"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"a"}}},
		}, apiError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"))
		wantInOrder(t, e.NextStep(), `app.gitpod.io:aud = "client"`, `app.gitpod.io:email = "…"`, `app.gitpod.io:oaud = "sts.amazonaws.com"`, `app.gitpod.io:sub = "creator_email:…:organization_id:`+orgID, "sts:TagSession")
		if e.Subject != personal || e.Audience != "client" {
			t.Errorf("error = %q for %q", e.Subject, e.Audience)
		}
		if strings.Contains(e.Error(), "jane") {
			t.Errorf("personal data in %q", e.Error())
		}
	})
}

func TestNextSteps(t *testing.T) {
	t.Parallel()
	tests := []struct {
		err  error
		want string
	}{
		{apiError("InvalidIdentityToken", "Incorrect token audience"), "client IDs (audiences) contain \"sts.amazonaws.com\""},
		{errVerificationKey, "could not fetch the keys of \"https://app.gitpod.io\""},
		{apiError("ExpiredTokenException", ""), "clocks"},
		{apiError("IDPRejectedClaim", ""), "revoked"},
		{apiError("IDPCommunicationError", ""), "5 seconds"},
		{apiError("MalformedPolicyDocument", ""), "JSON of the session policy"},
		{apiError("PackedPolicyTooLarge", ""), "too large"},
		{apiError("RegionDisabledException", ""), "not active"},
		{apiError("ValidationError", ""), "MaxSessionDuration"},
		{apiError("Throttling", ""), "Pool"},
		{httpError(503, ""), "STS has an outage"},
		{httpError(500, ""), "a proxy in front of it"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := refused(t, nil, tt.err)
				if !strings.Contains(e.NextStep(), tt.want) || strings.Contains(e.Error(), e.NextStep()) || len(e.Error()) > 300 {
					t.Errorf("NextStep = %q, want %q in it, and not in Error = %q", e.NextStep(), tt.want, e.Error())
				}
			})
		})
	}
}

// Error shows the role without its path if the ARN is long, and the code, the role and the request
// ID always.
func TestErrorIsShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long text ", 100)
	role := "arn:aws:iam::" + account + ":role/" + strings.Repeat("path/", 100) + "deploy"
	for name, cause := range map[string]error{
		"an answer of STS":                     httpError(403, "ExpiredTokenException"),
		"a long answer":                        apiError("ExpiredTokenException", long),
		"a token error after an answer of STS": errors.Join(apiError("ExpiredTokenException", long), errors.New(long)),
	} {
		e := &awsfed.AssumeRoleError{RoleARN: role, Code: "ExpiredTokenException", RequestID: "00000000-0000-4000-8000-000000000001", Err: cause}
		wantInOrder(t, e.Error(), `"arn:aws:iam::`+account+`:role/.../deploy"`, "ExpiredTokenException", "00000000-0000-4000-8000-000000000001")
		if len(e.Error()) > 300 {
			t.Errorf("%s: the error has %d bytes: %s", name, len(e.Error()), e)
		}
		if got := strings.Count(e.Error(), `"`); got != 4 {
			t.Errorf("%s: the error has %d quotes, want 4: %s", name, got, e)
		}
		if got := fmt.Sprintf("%q", e); got != strconv.Quote(e.Error()) {
			t.Errorf("%s: %%q prints %s", name, got)
		}
	}
	for length, want := range map[int]string{110: "/path/", 111: "/.../"} {
		role := "arn:aws:iam::" + account + ":role/path/"
		role += strings.Repeat("a", length-len(role))
		if e := (&awsfed.AssumeRoleError{RoleARN: role}); !strings.Contains(e.Error(), want) {
			t.Errorf("a role of %d characters: %s, want %q in it", length, e, want)
		}
	}
}

// An error that this package did not make has a next step if its cause has one.
func TestNextStepOfAnIncompleteError(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"":                errors.New("x"),
		"check in order":  apiError("InvalidIdentityToken", "x"),
		"the role exists": apiError("AccessDenied", "x"),
	} {
		e := &awsfed.AssumeRoleError{RoleARN: roleARN, Err: err}
		if got := e.NextStep(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("NextStep for %v = %q, want %q", err, got, want)
		}
	}
}

// A token that says for which roles it may be used is refused for others.
func TestNextStepOfATokenForOtherRoles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := refused(t, map[string]any{"https://aws.amazon.com/roles": []string{"arn:aws:iam::" + account + ":role/other"}}, apiError("InvalidIdentityToken", "x"))
		if got := e.NextStep(); !strings.Contains(got, "this role is not one of them") {
			t.Errorf("NextStep = %q", got)
		}
	})
}

// If STS rejects the token and the source has no other one, the error shows both reasons.
func TestErrorWithTwoReasons(t *testing.T) {
	t.Parallel()
	for filler, quotes := range map[string]int{"\x01": 3, "x": 4} { // escaped text may be cut before its quote
		synctest.Test(t, func(t *testing.T) {
			s := newService()
			s.failWith(apiError("InvalidIdentityToken", "long text "+strings.Repeat(filler, 1000)))
			n := 0
			p, err := awsfed.New(s, roleARN, idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
				if n++; n > 1 {
					return nil, errors.New("the source is closed" + strings.Repeat(" for a long time", 100))
				}
				return newToken(nil)
			}))
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Retrieve(t.Context())
			wantInOrder(t, err.Error(), "InvalidIdentityToken", "long text", "; then: cannot get an ID token from", "the source")
			if len(err.Error()) > 300 || strings.Count(err.Error(), `"`) != quotes {
				t.Errorf("the error has %d bytes, want at most 300 and %d quotes: %v", len(err.Error()), quotes, err)
			}
		})
	}
}

// No verb prints the fields, also if the error is in a Status.
func TestNoVerbPrintsTheSubject(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const secret = "jo@example.com"
		e := refused(t, map[string]any{"sub": "organization_id:" + orgID + ":creator_email:" + secret}, apiError("AccessDenied", "no"))
		if !strings.Contains(e.Subject, secret) {
			t.Fatalf("the subject is %q", e.Subject)
		}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%o", "%b", "%c", "%U", "%t", "%e", "%p"} {
			for _, v := range []any{e, awsfed.Status{Err: e}, &awsfed.RefreshEvent{Status: awsfed.Status{Err: e}}, []error{e}} {
				if text := fmt.Sprintf(verb, v); strings.Contains(text, secret) || strings.Contains(text, strings.Trim(fmt.Sprintf(verb, []byte("example")), "[]{}")) {
					t.Errorf("%s of a %T prints %q", verb, v, text)
				}
			}
		}
	})
}

// The most likely reason for credentials that have expired on arrival is a wrong clock.
func TestNextStepOfExpiredCredentials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.life = -time.Hour
		_, err := newProvider(t, s).Retrieve(t.Context())
		e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
		if !ok || !strings.Contains(e.NextStep(), "clock") || !e.Retryable() {
			t.Errorf("Retrieve = %v, want an error about the clock", err)
		}
	})
}

// Untrusted text is quoted and cut.
func TestErrorsQuoteUntrustedText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		evil := "a\nb\x1b[2J\u202e\u0085" + strings.Repeat("x", 1000)
		for _, err := range []error{apiError(evil, evil), errors.New(evil), httpError(403, evil)} {
			e := refused(t, map[string]any{"iss": evil, "sub": evil, "aud": evil, "azp": evil, "org": nil}, err)
			for _, bad := range []string{"\n", "\x1b", "\u202e", "\u0085"} {
				if strings.Contains(e.Error(), bad) {
					t.Errorf("%q is in %q", bad, e.Error())
				}
			}
			if len(e.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(e.Error()))
			}
		}
	})
}

// The text contains no token, also if a server repeats the request or a source shows its token.
func TestErrorsDoNotRepeatTokens(t *testing.T) {
	t.Parallel()
	for name, tok := range map[string]*idp.Token{"a token": mint(t, nil), "one with white space in its JSON": spaced(t)} {
		t.Run(name, func(t *testing.T) { errorsDoNotRepeat(t, tok) })
	}
}

// spaced returns a token that does not begin with eyJ, because there is white space after the brace
// of its JSON.
func spaced(t *testing.T) *idp.Token {
	t.Helper()
	parts := strings.Split(mint(t, nil).Raw(), ".")
	enc := base64.RawURLEncoding
	for i, part := range parts[:2] {
		text, err := enc.DecodeString(part)
		if err != nil {
			t.Fatal(err)
		}
		parts[i] = enc.EncodeToString(append([]byte("{\n "), text[1:]...))
	}
	tok, err := idp.ParseToken(strings.Join(parts, "."))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func errorsDoNotRepeat(t *testing.T, tok *idp.Token) {
	t.Helper()
	parts := strings.Split(tok.Raw(), ".")
	echo := "Action=X&WebIdentityToken=" + tok.Raw() + "&Version=1, twice: " + tok.Raw()
	for _, err := range []error{apiError("MalformedQueryString", echo), errors.New(echo), apiError("InvalidIdentityToken", echo)} {
		s := newService()
		s.failWith(err)
		p, newErr := awsfed.New(s, roleARN, &mintery{tb: t, same: tok})
		if newErr != nil {
			t.Fatal(newErr)
		}
		_, got := p.Retrieve(t.Context())
		for _, part := range parts {
			if strings.Contains(got.Error(), part[:12]) {
				t.Errorf("%q is in %q", part[:12], got)
			}
		}
		wantInOrder(t, got.Error(), "Action=X&WebIdentityToken=[redacted]&Version=1, twice: [redacted]")
	}
	p, err := awsfed.New(newService(), roleARN, &mintery{tb: t, err: errors.New(echo)})
	if err != nil {
		t.Fatal(err)
	}
	_, got := p.Retrieve(t.Context())
	if strings.Contains(got.Error(), parts[1][:12]) {
		t.Errorf("a part of the token is in %q", got)
	}
}

func wantInOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		_, after, ok := strings.Cut(rest, p)
		if !ok {
			t.Errorf("%q is not in (or not after the earlier parts of) %q", p, text)
			return
		}
		rest = after
	}
}

func TestErrorOfATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		s.latency = time.Hour
		p := newProvider(t, s)
		_, err := p.Retrieve(t.Context())
		e, ok := errors.AsType[*awsfed.AssumeRoleError](err)
		if !ok || !e.Retryable() || !strings.Contains(e.NextStep(), "proxy, firewall") {
			t.Errorf("Retrieve = %v", err)
		}
	})
}
