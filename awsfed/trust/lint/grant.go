package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/subject"
)

// grant is an Allow statement together with one of the issuers whose tokens it allows.
type grant struct {
	*statement
	host string
	ona  bool // the issuer is Ona's

	// dead states that a condition never holds for tokens of the issuer.
	dead bool
	// limited states that something limits the subjects or names the tenant.
	limited bool
	// closed states that a Deny, or one condition with all of its values, allows only subjects of
	// known tenants. An open value in another condition is then a warning.
	closed bool
}

// newGrant computes what the findings about the grant depend on.
func newGrant(l *linter, st *statement, host string) *grant {
	g := &grant{statement: st, host: host, ona: strings.EqualFold(host, provider.OnaHost)}
	g.closed = l.isGuarded(st, host)
	g.limited = g.closed
	for _, c := range st.clauses {
		if missingKey(c.Key, host) != "" {
			g.dead = g.dead || !c.holdsIfMissing()
			continue // without the key the condition limits nothing
		}
		limited, closed := c.limits(host)
		g.limited = g.limited || limited
		g.closed = g.closed || closed
	}
	return g
}

// limits reports whether the condition limits the tenants of the issuer, and whether it allows only
// tenants that it names in full. Values of sub that limit nothing have findings of their own.
func (c *clause) limits(host string) (limited, closed bool) {
	claim, ok := c.claim(host)
	if !ok || c.op.Negated || len(c.Values) == 0 {
		return false, false
	}
	comparesText := c.op.ComparesText()
	if claim == "sub" && comparesText {
		limited = true
	}
	isNumber := c.op.Family == condition.Numeric && c.op.Relation == condition.Equal
	if c.op.HoldsIfMissing() || !comparesText && !isNumber {
		return limited, false
	}
	closed = true
	named := true
	for _, text := range c.Values {
		t := c.read(host, text).tenant
		closed = closed && t.Bound()
		named = named && t.Binding != subject.Unbound
	}
	return limited || named, closed
}

// checkGrant checks what an Allow statement requires of the tokens of one issuer.
func (l *linter) checkGrant(g *grant) {
	l.checkKeys(g)
	if g.dead {
		return
	}
	for _, c := range g.clauses {
		claim, ok := c.claim(g.host)
		if !ok {
			continue
		}
		if missingKey(c.Key, g.host) != "" {
			continue // it has a finding of its own
		}
		l.checkQualifiers(g, c, claim)
		if claim == "sub" {
			l.checkSubjects(g, c)
		}
		l.checkPrefixes(g, c)
	}
	l.checkContradictions(g)
	l.checkAudience(g)
	if !g.limited {
		l.reportMissingSubject(g)
	}
}

// openSeverity returns the severity of a condition that allows subjects of other tenants, and a
// sentence for the end of its reason.
func (g *grant) openSeverity() (severity Severity, more string) {
	if g.closed {
		return Warning, " Only another condition or a Deny excludes them."
	}
	return Error, ""
}

// reportMissingSubject reports that nothing limits the subjects.
func (l *linter) reportMissingSubject(g *grant) {
	f := g.finding(MissingSubject, Error, "no condition limits the subjects of "+quote.Word(g.host), "")
	f.Key = g.host + ":sub"
	if slices.ContainsFunc(g.clauses, func(c *clause) bool { return c.isOn(g.host, "sub") && c.op.Negated }) {
		f.Message = "the condition on the subject only excludes subjects and allows all others"
	}
	shared, refused := provider.Shared(g.host)
	switch {
	case g.ona:
		f.Why = "All Ona organizations share this issuer and its audience, so every organization can assume the role. " +
			"IAM accepts such a policy. Require that " + g.host + ":sub begins with your organization."
	case shared && refused:
		f.Why = "Independent tenants share this issuer. IAM now refuses to save such a policy, but a role that was created earlier can still have one."
	case shared:
		f.Why = "Independent tenants share this issuer, and each of them can assume the role."
	default:
		f.Severity = Warning
		f.Why = "Every token of this provider with an accepted audience can assume the role."
		if !subject.IsOwn(g.host) {
			f.Why += " If several tenants share the issuer, each of them can."
		}
	}
	f.Why += g.claimsOfAnyTenant()
	l.add(f, nil)
}

// claimsOfAnyTenant states which conditions of the statement do not name the tenant of a shared
// issuer, and which claims do. It is empty if there is no such condition.
func (g *grant) claimsOfAnyTenant() string {
	host := strings.ToLower(g.host)
	var naming, others []string
	for _, claim := range provider.Keys(host) {
		switch {
		case subject.Describes(host, claim):
			naming = append(naming, claim)
		case claim != "aud" && claim != "oaud" && slices.ContainsFunc(g.clauses, func(c *clause) bool { return c.isOn(host, claim) }):
			others = append(others, claim)
		}
	}
	if len(naming) == 0 || len(others) == 0 {
		return ""
	}
	return " Tokens of other tenants can have the same " + strings.Join(others, ", ") + ". Claims that name the tenant are " + strings.Join(naming, ", ") + "."
}

// checkAudience reports that no condition requires an audience of the issuer. An issuer without a
// key for the audience is not checked: it has a key for the application instead.
func (l *linter) checkAudience(g *grant) {
	if !provider.HasKey(strings.ToLower(g.host), "aud") {
		return
	}
	for _, c := range g.clauses {
		if !c.isOn(g.host, "aud") && !c.isOn(g.host, "oaud") || c.op.Negated || c.op.Family == condition.Null {
			continue
		}
		if !c.op.Wildcards() || !slices.ContainsFunc(c.Values, isAsterisks) {
			return
		}
	}
	f := g.finding(MissingAudience, Warning, "no condition requires an audience of "+quote.Word(g.host),
		"Every client ID of the provider is accepted, so a token for another purpose is accepted as soon as its audience is registered.")
	f.Key = g.host + ":aud"
	l.add(f, nil)
}
