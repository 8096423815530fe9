// Package subject describes the "sub" claims of issuers as data: the grammars of Ona's subjects,
// the fields of V3 subjects with the forms of their values, and the one form of IDs.
//
//	t := subject.TenantOf(subject.Ona(), "org:0191e223-1c3c-7607-badf-303c98b52d2f/", false)
//	t.Bound() // true: no subject of another organization begins like this
//
// [TenantOf] answers which tenant a subject or pattern belongs to. [Read] returns the IDs that it
// contains. [Selection] writes the subjects and patterns for some principals. A [Grammar] for
// another issuer is a value, not code.
package subject
