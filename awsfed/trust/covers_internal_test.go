package trust

import "strings"

// hardCovers are pairs made to keep the search busy: outer, inner.
func hardCovers() [][2]string {
	marks := strings.Repeat("?", 40)
	return [][2]string{
		{"*a" + marks, "*a" + marks},
		{"*a" + marks + "*", "*a*a*a*a*a*a" + marks},
		{"*a" + marks + "b*", strings.Repeat("*a", 20) + marks + "b*"},
		{"*a" + marks + "b", strings.Repeat("*a", 40) + "*" + marks + "b"},
		{"*a?????????b*", strings.Repeat("*a", 60) + "*"},
		{strings.Repeat("*a?", 30) + "*", strings.Repeat("*a", 60) + "*"},
		{strings.Repeat("*a?b", 20), strings.Repeat("*a*b", 20)},
		{strings.Repeat("a*", 1000), strings.Repeat("a*", 1000)},
		{strings.Repeat("?", 2000), strings.Repeat("a", 2000)},
	}
}
