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
			got := subject.TenantOf(subject.Ona(), tt.text, tt.whole)
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
func TestTenantOfNames(t *testing.T) {
	t.Parallel()
	grammars := []subject.Grammar{{Tenants: []string{"repo"}, Form: subject.Text, Separator: '/'}}
	tests := []struct {
		name, text string
		whole      bool
		binding    subject.Binding
		tenant     string
		bound      bool
	}{
		{"owner and repository", "repo:octo-org/octo-repo:ref:refs/heads/main", true, subject.Exact, "octo-org", true},
		{"owner and separator", "repo:octo-org/", false, subject.Exact, "octo-org", true},
		{"owner without the separator", "repo:octo-org", false, subject.Prefix, "octo-org", false},
		{"owner alone", "repo:octo-org", true, subject.Never, "", true},
		{"no owner", "repo:", false, subject.Unbound, "", false},
		{"empty owner", "repo:/", false, subject.Never, "", true},
		{"another issuer", "org:" + org, false, subject.Never, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := subject.TenantOf(grammars, tt.text, tt.whole)
			if got.Binding != tt.binding || got.Name != tt.tenant || got.Bound() != tt.bound {
				t.Errorf("TenantOf(%q, %v) = %q, %v, bound %v, want %q, %v, %v",
					tt.text, tt.whole, got.Name, got.Binding, got.Bound(), tt.tenant, tt.binding, tt.bound)
			}
		})
	}
}
