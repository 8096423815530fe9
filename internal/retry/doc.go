// Package retry contains helpers for retry loops: the pause that a server asks for, whether an
// error is temporary, the backoff, and a pause that ends with a context.
package retry
