package quote_test

import (
	"testing"

	"github.com/onafed/onafed/internal/quote"
)

func TestScrub(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		in      string
		secrets []string
		want    string
	}{
		{"ordinary words are kept", "failed to dial app.gitpod.io:443: connection refused", nil, "failed to dial app.gitpod.io:443: connection refused"},
		{"a known secret is replaced", "token abc-123 is wrong", []string{"abc-123"}, "token [redacted] is wrong"},
		{"a known secret inside a word is replaced", "t=abc-123x", []string{"abc-123"}, "t=[redacted]x"},
		{"a short secret is kept", "a b", []string{"a"}, "a b"},
		{"an empty secret changes nothing", "a b", []string{""}, "a b"},
		{"a JWT is replaced", "got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl1 here", nil, "got [redacted] here"},
		{"the beginning of a JWT is replaced", "got eyJhbGciOiJSUzI1NiJ9", nil, "got [redacted]"},
		{"a long key of one case is replaced", "key 0123456789abcdef0123456789abcdef", nil, "key [redacted]"},
		{"a UUID is kept", "environment 019527e4-75d5-704d-a5a4-a2b52cf56196 stopped", nil, "environment 019527e4-75d5-704d-a5a4-a2b52cf56196 stopped"},
		{"a long host name is kept", "ec2-12-34-56-78.eu-central-1.compute.amazonaws.com", nil, "ec2-12-34-56-78.eu-central-1.compute.amazonaws.com"},
		{"a path is kept", "/usr/local/gitpod/secrets/token: permission denied", nil, "/usr/local/gitpod/secrets/token: permission denied"},
		{"a method name is kept", "gitpod.v1.IdentityService/GetIDToken", nil, "gitpod.v1.IdentityService/GetIDToken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quote.Scrub(tt.in, tt.secrets...); got != tt.want {
				t.Errorf("Scrub(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWithoutTokens(t *testing.T) {
	t.Parallel()
	const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl1"
	for _, tt := range []struct{ name, in, want string }{
		{"a JWT", "got " + jwt + " here, and=" + jwt, "got [redacted] here, and=[redacted]"},
		{"a short JWT", `"eyJ.e.c"`, `"[redacted]"`},
		{"a JWT after the same letters", "eyJ eyJx/" + jwt, "eyJ eyJx/[redacted]"},
		{"the beginning of a JWT", jwt[:40], "[redacted]"},
		{"a few letters of one", "unexpected eyJhbGci", "unexpected eyJhbGci"},
		{"a path", "/home/u/OnaProductionApiToken2024: no such file", "/home/u/OnaProductionApiToken2024: no such file"},
		{"a trace ID", "trace_id 4bf92f3577b34da6a3ce929d0e0e4736", "trace_id 4bf92f3577b34da6a3ce929d0e0e4736"},
		{"an ARN", "arn:aws:iam::123456789012:role/GitHubActionsDeployRole2024", "arn:aws:iam::123456789012:role/GitHubActionsDeployRole2024"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := quote.WithoutTokens(tt.in); got != tt.want {
				t.Errorf("WithoutTokens(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
