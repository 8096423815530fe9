package pattern_test

import (
	"fmt"

	"github.com/onafed/onafed/awsfed/trust/pattern"
)

func ExampleCompile() {
	p := pattern.Compile("org:0191e223-1c3c-7607-badf-303c98b52d2f/*")
	fmt.Println(p.Match("org:0191e223-1c3c-7607-badf-303c98b52d2f/env:019527e4-75d5-704d-a5a4-a2b52cf56196"))
	fmt.Println(p.Match("org:0191e223-1c3c-7607-badf-303c98b52d2e/env:019527e4-75d5-704d-a5a4-a2b52cf56196"))
	// Output:
	// true
	// false
}

// Without the slash, the pattern also matches an organization whose ID begins with the same text.
func ExamplePattern_Covers() {
	good := pattern.Compile("org:1/*")
	loose := pattern.Compile("org:1*")
	covered, _ := loose.Covers(good)
	fmt.Println(covered)
	covered, example := good.Covers(loose)
	fmt.Printf("%v %q\n", covered, example)
	// Output:
	// true
	// false "org:1"
}
