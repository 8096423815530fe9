package subject_test

import (
	"testing"

	"github.com/onafed/onafed/internal/subject"
)

const (
	org = "0191e223-1c3c-7607-badf-303c98b52d2f"
	prj = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	env = "019527e4-75d5-704d-a5a4-a2b52cf56196"
)

func TestTenantOfOna(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		whole      bool
		binding    subject.Binding
		tenant     string
	}{
		{"V2 pattern for the organization", "org:" + org + "/", false, subject.Exact, org},
		{"V2 subject", "org:" + org + "/prj:" + prj + "/env:" + env, true, subject.Exact, org},
		{"V2 pattern without the separator", "org:" + org, false, subject.Prefix, org},
		{"V2 organization alone", "org:" + org, true, subject.Exact, org},
		{"V3 subject", "organization_id:" + org + ":project_id:" + prj, true, subject.Exact, org},
		{"V3 pattern without the separator", "organization_id:" + org, false, subject.Prefix, org},
		{"account", "account_id:" + org, true, subject.Exact, org},
		{"V1 subject", "environment:" + org + ":" + env, true, subject.Exact, org},
		{"runner in an undocumented spelling", "runner_id:" + org + ":", false, subject.Exact, org},
		{"empty pattern", "", false, subject.Unbound, ""},
		{"start of a name", "organization_", false, subject.Unbound, ""},
		{"name without an ID", "org:", false, subject.Unbound, ""},
		{"half an ID", "org:0191e223-1c3c-", false, subject.Unbound, ""},
		{"half an ID and nothing more", "org:0191e223-1c3c-", true, subject.Never, ""},
		{"upper-case ID", "org:0191E223", false, subject.Never, ""},
		{"separator of another version", "org:" + org + ":", false, subject.Never, ""},
		{"text behind the ID", "organization_id:" + org + "x", false, subject.Never, ""},
		{"empty subject", "", true, subject.Never, ""},
		{"unknown start", "repo:octo-org/", false, subject.Never, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := subject.TenantOf("app.gitpod.io", "sub", tt.text, tt.whole)
			if got.Binding != tt.binding || got.Name != tt.tenant {
				t.Errorf("TenantOf(%q, %v) = %q, %v, want %q, %v", tt.text, tt.whole, got.Name, got.Binding, tt.tenant, tt.binding)
			}
			if want := tt.binding != subject.Unbound; got.Bound() != want {
				t.Errorf("TenantOf(%q, %v).Bound() = %v, want %v", tt.text, tt.whole, got.Bound(), want)
			}
		})
	}
}

