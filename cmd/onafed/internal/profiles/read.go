package profiles

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/onafed/onafed/internal/quote"
)

// reader reads the values of a file, and collects what is wrong with them.
type reader struct {
	errs          Errors
	readsPolicies bool // checks the session policies in the files that the values name
}

// fail adds an error at a node.
func (r *reader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, Error{n.Line, n.Column, fmt.Sprintf(format, args...)})
}

// plain refuses everything in the tree that the file does not need: anchors and aliases, with which a
// small file can describe a huge one, and tags.
func (r *reader) plain(n *yaml.Node) {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n, "an alias is not allowed: repeat the value")
	case n.Anchor != "":
		r.fail(n, "an anchor is not allowed: repeat the value where it is needed")
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n, "a tag such as !!str is not allowed: put a text in quotes")
	}
	for _, child := range n.Content {
		r.plain(child)
	}
}

// list calls item for each element of a list.
func (r *reader) list(n *yaml.Node, item func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		r.wrongKind(n, "a list")
		return
	}
	if len(n.Content) == 0 {
		r.fail(n, "the list is empty: leave it out")
	}
	for _, child := range n.Content {
		item(child)
	}
}

// object calls the function of each member. Members without a function are errors.
func (r *reader) object(n *yaml.Node, members map[string]func(*yaml.Node)) {
	r.pairs(n, func(name string, key, value *yaml.Node) {
		if read := members[name]; read != nil {
			read(value)
			return
		}
		r.fail(key, "the member %s is unknown%s", quote.Text(name, 40), similar(name, members))
	})
}

// similar returns a hint at the member that differs only in letter case, "-" and "_".
func similar(name string, members map[string]func(*yaml.Node)) string {
	simple := func(s string) string { return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(s)) }
	for member := range members {
		if simple(member) == simple(name) {
			return ": write " + member
		}
	}
	return ""
}

// pairs calls pair for each member of an object. A name that is repeated is an error.
func (r *reader) pairs(n *yaml.Node, pair func(name string, key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		r.wrongKind(n, "an object")
		return
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.wrongKind(key, "the name of a member")
			continue
		}
		if first, found := lines[key.Value]; found {
			r.fail(key, "the member %s is repeated; the first is on line %d", quote.Text(key.Value, 40), first)
			continue
		}
		lines[key.Value] = key.Line
		pair(key.Value, key, value)
	}
}

// text returns a text that is not empty.
func (r *reader) text(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" && n.Value != "":
		r.wrongKind(n, "a text")
	case n.ShortTag() == "!!null" || n.Value == "":
		r.fail(n, "the value is empty: leave the member out")
	case n.ShortTag() != "!!str":
		r.fail(n, "a text is needed, not %s: put the value in quotes", kindOf(n))
	default:
		return n.Value
	}
	return ""
}

// number returns a whole number in a range.
func (r *reader) number(n *yaml.Node, least, most int) int {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" {
		r.wrongKind(n, "a whole number")
		return 0
	}
	number, err := strconv.Atoi(n.Value)
	if err != nil || number < least || number > most {
		r.fail(n, "%s: want a whole number from %d to %d", quote.Text(n.Value, 20), least, most)
		return 0
	}
	return number
}

func (r *reader) wrongKind(n *yaml.Node, want string) {
	r.fail(n, "%s is needed, not %s", want, kindOf(n))
}

// kindOf returns the kind of a value, for messages.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "an object"
	case yaml.AliasNode:
		return "an alias"
	default:
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!null":
		return "null"
	case "!!timestamp":
		return "a date"
	case "!!str":
		return "a text"
	}
	return "a value of another kind"
}
