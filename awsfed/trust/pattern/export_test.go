package pattern

// CoversExact is Covers, and reports whether the search stayed within its budget.
func (p Pattern) CoversExact(q Pattern) (covered bool, counterexample string, exact bool) {
	return covers(p, q)
}
