package migrate

import (
	"strings"

	"github.com/onafed/onafed/awsfed/trust/pattern"
	"github.com/onafed/onafed/internal/condition"
)

// valueList collects the new values of a condition. While no value has a wildcard, the condition
// can keep an operator without wildcards.
type valueList struct {
	exact    bool // the operator of the condition has no wildcards
	list     []listedValue
	patterns bool // the values need an operator with wildcards
}

type listedValue struct {
	text  string
	exact bool // written for an operator without wildcards
}

func newValues(op condition.Operator) *valueList {
	return &valueList{exact: !op.Wildcards(), patterns: op.Wildcards()}
}

// add adds a value of the policy unless the list has it. A V3 value can be in the policy already.
func (l *valueList) add(v string) {
	for _, have := range l.list {
		if have.text == v && (have.exact == l.exact || !strings.ContainsAny(v, "*?")) {
			return
		}
	}
	l.list = append(l.list, listedValue{v, l.exact})
}

// addPattern adds a value for V3 subjects, in which * and ? are wildcards, unless the list covers
// it.
func (l *valueList) addPattern(v string) {
	p := pattern.Compile(v)
	for _, have := range l.list {
		if have.exact {
			if have.text == v {
				return
			}
			continue
		}
		if covered, _ := pattern.Compile(have.text).Covers(p); covered && !condition.HasVariable(have.text) {
			return
		}
	}
	l.patterns = l.patterns || strings.ContainsAny(v, "*?")
	l.list = append(l.list, listedValue{v, false})
}

// texts returns the values. If the operator changes to one with wildcards, escape is true, and the
// * and ? of exact values become escapes.
func (l *valueList) texts(escape bool) []string {
	values := make([]string, 0, len(l.list))
	for _, v := range l.list {
		if escape && v.exact {
			v.text = strings.NewReplacer("*", "${*}", "?", "${?}").Replace(v.text)
		}
		values = append(values, v.text)
	}
	return values
}
