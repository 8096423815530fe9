package lint

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/provider"
	"github.com/onafed/onafed/internal/quote"
)

// missingKey returns the reason why tokens of the issuer never have the condition key, or "".
func missingKey(key, host string) string {
	h, claim, ok := provider.CutKey(key, host)
	switch {
	case !ok:
		return ""
	case strings.Contains(h, "://"):
		return "the key contains a scheme, and condition keys contain the issuer without it"
	case h != strings.ToLower(host):
		return "the key is for tokens of " + quote.Word(h)
	case !provider.HasKey(host, claim):
		return "AWS has no key for the claim " + quote.Name(claim) + " of this issuer (as of " + provider.KeysAsOf + ")"
	default:
		return ""
	}
}

// checkKeys reports the conditions on keys that tokens of the issuer never have.
func (l *linter) checkKeys(g *grant) {
	hosts := g.hosts()
	for _, c := range g.clauses {
		missing := missingKey(c.Key, g.host)
		h, _, _ := provider.CutKey(c.Key, "")
		// A key of another provider of the same statement is not a mistake.
		if missing == "" || slices.Contains(hosts, h) && h != strings.ToLower(g.host) {
			continue
		}
		l.reportMissingKey(g, c, missing)
	}
}

// reportMissingKey reports a condition that always or never holds, because tokens of the issuer do
// not have its key. missing is the reason.
func (l *linter) reportMissingKey(g *grant, c *clause, missing string) {
	f := c.finding(KeyNotMapped, Warning, missing,
		"The condition never holds, so the statement allows nobody. AWS has keys for these claims only: "+
			strings.Join(provider.Keys(g.host), ", ")+". Another claim that matters must be part of sub.")
	if !g.dead && !g.limited {
		f.Severity = Error // the condition is what should have limited the subjects
	}
	if c.holdsIfMissing() {
		f.Why = "The condition always holds, so it excludes nobody."
	}
	var edit func(*trust.Policy)
	h, claim, _ := provider.CutKey(c.Key, "")
	_, own := c.claim(g.host)
	switch {
	case strings.Contains(c.Key, "://"):
		f.ID = KeyWithScheme
		if provider.SimilarHosts(h, g.host) {
			edit = c.rename(c.Operator, g.host+":"+claim)
			f.Widens = !c.holdsIfMissing()
		}
	case !own:
		f.ID = KeyOfOtherIssuer
	}
	l.add(f, edit)
}
