// Package repocheck holds the tests of the repository itself: the file of the exported API, the
// documentation, the examples and the dependencies. Its tests run in the root folder of the module.
package repocheck
