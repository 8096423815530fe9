package trust

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/subject"
)

// MigrationSample is a generated principal and what the steps of a [Migration]
// say to its tokens, by the subject alone: other conditions are taken to hold.
type MigrationSample struct {
	// Principal describes the principal.
	Principal string `json:"principal"`
	// SubjectV2 is the subject of its V2 token; empty where Ona documents
	// none.
	SubjectV2 string `json:"subjectV2,omitempty"`
	// SubjectV3 is the subject of its V3 token; empty where Ona documents
	// none.
	SubjectV3 string `json:"subjectV3,omitempty"`
	// Before is Migration.Before on the V2 token.
	Before Outcome `json:"before,omitempty"`
	// BothV2 and BothV3 are Migration.Both on either token.
	BothV2 Outcome `json:"bothV2,omitempty"`
	BothV3 Outcome `json:"bothV3,omitempty"`
	// After is Migration.After on the V3 token.
	After Outcome `json:"after,omitempty"`
}

// Differs tells whether the principal is treated differently with a V3 token
// than with a V2 token. A principal without one of the two never differs.
func (s MigrationSample) Differs() bool {
	if s.SubjectV2 == "" || s.SubjectV3 == "" {
		return false
	}
	return s.Before != s.BothV2 || s.Before != s.BothV3 || s.Before != s.After
}

// Ids for principals that the policy does not mention.
const (
	otherID  = "00000000-0000-4000-8000-000000000001"
	otherID2 = "00000000-0000-4000-8000-000000000002"
)

// samples evaluates the steps on principals that the policy names and on
// strangers.
func (m *migrator) samples() []MigrationSample {
	before, both, after := subjectsOnly(m.out.Before), subjectsOnly(m.out.Both), subjectsOnly(m.out.After)
	key := subjectKey(m.out.Before)
	if key == "" {
		return []MigrationSample{}
	}
	outcome := func(p Policy, sub string) Outcome {
		if sub == "" {
			return ""
		}
		return p.Evaluate(Request{Context: map[string][]string{strings.ToLower(key): {sub}}}).Outcome
	}
	var samples []MigrationSample
	for _, s := range m.principals() {
		s.Before, s.BothV2 = outcome(before, s.SubjectV2), outcome(both, s.SubjectV2)
		s.BothV3, s.After = outcome(both, s.SubjectV3), outcome(after, s.SubjectV3)
		samples = append(samples, s)
	}
	return samples
}

// subjectsOnly is a policy reduced to its conditions on sub.
func subjectsOnly(p Policy) Policy {
	q := Policy{Version: p.Version}
	for _, st := range p.Statements {
		if !coversAction(st, actionAssume) {
			continue
		}
		s := Statement{Effect: st.Effect, Principal: Principal{Any: true}, Actions: []string{actionAssume}}
		for _, c := range st.Conditions {
			if strings.HasSuffix(strings.ToLower(c.Key), ":sub") {
				s.Conditions = append(s.Conditions, c)
			}
		}
		q.Statements = append(q.Statements, s)
	}
	return q
}

// subjectKey is the first key for a subject in the policy.
func subjectKey(p Policy) string {
	for _, st := range p.Statements {
		for _, c := range st.Conditions {
			if strings.HasSuffix(strings.ToLower(c.Key), ":sub") {
				return c.Key
			}
		}
	}
	return ""
}

// mentioned collects the ids that values for V2 subjects name.
type mentioned struct{ organizations, projects, environments, users []string }

func (m *migrator) mentioned() mentioned {
	var all mentioned
	add := func(list *[]string, id string) {
		if isID(id) && !slices.Contains(*list, id) {
			*list = append(*list, id)
		}
	}
	for _, st := range m.out.Before.Statements {
		for _, c := range st.Conditions {
			op, ok := parseOperator(c.Operator)
			if !ok {
				continue
			}
			for _, v := range c.Values {
				if !op.wildcards() && strings.ContainsAny(v, "*?") {
					continue
				}
				r := subject.Read(v)
				if r.Version != subject.V2 {
					continue
				}
				for _, p := range r.Pairs {
					switch p.Claim {
					case "organization_id":
						add(&all.organizations, p.ID)
					case "project_id":
						add(&all.projects, p.ID)
					case "environment_id":
						add(&all.environments, p.ID)
					case "user_id", "usr":
						add(&all.users, p.ID)
					}
				}
			}
		}
	}
	return all
}

// maxSamples bounds the samples of a policy with many ids.
const maxSamples = 400

// principals generates those that the policy names, in every combination, and
// for each id a stranger.
func (m *migrator) principals() []MigrationSample {
	ids := m.mentioned()
	orgs := append(ids.organizations, otherID)
	projects := append(ids.projects, otherID)
	environments := append(ids.environments, otherID)
	users := append(ids.users, otherID)
	var samples []MigrationSample
	add := func(c claims.Claims, name string) {
		if len(samples) < maxSamples {
			samples = append(samples, m.sample(c, name))
		}
	}
	for _, o := range orgs {
		for _, e := range environments {
			for _, p := range projects {
				add(claims.Claims{OrganizationID: o, ProjectID: p, EnvironmentID: e}, "")
			}
			add(claims.Claims{OrganizationID: o, EnvironmentID: e}, "")
		}
		for _, u := range users {
			add(claims.Claims{OrganizationID: o, UserID: u}, "")
		}
		add(claims.Claims{OrganizationID: o, RunnerID: otherID}, "")
		add(claims.Claims{OrganizationID: o, ServiceAccountID: otherID}, "")
		// Somebody who calls himself what a policy looks for.
		forged := "x:project_id:" + projects[0] + ":environment_id:" + environments[0] + ":user_id:" + users[0]
		add(claims.Claims{OrganizationID: o, ProjectID: otherID2, EnvironmentID: otherID2, CreatorName: forged}, "a user's name that looks like a subject")
	}
	return samples
}

// sample makes the subjects of a principal.
func (m *migrator) sample(c claims.Claims, what string) MigrationSample {
	s := MigrationSample{Principal: what}
	if id, err := c.Identity(); err == nil {
		s.Principal = strings.TrimSuffix(id.String()+", with "+what, ", with ")
		if sub, err := id.SubjectV2(); err == nil {
			s.SubjectV2 = sub.String()
		}
	}
	// The extra fields' values do not matter, but they have to be there.
	if c.EnvironmentID != "" {
		c.CreatorPrincipal, c.CreatorID, c.CreatorEmail = "user", otherID, "someone@example.com"
		c.CreatorIDP, c.RunnerID = "https://idp.example.com", otherID
		if c.CreatorName == "" {
			c.CreatorName = "Someone"
		}
	} else {
		c.Email, c.Name, c.IDP = "someone@example.com", "Someone", "https://idp.example.com"
	}
	if sub, err := m.layout.Build(c); err == nil {
		s.SubjectV3 = sub
	}
	return s
}
