package awsfed_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// refused returns the error of a role that STS refuses.
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

func TestAccessDeniedTellsWhatToCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := refused(t, nil, httpError(403, "AccessDenied"))
		if e.RoleARN != roleARN || e.SessionName != "env-"+envID || e.Issuer != "https://app.gitpod.io" || e.Audience != "sts.amazonaws.com" || e.Subject != subject ||
			e.Code != "AccessDenied" || e.RequestID != "req-1" || e.Retryable() {
			t.Errorf("error = %#v", *e)
		}
		wantInOrder(t, e.Error(),
			"awsfed: assuming role \""+roleARN+"\"", "session \"env-"+envID, "STS answered AccessDenied", "req-1", "check in order: 1)",
			"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io", "2)", `app.gitpod.io:aud = "sts.amazonaws.com"`, `app.gitpod.io:sub = "`+subject+`"`,
			"3)", "resource control policy", "4)")
		if strings.Contains(e.Error(), "sts:TagSession") {
			t.Error("sts:TagSession is mentioned for a token without tags")
		}
		if strings.Contains(e.Error(), "\n") {
			t.Error("the error has several lines")
		}
	})
}

func TestAccessDeniedWithAllThatATokenCanHave(t *testing.T) {
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
		{apiError("InvalidIdentityToken", "Incorrect token audience"), "client ids (audiences) contain \"sts.amazonaws.com\""},
		{errVerificationKey, "could not fetch the keys of \"https://app.gitpod.io\""},
		{apiError("ExpiredTokenException", ""), "clocks"},
		{apiError("IDPRejectedClaim", ""), "revoked"},
		{apiError("IDPCommunicationError", ""), "5 seconds"},
		{apiError("MalformedPolicyDocument", ""), "Options.Policy"},
		{apiError("PackedPolicyTooLarge", ""), "too large"},
		{apiError("RegionDisabledException", ""), "not activated"},
		{apiError("ValidationError", ""), "MaxSessionDuration"},
		{apiError("Throttling", ""), "Pool"},
		{httpError(503, ""), "outage"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := refused(t, nil, tt.err)
				if !strings.Contains(e.NextStep(), tt.want) || !strings.HasSuffix(e.Error(), e.NextStep()) {
					t.Errorf("next step = %q, want %q in it; error = %q", e.NextStep(), tt.want, e.Error())
				}
			})
		})
	}
}

// Text from outside is quoted and cut.
func TestErrorsQuoteWhatComesFromOutside(t *testing.T) {
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
			if len(e.Error()) > 6000 {
				t.Errorf("the error has %d bytes", len(e.Error()))
			}
		}
	})
}

// A server that repeats the request in its answer, and a source that shows what
// it got, put no token into the text.
func TestErrorsDoNotRepeatTokens(t *testing.T) {
	t.Parallel()
	tok := mint(t, nil)
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
		wantInOrder(t, got.Error(), "WebIdentityToken=eyJ...&Version=1, twice: eyJ...")
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
			t.Errorf("%q is not (behind the earlier parts) in %q", p, text)
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
		if !ok || !e.Retryable() || !strings.Contains(e.Error(), "proxy, firewall") {
			t.Errorf("Retrieve = %v", err)
		}
	})
}
