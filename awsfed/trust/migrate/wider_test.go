package migrate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/migrate"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// The nearest values of a value that cannot be migrated stay in the organization that it names.
func TestWiderKeepsTheOrganization(t *testing.T) {
	t.Parallel()
	const every = "organization_id:* account_id:*"
	own := v3Org + ":*"
	begin := policies.Org[:8]
	tests := []struct{ operator, v2, want string }{
		{"StringEquals", v2Org + "/*", own},
		{"StringEquals", v2Org + "*", own},
		{"StringEquals", v2Org, own},
		{"StringEquals", v2Org + "/prj:*", own},
		{"StringEquals", v2Project, own},
		{"StringEquals", v2Org + "/env:${aws:username}", own},
		{"StringEquals", v2Org + "${aws:username}", own},
		{"StringEqualsIgnoreCase", v2Org + "/*", own},
		{"StringEqualsIgnoreCase", "org:" + strings.ToUpper(policies.Org) + "/env:" + policies.Environment, own},
		{"StringEquals", "org:acme/prj:x", "organization_id:acme:*"},
		{"StringEquals", "org:acme", "organization_id:acme:*"},
		{"StringEquals", "org:" + begin + "*", "organization_id:" + begin + "*"},
		{"StringEquals", "org:*", every},

		{"StringLike", v2Org, own},
		{"StringLike", v2Org + "/rnr:" + policies.OtherID, own},
		{"StringLike", v2Org + "/prj:0195*", own},
		{"StringLike", v2Org + "/prj:" + policies.Project, own},
		{"StringLike", v2Org + "/prj:" + policies.Project + "/env:0195*", own},
		{"StringLike", v2Org + "/*/user:*", own},
		{"StringLike", v2Org + "*/env:" + policies.Environment, own},
		{"StringLike", v2Org + "?/env:" + policies.Environment, own},
		{"StringLike", v2Org + ":*", own},
		{"StringLike", v2Org + "/prj:${aws:username}/*", own},
		{"StringLike", v2Org + "/prj:${*}/*", own},
		{"StringLike", "org:" + begin + "*", "organization_id:" + begin + "*"},
		{"StringLike", "org:" + begin + "-*/prj:" + policies.Project + "/*", "organization_id:" + begin + "-*"},
		{"StringLike", "org:" + begin + "?????????????????????????????/*", "organization_id:" + begin + "*"},
		{"StringLike", "org:" + begin + "${aws:username}/*", "organization_id:" + begin + "*"},
		{"StringLike", "org:acme/*", "organization_id:acme:*"},
		{"StringLike", "org:acme*/*", "organization_id:acme*"},

		// These name no organization.
		{"StringLike", "org:*", every},
		{"StringLike", "org:*/prj:" + policies.Project + "/*", every},
		{"StringLike", "org:?*", every},
		{"StringLike", "org:????????-????-????-????-????????????/*", every},
		{"StringLike", "org:${aws:username}/*", every},
		{"StringLike", "org:", every},
		{"StringLike", "org:/prj:x", every},
	}
	for _, tt := range tests {
		m := migrate.ToV3(policies.OnSubject(trust.Allow, tt.operator, tt.v2), nil)
		if len(m.Problems) != 1 {
			t.Errorf("%s %q: Problems = %+v, want one", tt.operator, tt.v2, m.Problems)
			continue
		}
		if diff := cmp.Diff(strings.Fields(tt.want), m.Problems[0].Wider); diff != "" {
			t.Errorf("%s %q: Wider (-want +got):\n%s", tt.operator, tt.v2, diff)
		}
	}
}

// A value that excludes principals of one organization excludes no other organization afterwards.
func TestExcludedOrganizationIsTheOneOfTheValue(t *testing.T) {
	t.Parallel()
	for _, operator := range []string{"StringEquals", "StringLike", "StringEqualsIgnoreCase"} {
		p := policies.OnSubject(trust.Allow, "StringLike", "org:"+policies.OtherOrg+"/*")
		p.Statements = append(p.Statements, policies.OnSubject(trust.Deny, operator, v2Org+"/prj:0195*").Statements...)
		m := migrate.ToV3(p, nil)
		r := trust.Request{
			Issuer: "https://app.gitpod.io", ProviderARN: policies.ProviderARN,
			Context: map[string][]string{"app.gitpod.io:sub": {"organization_id:" + policies.OtherOrg + ":user_id:" + policies.User}},
		}
		if d := m.After.Evaluate(r); !d.Allowed() {
			t.Errorf("%s: After denies a user of another organization:\n%s", operator, m.After)
		}
	}
}
