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
	Grammar Grammar // the grammar with which the text begins; the zero Grammar if there is none
}

// Bound reports whether no subject of another tenant matches. With the binding Prefix it depends on
// the grammar: an ID has a fixed length, but a name can be the beginning of another tenant's name.
func (t Tenant) Bound() bool {
	return t.Binding == Exact || t.Binding == Never || t.Binding == Prefix && t.Grammar.Form == ID
}

// TenantOf returns the tenant of a subject, or of a pattern that begins with text. whole states
// that text is all of it: nothing follows, not even a wildcard.
func TenantOf(grammars []Grammar, text string, whole bool) Tenant {
	possible := false
	for _, g := range grammars {
		for _, name := range g.Tenants {
			start := name + ":"
			if rest, ok := strings.CutPrefix(text, start); ok {
				return g.tenant(rest, whole)
			}
			possible = possible || !whole && strings.HasPrefix(start, text)
		}
	}
	if possible {
		return Tenant{Binding: Unbound}
	}
	return Tenant{Binding: Never}
}

// tenant reads the tenant at the beginning of text.
func (g Grammar) tenant(text string, whole bool) Tenant {
	if g.Form == ID {
		return g.tenantID(text, whole)
	}
	name, _, ended := strings.Cut(text, string(g.Separator))
	switch {
	case ended && name == "", !ended && whole:
		return Tenant{Binding: Never, Grammar: g}
	case name == "":
		return Tenant{Grammar: g}
	case ended:
		return Tenant{name, Exact, g}
	default:
		return Tenant{name, Prefix, g}
	}
}

// tenantID is tenant for tenants that are IDs.
func (g Grammar) tenantID(text string, whole bool) Tenant {
	const sample = "00000000-0000-0000-0000-000000000000" // completes the beginning of an ID
	id := text[:min(len(text), UUIDLen)]
	never := Tenant{Binding: Never, Grammar: g}
	switch {
	case !IsUUID(id + sample[len(id):]):
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
