package subject

import "strings"

// Binding states how surely the text of a subject or pattern names one tenant.
type Binding uint8

// The bindings.
const (
	Unbound Binding = iota // matching subjects can belong to any tenant
	Prefix                 // the text names a tenant and ends before the separator
	Exact                  // all matching subjects belong to one tenant
	Never                  // no subject of the issuer matches
)

// Tenant is the tenant that a subject or pattern belongs to.
type Tenant struct {
	Name    string  // the tenant's ID or name; empty if Binding is Unbound or Never
	Binding Binding // how surely
	Grammar Grammar // the grammar with which the text begins; the zero Grammar if no grammar matches
}

// Bound reports whether no subject of another tenant matches. With the binding Prefix it depends on
// the grammar: an ID has a fixed length, but a name can be the beginning of another tenant's name.
func (t Tenant) Bound() bool {
	return t.Binding == Exact || t.Binding == Never || t.Binding == Prefix && t.Grammar.Form == ID
}

// TenantOf returns the tenant that a claim of an issuer names: in a value, or in a pattern that
// begins with text. whole states that text is all of it: nothing follows, not even a wildcard. The
// result for a claim without a grammar is [Unbound]: see [Describes].
func TenantOf(host, claim, text string, whole bool) Tenant {
	possible, known, custom := false, false, false
	for g := range grammars(host) {
		if g.Claim != claim {
			continue
		}
		known = true
		if rest, ok := strings.CutPrefix(text, g.Start); ok && g.Form != Custom {
			return g.tenant(rest, whole)
		}
		custom = custom || g.Form == Custom
		possible = possible || !whole && strings.HasPrefix(g.Start, text)
	}
	switch {
	case custom:
		return customTenant(host, claim, text, whole)
	case possible || !known:
		return Tenant{Binding: Unbound}
	default:
		return Tenant{Binding: Never}
	}
}

// customTenant is TenantOf for a subject whose pairs and their order are chosen by the tenant. A
// value has no colon, so a name between colons is the name of a pair.
func customTenant(host, claim, text string, whole bool) Tenant {
	for g := range grammars(host) {
		if _, rest, ok := strings.Cut(text, ":"+g.Start); ok && g.Claim == claim && g.Form != Custom {
			if t := g.tenant(rest, whole); t.Binding != Unbound {
				return t
			}
		}
	}
	return Tenant{Binding: Unbound}
}

// tenant reads the tenant at the beginning of text.
func (g Grammar) tenant(text string, whole bool) Tenant {
	switch g.Form {
	case ID:
		return g.tenantID(text, whole)
	case Opaque:
		if whole && text != "" {
			return Tenant{text, Exact, g}
		}
		return Tenant{Grammar: g}
	default:
		return g.tenantName(text, whole)
	}
}

// tenantName is tenant for tenants that are names.
func (g Grammar) tenantName(text string, whole bool) Tenant {
	name, ended := text, false
	if g.Separator != 0 {
		name, _, ended = strings.Cut(text, string(g.Separator))
	}
	switch {
	case ended && name == "", whole && name == "":
		return Tenant{Binding: Never, Grammar: g}
	case name == "":
		return Tenant{Grammar: g}
	case !ended && whole && g.Separator == '/':
		return Tenant{Binding: Never, Grammar: g} // a path always continues after the owner
	case ended || whole:
		return Tenant{name, Exact, g}
	default:
		return Tenant{name, Prefix, g}
	}
}

// tenantID is tenant for tenants that are IDs.
func (g Grammar) tenantID(text string, whole bool) Tenant {
	id := text[:min(len(text), UUIDLen)]
	never := Tenant{Binding: Never, Grammar: g}
	switch {
	case !startsUUID(id):
		return never
	case len(id) < UUIDLen && whole:
		return never
	case len(id) < UUIDLen:
		return Tenant{Grammar: g}
	case len(text) == UUIDLen && !whole:
		return Tenant{id, Prefix, g}
	case len(text) == UUIDLen, text[UUIDLen] == g.Separator:
		return Tenant{id, Exact, g}
	default:
		return never
	}
}

// startsUUID reports whether some canonical UUID begins with s, or is s.
func startsUUID(s string) bool {
	at, _ := UUIDFault(s)
	return at == len(s)
}
