// Package pattern compiles and compares the values of the IAM condition operator StringLike.
//
//	p := pattern.Compile("org:0191e223-1c3c-7607-badf-303c98b52d2f/*")
//	p.Match("org:0191e223-1c3c-7607-badf-303c98b52d2f/user:u") // true
//
// [Pattern.Covers] reports, without approximation, whether one pattern matches every string that
// another pattern matches, and returns a counterexample if it does not.
package pattern