// A tenant's name can continue where an ID cannot, so a pattern without the separator does not bind
// it.
func TestTenantOfOtherIssuers(t *testing.T) {
	t.Parallel()
	const (
		github  = "token.actions.githubusercontent.com"
		eks     = "oidc.eks.us-west-2.amazonaws.com/id/EXAMPLE"
		unknown = "oidc.example"
	)
	tests := []struct {
		name, host, claim, text string
		whole                   bool
		binding                 subject.Binding
		tenant                  string
		bound                   bool
	}{
		{"owner and repository", github, "sub", "repo:octo-org/octo-repo:ref:refs/heads/main", true, subject.Exact, "octo-org", true},
		{"owner and separator", github, "sub", "repo:octo-org/", false, subject.Exact, "octo-org", true},
		{"immutable owner", github, "sub", "repo:octo-org@1/octo-repo@2:", false, subject.Exact, "octo-org@1", true},
		{"owner without the separator", github, "sub", "repo:octo-org", false, subject.Prefix, "octo-org", false},
		{"immutable owner without the end of its number", github, "sub", "repo:octo-org@1", false, subject.Prefix, "octo-org@1", false},
		{"owner alone", github, "sub", "repo:octo-org", true, subject.Never, "", true},
		{"owner alone in a custom subject", github, "sub", "repository_owner:octo-org", true, subject.Exact, "octo-org", true},
		{"no owner", github, "sub", "repo:", false, subject.Unbound, "", false},
		{"empty owner", github, "sub", "repo:/", false, subject.Never, "", true},
		{"custom subject without an owner", github, "sub", "environment:prod", true, subject.Unbound, "", false},
		{"custom subject with the owner behind", github, "sub", "environment:prod:repo:octo-org/", false, subject.Exact, "octo-org", true},
		{"custom subject with half an owner behind", github, "sub", "ref:x:repository_owner:octo", false, subject.Prefix, "octo", false},
		{"custom subject with the owner before an open pair", github, "sub", "ref:x:repository_owner:octo:repo:", false, subject.Exact, "octo", true},
		{"start alone", github, "sub", "repo:", true, subject.Never, "", true},
		{"value that looks like a pair", github, "sub", "environment:repo%3Aocto-org/", false, subject.Unbound, "", false},
		{"claim of a repository", github, "repository", "octo-org/octo-repo", true, subject.Exact, "octo-org", true},
		{"number", github, "repository_owner_id", "123", true, subject.Exact, "123", true},
		{"beginning of a number", github, "repository_owner_id", "123", false, subject.Unbound, "", false},
		{"claim that anybody can set", github, "ref", "refs/heads/main", true, subject.Unbound, "", false},
		{"audit log", "oidc-configuration.audit-log.githubusercontent.com", "sub", "https://github.com/octo", true, subject.Exact, "octo", true},
		{"group", "gitlab.com", "sub", "project_path:group/sub/project:", false, subject.Exact, "group", true},
		{"organization behind two names", "api.pulumi.com/oidc", "sub", "pulumi:deploy:org:acme:", false, subject.Exact, "acme", true},
		{"half a start", "api.pulumi.com/oidc", "sub", "pulumi:deploy:o", false, subject.Unbound, "", false},
		{"another start", "api.pulumi.com/oidc", "sub", "pulumi:x:acme:", false, subject.Never, "", true},
		{"account", "accounts.google.com", "sub", "110248495921238986420", true, subject.Exact, "110248495921238986420", true},
		{"half an account", "accounts.google.com", "sub", "1102", false, subject.Unbound, "", false},
		{"namespace", eks, "sub", "system:serviceaccount:prod:", false, subject.Exact, "prod", true},
		{"every namespace", eks, "sub", "system:serviceaccount:", false, subject.Unbound, "", false},
		{"another word", eks, "sub", "serviceaccount:", false, subject.Never, "", true},
		{"unknown issuer", unknown, "sub", "repo:octo-org/", false, subject.Unbound, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := subject.TenantOf(tt.host, tt.claim, tt.text, tt.whole)
			if got.Binding != tt.binding || got.Name != tt.tenant || got.Bound() != tt.bound {
				t.Errorf("TenantOf(%q, %q, %q, %v) = %q, %v, bound %v, want %q, %v, %v",
					tt.host, tt.claim, tt.text, tt.whole, got.Name, got.Binding, got.Bound(), tt.tenant, tt.binding, tt.bound)
			}
		})
	}
}

func TestIsOwn(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF":           true,
		"oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF/":          true,
		"OIDC.circleci.com/org/3f4e8a7c":                                    true,
		"api.bitbucket.org/2.0/workspaces/a/pipelines-config/identity/oidc": true,
		"token.actions.githubusercontent.com/octo":                          true,
		"oidc.vercel.com/acme":                                              true,
		"acme.eu.auth0.com/":                                                true,
		"sts.windows.net/0b4f6a37/":                                         true,
		"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d/":             false,
		"token.actions.githubusercontent.com":                               false,
		"oidc.vercel.com":                                                   false,
		"app.gitpod.io":                                                     false,
		"oidc.eks.eu-central-1.amazonaws.com":                               false,
		"oidc.eks.eu-central-1.amazonaws.com.example/id/0123456789ABCDEF":   false,
		"issuer.example/with/a/path/that/is/in/no/list":                     false,
	} {
		if got := subject.IsOwn(host); got != want {
			t.Errorf("IsOwn(%q) = %v, want %v", host, got, want)
		}
	}
}

// Every row can be reached, and binds a tenant that it names.
func TestRows(t *testing.T) {
	t.Parallel()
	for _, g := range subject.Others() {
		if g.Claim == "" || g.Host == "" || g.Form == subject.NoForm || subject.IsOwn(g.Host) {
			t.Errorf("row %+v is not complete", g)
		}
		value := g.Start + "acme"
		if g.Separator != 0 {
			value += string(g.Separator) + "x"
		}
		if got := subject.TenantOf(g.Host, g.Claim, value, true); got.Binding != subject.Exact && g.Form != subject.Custom || got.Grammar != g && g.Form != subject.Custom {
			t.Errorf("TenantOf(%q, %q, %q) = %+v, want the row %+v", g.Host, g.Claim, value, got, g)
		}
	}
}

func TestTenantOfDoesNotAllocate(t *testing.T) {
	for _, host := range []string{"app.gitpod.io", "token.actions.githubusercontent.com", "oidc.eks.us-west-2.amazonaws.com/id/x"} {
		if n := testing.AllocsPerRun(100, func() { subject.TenantOf(host, "sub", "environment:x:repo:acme/", false) }); n != 0 {
			t.Errorf("%s: %v allocations", host, n)
		}
	}
}
