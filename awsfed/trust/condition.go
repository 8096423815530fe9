package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/condition"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

// Condition is an operator on a key. Its values are alternatives.
type Condition struct {
	// Operator is the operator as written, for example "StringEquals" or
	// "ForAnyValue:StringLikeIfExists".
	Operator string
	// Key is the condition key as written, for example "app.gitpod.io:sub". IAM ignores its letter
	// case.
	Key string
	// Values are in the order of the document. Numbers and booleans of the document are kept as
	// their text.
	Values []string

	form valueForm // zero: the default form
}

// valueForm is the form of the values of a condition that was read.
type valueForm struct {
	list     bool   // a list with one value
	unquoted []bool // the values that were a number or a boolean
}

// Equal reports whether c and d have the same content in the same order. It ignores their form.
func (c Condition) Equal(d Condition) bool {
	return c.Operator == d.Operator && c.Key == d.Key && slices.Equal(c.Values, d.Values)
}

// conditions reads the element Condition: an object of operators.
func (r *reader) conditions(form *statementForm) ([]Condition, error) {
	if err := r.want("an object", strictjson.Object); err != nil {
		return nil, err
	}
	conditions := []Condition{}
	seen := make(map[string]string)
	err := r.lex.Object(func(operator string, at int) error {
		if _, ok := condition.ParseOperator(operator); !ok {
			return fail(at, unknownOperator(operator))
		}
		if err := checkRepeated(seen, operator, at, "operator"); err != nil {
			return err
		}
		r.path = append(r.path, pathName(operator))
		block, err := r.conditionsOf(operator)
		if err != nil {
			return err
		}
		if len(block) == 0 {
			form.emptyOperators = append(form.emptyOperators, operator)
		}
		conditions = append(conditions, block...)
		r.path = r.path[:len(r.path)-1]
		return nil
	})
	return conditions, err
}

// conditionsOf reads the value of an operator: an object of condition keys.
func (r *reader) conditionsOf(operator string) ([]Condition, error) {
	if err := r.want("an object", strictjson.Object); err != nil {
		return nil, err
	}
	var block []Condition
	seen := make(map[string]string)
	err := r.lex.Object(func(key string, at int) error {
		if key == "" {
			return fail(at, "the condition key is empty")
		}
		if err := checkRepeated(seen, key, at, "condition key"); err != nil {
			return err
		}
		r.path = append(r.path, "["+quote.Name(key)+"]")
		c, err := r.conditionValues()
		if err != nil {
			return err
		}
		c.Operator, c.Key = operator, key
		block = append(block, c)
		r.path = r.path[:len(r.path)-1]
		return nil
	})
	return block, err
}

// conditionValues reads a value or a list of values. IAM accepts strings, numbers and booleans.
func (r *reader) conditionValues() (Condition, error) {
	c := Condition{Values: []string{}}
	list, err := r.oneOrList(func() error {
		err := r.want("a string, a number or a boolean", strictjson.String, strictjson.Number, strictjson.True, strictjson.False)
		if err != nil {
			return err
		}
		isText := r.lex.Kind() == strictjson.String
		read := r.lex.Raw
		if isText {
			read = r.lex.Text
		}
		v, err := read()
		c.Values = append(c.Values, v)
		c.form.unquoted = append(c.form.unquoted, !isText)
		return err
	})
	c.form.list = list && len(c.Values) == 1
	return c, err
}

// checkRepeated rejects a name that differs from an earlier one only in letter case. IAM treats
// such keys as the same key, and AWS does not document whether their values are alternatives. The
// lexer rejects a name that is repeated exactly.
func checkRepeated(seen map[string]string, name string, at int, what string) error {
	folded := strings.ToLower(name)
	if before, ok := seen[folded]; ok {
		return fail(at, fmt.Sprintf("the %s %s appears twice; the first one is %s", what, quote.Name(name), quote.Name(before)))
	}
	seen[folded] = name
	return nil
}

// unknownOperator returns an error text for an unknown operator. It names the operator that differs
// only in letter case.
func unknownOperator(name string) string {
	if known := condition.OperatorSpelling(name); known != "" {
		return fmt.Sprintf("unknown operator %s: IAM spells it %s", quote.Name(name), known)
	}
	if _, base, ok := strings.Cut(name, ":"); ok && (base == "Null" || base == "NullIfExists") || name == "NullIfExists" {
		return "Null cannot have IfExists, ForAllValues or ForAnyValue"
	}
	return "unknown operator " + quote.Name(name)
}
