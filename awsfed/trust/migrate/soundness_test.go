package migrate_test

import (
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/migrate"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// For every policy, a principal that was denied with its V2 token is denied with its V3 token, and
// Both decides about V2 tokens as Before does.
func TestMigrationNeverAllowsMore(t *testing.T) {
	t.Parallel()
	r := policies.NewRandom(3)
	layouts := [][]string{
		nil,
		{"environment_id"},
		{"creator_name"},
		{"creator_id", "environment_id", "creator_name"},
		{"creator_name", "environment_id"},
		{"environment_id", "runner_id"},
	}
	exact := 0
	for range 250 {
		p := randomV2(r)
		extra := policies.Pick(r, layouts...)
		m := migrate.ToV3(p, &migrate.Options{Layout: layoutOf(t, extra...)})
		if m.Exact() {
			exact++
		}
		for _, s := range m.Samples {
			if s.SubjectV2 == "" {
				continue
			}
			if s.Before != s.BothV2 {
				t.Fatalf("%s: Both decides %s about the V2 token, Before %s\n%s", s.Principal, s.BothV2, s.Before, p)
			}
			if s.SubjectV3 != "" && s.Before != trust.Allowed && (s.BothV3 == trust.Allowed || s.After == trust.Allowed) {
				t.Fatalf("layout %v: %s is allowed: before %s, both %s, after %s\n%s\n%s\n%s",
					extra, s.Principal, s.Before, s.BothV3, s.After, s.SubjectV3, p, m.After)
			}
		}
	}
	if exact < 20 {
		t.Errorf("%d exact migrations: too few", exact)
	}
}

// randomV2 returns a policy for V2 subjects.
func randomV2(r policies.Random) trust.Policy {
	value := func() string {
		return "org:" + policies.Pick(r, policies.Org, policies.Org, policies.OtherOrg) +
			policies.Pick(r, "/*", "*", "/prj:*", "/env:*", "/user:*", "/prj:"+policies.Project+"/*",
				"/prj:"+policies.Project+"/env:*", "/prj:"+policies.Project+"/env:"+policies.Environment, "/*/env:"+policies.Environment,
				"/env:"+policies.Environment, "/user:"+policies.User, "/rnr:"+policies.OtherID, "/prj:"+policies.OtherID+"*", "/prj:0195*", "")
	}
	p := trust.Policy{Version: "2012-10-17"}
	for range 1 + r.IntN(3) {
		operator := policies.Pick(r, "StringLike", "StringLike", "StringEquals", "StringNotLike", "StringNotEquals", "StringEqualsIgnoreCase")
		effect := policies.Pick(r, trust.Allow, trust.Allow, trust.Deny)
		p.Statements = append(p.Statements, policies.OnSubject(effect, operator, value(), value()).Statements...)
	}
	return p
}

// Every policy that can be parsed can be migrated, and the results can be parsed.
func FuzzToV3(f *testing.F) {
	r := policies.NewRandom(9)
	for range 30 {
		f.Add([]byte(randomV2(r).String()))
		f.Add([]byte(r.Policy().String()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			t.Skip("slow")
		}
		p, err := trust.Parse(data)
		if err != nil {
			return
		}
		before := p.String()
		m := migrate.ToV3(p, nil)
		if m.Text() == "" {
			t.Error("the migration has no text")
		}
		for _, q := range []trust.Policy{m.Both, m.After} {
			if q.Size() > trust.MaxSize || len(q.Statements) == 0 {
				continue // a migration makes a policy longer
			}
			if back, err := trust.Parse([]byte(q.String())); err != nil || !back.Equal(q) {
				t.Errorf("Parse(%s): %v", q, err)
			}
		}
		if p.String() != before {
			t.Error("the policy changed")
		}
	})
}

// The test measures no time: a policy with exponential cost would not end.
func TestHostilePoliciesEnd(t *testing.T) {
	t.Parallel()
	for name, p := range policies.Hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			migrate.ToV3(p, nil)
		})
	}
}
