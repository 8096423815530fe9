// Package retry contains what callers that retry need: how long a server asks them to wait, whether an
// error is temporary, how long to back off, and a pause that ends with a context.
package retry
