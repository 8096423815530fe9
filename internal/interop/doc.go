// Package interop tests the library against other software: an object store with its own STS, the
// clients of AWS, and token libraries. README.md lists the tests.
package interop
