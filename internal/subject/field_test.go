package subject_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/subject"
)

const id = "019527e4-75d5-704d-a5a4-a2b52cf56196"

func TestFields(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, f := range subject.Fields() {
		if seen[f.Name] || f.Form == subject.NoForm || subject.FormOf(f.Name) != f.Form {
			t.Errorf("field %s: form %v, FormOf = %v, repeated: %v", f.Name, f.Form, subject.FormOf(f.Name), seen[f.Name])
		}
		seen[f.Name] = true
		if strings.HasSuffix(f.Name, "_id") != (f.Form == subject.ID) {
			t.Errorf("field %s has form %v", f.Name, f.Form)
		}
	}
	for _, name := range []string{"", "Organization_id", "organization_id ", "org", "creator_idp_claims.department", "git.remote_uri"} {
		if f := subject.FormOf(name); f != subject.NoForm {
			t.Errorf("FormOf(%q) = %v, want NoForm", name, f)
		}
	}
}

func TestIsPath(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"idp_claims.department":                      true,
		"creator_idp_claims.a.b":                     true,
		"environment_initializers.git.remote_uri":    true,
		"creator_idp_claims.\u00e9":                  false,
		"idp_claims":                                 false,
		"idp_claims.":                                false,
		"idp_claims..a":                              false,
		"idp_claims.a:b":                             false,
		"idp_claims.a b":                             false,
		"organization_id.a":                          false,
		"Idp_claims.a":                               false,
		"creator_idp_claims.a.\x7f":                  false,
		"environment_initializers.git.remote_uri\n":  false,
		"environment_initializers.git.remote_uri.\t": false,
	} {
		if got := subject.IsPath(name); got != want {
			t.Errorf("IsPath(%q) = %v, want %v", name, got, want)
		}
	}
}

// Each byte at each place of a UUID is checked.
func TestIsUUID(t *testing.T) {
	t.Parallel()
	for i := range id {
		hyphen := id[i] == '-'
		for b := range 256 {
			c := byte(b)
			s := id[:i] + string([]byte{c}) + id[i+1:]
			want := hyphen && c == '-' || !hyphen && ('0' <= c && c <= '9' || 'a' <= c && c <= 'f')
			if subject.IsUUID(s) != want || subject.StartsWithUUID(s+"x") != want {
				t.Fatalf("IsUUID(%q) = %v, want %v", s, !want, want)
			}
			if at, reason := subject.UUIDFault(s); !want && (at != i || reason == "") {
				t.Fatalf("UUIDFault(%q) = %d, %q, want %d", s, at, reason, i)
			} else if upper := !hyphen && 'A' <= c && c <= 'F'; !want && strings.Contains(reason, "upper-case") != upper {
				t.Fatalf("UUIDFault(%q) has the reason %q", s, reason)
			}
		}
	}
	for _, s := range []string{"", id[:35], id + "0", id + " "} {
		if at, _ := subject.UUIDFault(s); subject.IsUUID(s) || at != min(len(s), subject.UUIDLen) {
			t.Errorf("IsUUID(%q) = %v, fault at %d", s, subject.IsUUID(s), at)
		}
	}
}
