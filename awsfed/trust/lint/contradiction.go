package lint

import (
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
)

// checkContradictions reports pairs of conditions on sub that no subject satisfies.
func (l *linter) checkContradictions(g *grant) {
	var earlier []*clause
	for _, c := range g.clauses {
		if !c.isOn(g.host, "sub") || c.op.Negated || c.op.Family != condition.String && c.op.Family != condition.Like {
			continue
		}
		for _, d := range earlier {
			if disjoint(g.host, c, d) {
				l.add(c.finding(NeverMatches, Warning,
					"no subject satisfies both "+quote.Word(d.Operator)+" and "+quote.Word(c.Operator)+" of this statement",
					"All conditions of a statement must hold. Write alternatives as values of one condition, or as statements."), nil)
			}
		}
		earlier = append(earlier, c)
	}
}

// disjoint reports whether certainly no subject matches a value of both conditions.
func disjoint(host string, c, d *clause) bool {
	for _, v := range c.Values {
		for _, w := range d.Values {
			x, y := c.read(host, v), d.read(host, w)
			if strings.HasPrefix(x.prefix, y.prefix) && !y.whole || strings.HasPrefix(y.prefix, x.prefix) && !x.whole || x.prefix == y.prefix {
				return false
			}
		}
	}
	return true
}
