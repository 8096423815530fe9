package trustpolicy

import (
	"errors"
	"fmt"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/strictjson"
)

// namedRule is one rule of a rules file.
type namedRule struct {
	Role string
	Rule
}

// fileDepth is the nesting of a rules file: the list, a rule, a list in the rule.
const fileDepth = 3

var errEmpty = errors.New("it is empty: give it a value, or leave it out to use the flag")

// readRules reads a rules file: a list of objects. A member that is unknown, repeated or empty is
// an error.
func readRules(text string) ([]namedRule, error) {
	l := strictjson.New(text, strictjson.Limits{Depth: fileDepth})
	if l.Kind() != strictjson.Array {
		return nil, errors.New("it is not a list of rules")
	}
	var rules []namedRule
	err := l.Array(func() error {
		var r namedRule
		if err := r.read(l); err != nil {
			return fmt.Errorf("rule %d: %w", len(rules)+1, err)
		}
		rules = append(rules, r)
		return nil
	})
	if err == nil {
		err = l.End()
	}
	if err == nil && len(rules) == 0 {
		err = errors.New("it has no rules")
	}
	if err != nil {
		return nil, strictjson.Locate(text, err)
	}
	return rules, nil
}

// read reads one rule.
func (r *namedRule) read(l *strictjson.Lexer) error {
	if l.Kind() != strictjson.Object {
		return errors.New("it is not an object")
	}
	texts := r.texts()
	texts["role"] = &r.Role
	lists := map[string]*[]string{"extraFields": &r.ExtraField, "moreActions": &r.MoreAction}
	return l.Object(func(name string, _ int) error {
		var err error
		if text, ok := texts[name]; ok {
			*text, err = readText(l)
		} else if list, ok := lists[name]; ok {
			*list, err = readList(l)
		} else {
			return fmt.Errorf("the member %s is unknown", quote.Text(name, 80))
		}
		if _, broken := errors.AsType[*strictjson.Error](err); err == nil || broken {
			return err
		}
		return fmt.Errorf("the member %q: %w", name, err)
	})
}

// readText reads a text that is not empty. An empty text and null are errors, because the author
// may expect that they turn a flag off.
func readText(l *strictjson.Lexer) (string, error) {
	switch kind := l.Kind(); kind {
	case strictjson.String:
	case strictjson.Null:
		return "", errEmpty
	default:
		return "", fmt.Errorf("a string is needed, not %v", kind)
	}
	text, err := l.Text()
	if err == nil && text == "" {
		err = errEmpty
	}
	return text, err
}

// readList reads a list of texts. An empty list means none, whatever the flag says.
func readList(l *strictjson.Lexer) ([]string, error) {
	switch kind := l.Kind(); kind {
	case strictjson.Array:
	case strictjson.Null:
		return nil, errEmpty
	default:
		return nil, fmt.Errorf("a list is needed, not %v", kind)
	}
	list := []string{}
	err := l.Array(func() error {
		text, err := readText(l)
		list = append(list, text)
		return err
	})
	return list, err
}
