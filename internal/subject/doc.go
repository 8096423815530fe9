// Package subject holds what is known of the "sub" claims of issuers, as data: the fields of Ona's V3
// subjects with the forms of their values, and the one form of ids.
package subject
