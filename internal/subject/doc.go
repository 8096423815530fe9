// Package subject describes the "sub" claims of issuers as data: which part of them names the
// tenant, the fields of Ona's V3 subjects with the forms of their values, and the one form of IDs.
//
//	t := subject.TenantOf("app.gitpod.io", "sub", "org:0191e223-1c3c-7607-badf-303c98b52d2f/", false)
//	t.Bound() // true: no subject of another organization begins like this
//
// [TenantOf] answers which tenant a claim or pattern belongs to. [Read] returns the IDs that a
// subject of Ona contains. [Selection] writes the subjects and patterns for some principals. To
// support another issuer, add a row to [Others] or [Own].
package subject
