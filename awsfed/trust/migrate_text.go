package trust

import (
	"fmt"
	"slices"
	"strings"
)

// notes says what changes besides.
func (m *migrator) notes() {
	note := func(s string) { m.out.Notes = append(m.out.Notes, s) }
	if len(m.out.Changes) == 0 && len(m.out.Problems) == 0 {
		note("no value for V2 subjects was found; nothing changes")
		return
	}
	if len(m.out.After.Statements) == 0 && len(m.out.Before.Statements) > 0 {
		note("nothing could be carried over: the policy for V3 has no statement left and is no policy yet")
	}
	extra := m.layout.Extra()
	hasEnvironment := slices.Contains(extra, "environment_id")
	if (m.project || m.wholeOrganization) && !hasEnvironment {
		note("CloudTrail loses the environment: the default V3 subject of an environment in a project ends with the project. " +
			"The extra subject field environment_id brings it back; the session name env-<id> names it too, but the caller chooses it")
	}
	if m.wholeOrganization {
		note("the pattern for the whole organization also means service accounts, whose V2 subject is not documented")
	}
	if slices.Contains(extra, "creator_email") || slices.Contains(extra, "creator_name") || slices.Contains(extra, "email") || slices.Contains(extra, "name") {
		note("the extra fields put personal data into the subject, which CloudTrail records")
	}
	for _, step := range []struct {
		name string
		p    Policy
	}{{"the policy for both formats", m.out.Both}, {"the policy for V3", m.out.After}} {
		if n := step.p.Size(); n > DefaultSize {
			note(fmt.Sprintf("%s has %d characters; without a raised quota IAM takes %d", step.name, n, DefaultSize))
		}
	}
	note("Ona switches the organization at once: set the policy for both formats first, then switch, and set the one for V3 when the last V2 token is an hour old")
}

// Text is the migration for a terminal: what became of each value, what could
// not be carried over, and what each step accepts. Text from the policy is
// quoted, escaped and cut. It ends in a newline. The wording may change.
func (m Migration) Text() string {
	var b strings.Builder
	for _, c := range m.Changes {
		fmt.Fprintf(&b, "statement %d, %s\n  - %s\n", c.Statement+1, quoteKey(c.Operator), quoteValue(c.V2))
		for _, v := range c.V3 {
			fmt.Fprintf(&b, "  + %s\n", quoteValue(v))
		}
	}
	for _, p := range m.Problems {
		fmt.Fprintf(&b, "statement %d, %s: not carried over\n", p.Statement+1, quoteKey(p.Operator))
		if p.V2 != "" {
			fmt.Fprintf(&b, "  - %s\n", quoteValue(p.V2))
		}
		fmt.Fprintf(&b, "  why        %s\n", p.Why)
		if len(p.Configure) > 0 {
			fmt.Fprintf(&b, "  configure  %s\n", strings.Join(p.Configure, ", "))
		}
		if len(p.Wider) > 0 {
			fmt.Fprintf(&b, "  wider      %s\n", quoteList(p.Wider))
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

func mark(o Outcome) string {
	switch o {
	case Allowed:
		return "yes"
	case Denied:
		return "no"
	case Undetermined:
		return "?"
	default:
		return "-"
	}
}
