package trust

import (
	"fmt"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/strictjson"
)

// printer writes JSON without white space.
type printer struct {
	b      []byte
	filled bool // the innermost object or list is not empty
	lossy  bool // the policy has something that JSON cannot express
}

func (w *printer) open(c byte) {
	w.b = append(w.b, c)
	w.filled = false
}

func (w *printer) close(c byte) {
	w.b = append(w.b, c)
	w.filled = true
}

// next starts a member or an item.
func (w *printer) next() {
	if w.filled {
		w.b = append(w.b, ',')
	}
	w.filled = true
}

func (w *printer) name(s string) {
	w.next()
	w.text(s)
	w.b = append(w.b, ':')
}

// member is a member of an object. write writes the value.
type member struct {
	name    string
	present bool
	write   func()
}

// object writes the members that are present: first those in order, then the others.
func (w *printer) object(order []string, members []member) {
	rank := func(m member) int {
		if i := slices.Index(order, m.name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(members, func(a, b member) int { return rank(a) - rank(b) })
	w.open('{')
	for _, m := range members {
		if m.present {
			w.name(m.name)
			m.write()
		}
	}
	w.close('}')
}

// texts writes values as a list, or as a string if there is one value and list is false. unquoted
// states which values were a number or a boolean.
func (w *printer) texts(values []string, list bool, unquoted []bool) {
	value := func(i int) {
		if len(unquoted) == len(values) && unquoted[i] && isUnquoted(values[i]) {
			w.b = append(w.b, values[i]...)
			return
		}
		w.text(values[i])
	}
	if len(values) == 1 && !list {
		value(0)
		return
	}
	w.open('[')
	for i := range values {
		w.next()
		value(i)
	}
	w.close(']')
}

// isUnquoted reports whether s is valid JSON without quotes. The caller may have changed the value.
func isUnquoted(s string) bool { return s == "true" || s == "false" || strictjson.IsNumber(s) }

// text writes a string. It escapes characters that IAM documents cannot contain, and those that a
// terminal interprets or does not show, so that a printed policy is safe to display.
func (w *printer) text(s string) {
	w.lossy = w.lossy || !utf8.ValidString(s)
	w.b = append(w.b, '"')
	for _, ch := range s {
		switch {
		case ch == '"', ch == '\\':
			w.b = append(w.b, '\\', byte(ch))
		case ch == '\n':
			w.b = append(w.b, '\\', 'n')
		case ch == '\r':
			w.b = append(w.b, '\\', 'r')
		case ch == '\t':
			w.b = append(w.b, '\\', 't')
		case ch < 0x20, 0x7F <= ch && ch <= 0xA0, ch == 0xAD, ch > 0xFF:
			for _, unit := range utf16.AppendRune(nil, ch) {
				w.b = fmt.Appendf(w.b, `\u%04x`, unit)
			}
		default:
			w.b = utf8.AppendRune(w.b, ch)
		}
	}
	w.b = append(w.b, '"')
}
