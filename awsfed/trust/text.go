package trust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// Text returns the explanation for a terminal: a line for the outcome, then each statement with its
// principal, actions and conditions, marked + (matches), - (does not match) or ? (unknown). Unknown
// conditions are left out if neither the principal nor an action of the statement matches. Text
// from policy and request is quoted, escaped and cut. It ends with a newline. The wording may
// change. The text of the zero Explanation is empty.
func (x Explanation) Text() string {
	if x.Outcome == "" {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", x.Outcome, x.Reason)
	if x.RoleARN != "" {
		fmt.Fprintf(&b, "role      %s\n", quote.Value(x.RoleARN))
	}
	if x.ProviderARN != "" {
		fmt.Fprintf(&b, "provider  %s\n", quote.Value(x.ProviderARN))
	}
	if x.CallerARN != "" {
		fmt.Fprintf(&b, "caller    %s\n", quote.Value(x.CallerARN))
	}
	for _, s := range x.Statements {
		s.write(&b)
	}
	for _, a := range x.Alternatives {
		fmt.Fprintf(&b, "%s if %s\n", a.Outcome, a.Assumption)
	}
	b.WriteString("not evaluated:\n")
	for _, n := range x.NotConsidered {
		fmt.Fprintf(&b, "  %s\n", n)
	}
	return b.String()
}

func (s StatementResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "statement %d", s.Index+1)
	if s.Sid != "" {
		fmt.Fprintf(b, " %s", quote.Name(s.Sid))
	}
	applies := map[Match]string{Matched: "applies", NotMatched: "does not apply", Unknown: "may apply"}[s.Result]
	fmt.Fprintf(b, ", %s: %s\n", quote.Word(string(s.Effect)), applies)
	fmt.Fprintf(b, "  %s principal %s\n", s.Principal.Result.mark(), quote.Values(s.Principal.Needed))
	if s.Principal.Result != Matched {
		writeDetail(b, "why", s.Principal.Why)
		writeHints(b, s.Principal.NearMisses)
	}
	for _, a := range s.Actions {
		fmt.Fprintf(b, "  %s action %s\n", a.Result.mark(), quote.Word(a.Action))
		writeHints(b, a.NearMisses)
	}
	for _, c := range s.Conditions {
		if c.Result == Unknown && s.isForOthers() {
			continue // no value of the key would make the statement apply
		}
		c.write(b)
	}
}

// isForOthers reports whether neither the principal nor an action of the statement matches.
func (s StatementResult) isForOthers() bool {
	return s.Principal.Result == NotMatched && !slices.ContainsFunc(s.Actions, func(a ActionMatch) bool { return a.Result != NotMatched })
}

func (c ConditionResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "  %s %s %s\n", c.Result.mark(), quote.Word(c.Operator), quote.Word(c.Key))
	writeDetail(b, "needed", quote.Values(c.Needed))
	if c.Present {
		writeDetail(b, "got", quote.Values(c.Got))
	}
	if c.Result != Matched || !c.Present {
		writeDetail(b, "why", c.Why)
	}
	writeHints(b, c.NearMisses)
	for _, a := range c.Alternatives {
		writeDetail(b, string(a.Result), "if "+a.Assumption)
	}
}

func writeHints(b *strings.Builder, misses []NearMiss) {
	for _, m := range misses {
		writeDetail(b, "hint", m.Message)
	}
}

func writeDetail(b *strings.Builder, name, text string) {
	fmt.Fprintf(b, "      %-8s %s\n", name, text)
}

func (m Match) mark() string {
	return cmp.Or(map[Match]string{Matched: "+", NotMatched: "-"}[m], "?")
}
