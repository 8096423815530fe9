package trust

import (
	"fmt"
	"strings"
)

// quoteAction leaves an ordinary action name as it is.
func quoteAction(action string) string {
	for i := range len(action) {
		if !isPathChar(action[i]) {
			return quoteName(action)
		}
	}
	return action
}

// quoteKey leaves an ordinary condition key as it is.
func quoteKey(key string) string {
	for i := range len(key) {
		if c := key[i]; !isPathChar(c) && c != '.' {
			return quoteName(key)
		}
	}
	return key
}

// Text is the decision for a terminal: a line for the outcome, then every
// statement with its principal, actions and conditions, each marked + (holds),
// - (does not) or ? (unknown). Text from policy and request is quoted, escaped
// and cut. It ends in a newline. The wording may change.
func (d Decision) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", d.Outcome, d.Reason)
	if d.RoleARN != "" {
		fmt.Fprintf(&b, "role      %s\n", quoteValue(d.RoleARN))
	}
	if d.ProviderARN != "" {
		fmt.Fprintf(&b, "provider  %s\n", quoteValue(d.ProviderARN))
	}
	for _, s := range d.Statements {
		s.text(&b)
	}
	for _, r := range d.Readings {
		fmt.Fprintf(&b, "%s if %s\n", r.Outcome, r.Assumption)
	}
	b.WriteString("not looked at:\n")
	for _, n := range d.NotConsidered {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	return b.String()
}

func (s StatementResult) text(b *strings.Builder) {
	fmt.Fprintf(b, "statement %d", s.Index+1)
	if s.Sid != "" {
		fmt.Fprintf(b, " %s", quoteName(s.Sid))
	}
	fmt.Fprintf(b, ", %s: %s\n", quoteAction(string(s.Effect)), applies(s.Result))
	fmt.Fprintf(b, "  %s principal %s\n", s.Principal.Result.mark(), quoteList(s.Principal.Needed))
	if s.Principal.Result != Matched {
		detail(b, "why", s.Principal.Why)
		misses(b, s.Principal.NearMisses)
	}
	for _, a := range s.Actions {
		fmt.Fprintf(b, "  %s action %s\n", a.Result.mark(), quoteAction(a.Action))
	}
	for _, c := range s.Conditions {
		c.text(b)
	}
}

func (c ConditionResult) text(b *strings.Builder) {
	fmt.Fprintf(b, "  %s %s %s\n", c.Result.mark(), quoteKey(c.Operator), quoteKey(c.Key))
	detail(b, "needed", quoteList(c.Needed))
	if c.Present {
		detail(b, "got", quoteList(c.Got))
	}
	if c.Result != Matched || !c.Present {
		detail(b, "why", c.Why)
	}
	misses(b, c.NearMisses)
	for _, r := range c.Readings {
		detail(b, string(r.Result), "if "+r.Assumption)
	}
}

func misses(b *strings.Builder, list []NearMiss) {
	for _, m := range list {
		detail(b, "hint", m.Message)
	}
}

func detail(b *strings.Builder, name, text string) { fmt.Fprintf(b, "      %-8s %s\n", name, text) }

func (m Match) mark() string {
	switch m {
	case Matched:
		return "+"
	case NotMatched:
		return "-"
	default:
		return "?"
	}
}

func applies(m Match) string {
	switch m {
	case Matched:
		return "applies"
	case NotMatched:
		return "does not apply"
	default:
		return "may apply"
	}
}
