// Package interop holds tests of the library against software that others wrote: an object store with its own STS, the clients of AWS,
// and libraries for tokens. README.md says what runs against what.
package interop
