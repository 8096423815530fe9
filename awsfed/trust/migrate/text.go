package migrate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/quote"
)

// notes adds the notes about other effects.
func (m *migrator) notes() {
	note := func(s string) { m.out.Notes = append(m.out.Notes, s) }
	if len(m.out.Changes) == 0 && len(m.out.Problems) == 0 {
		note("the policy has no value for V2 subjects, so nothing changes")
		return
	}
	if len(m.out.After.Statements) == 0 && len(m.out.Before.Statements) > 0 {
		note("no value could be migrated: the policy for V3 has no statement, so it is not valid yet")
	}
	extra := m.layout.Extra()
	if (m.project || m.wholeOrganization) && !slices.Contains(extra, "environment_id") {
		note("CloudTrail no longer shows the environment: the default V3 subject of an environment in a project ends with the project. " +
			"The extra subject field environment_id adds it. The session name env-<id> also contains it, but the caller chooses that name")
	}
	if m.wholeOrganization {
		note("the pattern for the whole organization also matches service accounts, whose V2 subject is not documented")
	}
	if slices.ContainsFunc(extra, func(f string) bool {
		return f == "creator_email" || f == "creator_name" || f == "email" || f == "name"
	}) {
		note("the extra fields put personal data into the subject, which CloudTrail records")
	}
	for _, step := range []struct {
		name string
		p    trust.Policy
	}{{"the policy for both formats", m.out.Both}, {"the policy for V3", m.out.After}} {
		if n := step.p.Size(); n > trust.DefaultSize {
			note(fmt.Sprintf("%s has %d characters, and the default quota of IAM is %d", step.name, n, trust.DefaultSize))
		}
	}
	note("Ona switches an organization at once: set the policy for both formats, then switch the organization, " +
		"and set the policy for V3 when the last V2 token is one hour old")
}

// Text returns the migration for a terminal: the new values, the problems, the notes, and what each
// step allows. Text from the policy is quoted, escaped and cut. The wording may change. It ends
// with a newline.
func (m Migration) Text() string {
	var b strings.Builder
	for _, c := range m.Changes {
		fmt.Fprintf(&b, "statement %d, %s\n  - %s\n", c.Statement+1, quote.Word(c.Operator), quote.Value(c.V2))
		for _, v := range c.V3 {
			fmt.Fprintf(&b, "  + %s\n", quote.Value(v))
		}
	}
	for _, p := range m.Problems {
		fmt.Fprintf(&b, "statement %d, %s: not migrated\n", p.Statement+1, quote.Word(p.Operator))
		if p.V2 != "" {
			fmt.Fprintf(&b, "  - %s\n", quote.Value(p.V2))
		}
		fmt.Fprintf(&b, "  why        %s\n", p.Why)
		if len(p.Configure) > 0 {
			fmt.Fprintf(&b, "  configure  %s\n", strings.Join(p.Configure, ", "))
		}
		if len(p.Wider) > 0 {
			fmt.Fprintf(&b, "  wider      %s\n", quote.Values(p.Wider))
		}
	}
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	if len(m.Samples) > 0 {
		fmt.Fprintf(&b, "%-8s %-8s %-8s %-8s %s\n", "before", "both/V2", "both/V3", "after", "principal")
	}
	for _, s := range m.Samples {
		fmt.Fprintf(&b, "%-8s %-8s %-8s %-8s %s\n", mark(s.Before), mark(s.BothV2), mark(s.BothV3), mark(s.After), s.Principal)
	}
	return b.String()
}

// mark returns the sign of an outcome in the table of samples.
func mark(o trust.Outcome) string {
	return cmp.Or(map[trust.Outcome]string{trust.Allowed: "yes", trust.Denied: "no", trust.Undetermined: "?"}[o], "-")
}
