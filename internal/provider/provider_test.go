package provider_test

import (
	"testing"

	"github.com/onafed/onafed/internal/provider"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		federated, want string
		ok              bool
	}{
		{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io", "app.gitpod.io", true},
		{"arn:aws-cn:iam::123456789012:oidc-provider/auth.example/a/", "auth.example/a/", true},
		{"accounts.google.com", "accounts.google.com", true},
		{"app.gitpod.io", "", false},
		{"arn:aws:iam::123456789012:saml-provider/app.gitpod.io", "", false},
		{"*", "", false},
		{"", "", false},
	} {
		host, ok := provider.Host(tt.federated)
		if ok != tt.ok || ok && host != tt.want {
			t.Errorf("Host(%q) = %q, %v, want %q, %v", tt.federated, host, ok, tt.want, tt.ok)
		}
	}
}

func TestSimilarHosts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"app.gitpod.io", "HTTPS://app.gitpod.io//", true},
		{"http://auth.example/a", "auth.example/A/", true},
		{"app.gitpod.io", "app.gitpod.io.example", false},
		{"app.gitpod.io", "", false},
		{"", "", false},
	} {
		if got := provider.SimilarHosts(tt.a, tt.b); got != tt.want {
			t.Errorf("SimilarHosts(%q, %q) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestSharedIssuers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host            string
		shared, guarded bool
	}{
		{provider.OnaHost, true, false},
		{"APP.gitpod.io", true, false},
		{"token.actions.githubusercontent.com", true, true},
		{"accounts.google.com", true, false},
		{"auth.example", false, false},
	} {
		if shared, guarded := provider.Shared(tt.host); shared != tt.shared || guarded != tt.guarded {
			t.Errorf("Shared(%q) = %v, %v, want %v, %v", tt.host, shared, guarded, tt.shared, tt.guarded)
		}
	}
}

func TestCutKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule, key, host string
		issuer, claim   string
	}{
		{"an issuer", "App.gitpod.io:Sub", "", "app.gitpod.io", "sub"},
		{"an issuer with a path", "example.com/a:aud", "other.example", "example.com/a", "aud"},
		{"a scheme stays", "https://app.gitpod.io:sub", "app.gitpod.io", "https://app.gitpod.io", "sub"},
		{"the host of a local issuer", "localhost:sub", "Localhost", "localhost", "sub"},
		{"a port", "localhost:8080:sub", "localhost:8080", "localhost:8080", "sub"},
		{"a claim with a colon", "app.gitpod.io:a:b", "app.gitpod.io", "app.gitpod.io", "a:b"},
		{"a key of AWS", "aws:SourceIp", "app.gitpod.io", "", ""},
		{"no host is not a prefix", ":sub", "", "", ""},
		{"no colon", "app.gitpod.io", "app.gitpod.io", "", ""},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			issuer, claim, ok := provider.CutKey(tt.key, tt.host)
			if issuer != tt.issuer || claim != tt.claim || ok != (tt.issuer != "") {
				t.Errorf("CutKey(%q, %q) = %q, %q, %v, want %q, %q", tt.key, tt.host, issuer, claim, ok, tt.issuer, tt.claim)
			}
		})
	}
}
