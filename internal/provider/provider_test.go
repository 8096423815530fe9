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
