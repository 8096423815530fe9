package migrate

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/subject"
)

// Sample is a generated principal, and how the policies of a [Migration] decide about its tokens.
// Only the conditions on sub are evaluated; all others are assumed to hold.
type Sample struct {
	// Principal describes the principal.
	Principal string `json:"principal"`
	// SubjectV2 and SubjectV3 are the subjects of its tokens, or empty if Ona does not document
	// one.
	SubjectV2 string `json:"subjectV2,omitempty"`
	SubjectV3 string `json:"subjectV3,omitempty"`
	// Before is the outcome of Migration.Before for the V2 token.
	Before trust.Outcome `json:"before,omitempty"`
	// BothV2 and BothV3 are the outcomes of Migration.Both.
	BothV2 trust.Outcome `json:"bothV2,omitempty"`
	BothV3 trust.Outcome `json:"bothV3,omitempty"`
	// After is the outcome of Migration.After for the V3 token.
	After trust.Outcome `json:"after,omitempty"`
}

// Differs reports whether the outcomes for the V2 and the V3 token differ. A principal without one
// of the two subjects never differs.
func (s Sample) Differs() bool {
	if s.SubjectV2 == "" || s.SubjectV3 == "" {
		return false
	}
	return s.Before != s.BothV2 || s.Before != s.BothV3 || s.Before != s.After
}

// IDs of principals that the policy does not name.
const (
	otherID  = "00000000-0000-4000-8000-000000000001"
	otherID2 = "00000000-0000-4000-8000-000000000002"
)

// maxSamples limits the samples for a policy with many IDs.
const maxSamples = 400

// samples evaluates the policies for principals that the policy names, and for others.
func (m *migrator) samples() []Sample {
	before, both, after := subjectsOnly(m.out.Before), subjectsOnly(m.out.Both), subjectsOnly(m.out.After)
	key := subjectKey(m.out.Before)
	if key == "" {
		return []Sample{}
	}
	outcome := func(p trust.Policy, sub string) trust.Outcome {
		if sub == "" {
			return ""
		}
		return p.Evaluate(trust.Request{Context: map[string][]string{strings.ToLower(key): {sub}}}).Outcome
	}
	samples := m.principals()
	for i := range samples {
		s := &samples[i]
		s.Before, s.BothV2 = outcome(before, s.SubjectV2), outcome(both, s.SubjectV2)
		s.BothV3, s.After = outcome(both, s.SubjectV3), outcome(after, s.SubjectV3)
	}
	return samples
}

// subjectsOnly returns a policy with only the conditions on sub of p, for every principal.
func subjectsOnly(p trust.Policy) trust.Policy {
	q := trust.Policy{Version: p.Version}
	for _, st := range p.Statements {
		if !st.CoversAction(condition.AssumeRoleWithWebIdentity) {
			continue
		}
		s := trust.Statement{
			Effect: st.Effect, Principal: trust.Principal{Any: true},
			Actions: []string{condition.AssumeRoleWithWebIdentity},
		}
		for _, c := range st.Conditions {
			if isSubject(c.Key) {
				s.Conditions = append(s.Conditions, c)
			}
		}
		q.Statements = append(q.Statements, s)
	}
	return q
}

// subjectKey returns the first condition key for a subject in the policy, or "".
func subjectKey(p trust.Policy) string {
	for _, st := range p.Statements {
		for _, c := range st.Conditions {
			if isSubject(c.Key) {
				return c.Key
			}
		}
	}
	return ""
}

// namedIDs returns the IDs that the values for V2 subjects name, by claim.
func (m *migrator) namedIDs() map[string][]string {
	ids := make(map[string][]string)
	for _, st := range m.out.Before.Statements {
		for _, c := range st.Conditions {
			op, ok := condition.ParseOperator(c.Operator)
			for _, v := range c.Values {
				r := subject.Read(v)
				if !ok || r.Version != subject.V2 || !op.Wildcards() && strings.ContainsAny(v, "*?") {
					continue
				}
				for _, p := range r.Pairs {
					claim := p.Claim
					if claim == "usr" {
						claim = "user_id"
					}
					if p.ID != subject.Any && !slices.Contains(ids[claim], p.ID) {
						ids[claim] = append(ids[claim], p.ID)
					}
				}
			}
		}
	}
	return ids
}

// principals generates principals with every combination of the IDs that the policy names. For each
// kind of ID it also uses one that the policy does not name.
func (m *migrator) principals() []Sample {
	ids := m.namedIDs()
	projects, environments := append(ids["project_id"], otherID), append(ids["environment_id"], otherID)
	users := append(ids["user_id"], otherID)
	var samples []Sample
	add := func(c claims.Claims, detail string) {
		if len(samples) < maxSamples {
			samples = append(samples, m.sample(c, detail))
		}
	}
	for _, o := range append(ids["organization_id"], otherID) {
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
		// A user can choose a name that imitates the pairs that a policy requires.
		forged := "x:project_id:" + projects[0] + ":environment_id:" + environments[0] + ":user_id:" + users[0]
		add(claims.Claims{OrganizationID: o, ProjectID: otherID2, EnvironmentID: otherID2, CreatorName: forged},
			", created by a user whose name imitates a subject")
	}
	return samples
}

// sample returns the principal with its subjects.
func (m *migrator) sample(c claims.Claims, detail string) Sample {
	var s Sample
	if id, err := c.Identity(); err == nil {
		s.Principal = id.String() + detail
		if sub, err := id.SubjectV2(); err == nil {
			s.SubjectV2 = sub.String()
		}
	}
	// The values of the extra fields do not matter, but they must be present.
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
