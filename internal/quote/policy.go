package quote

import (
	"strconv"
	"strings"
)

// alphanumeric holds the ASCII letters and digits.
const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

const (
	maxWord   = 128 // bytes of a word that is not quoted
	maxName   = 64  // bytes of a name that are shown
	maxValue  = 300 // bytes of a value that are shown
	maxValues = 20  // values of a list that are shown
)

// Name quotes, escapes and cuts a name from a document to 64 bytes.
func Name(s string) string { return Text(s, maxName) }

// Value quotes, escapes and cuts a value from a document to 300 bytes. It does not escape
// [Ellipsis].
func Value(s string) string { return Redacted(s, maxValue) }

// Values returns the values, each as by [Value], separated by commas. It shows at most 20 and the
// number of the others.
func Values(values []string) string {
	var b strings.Builder
	for i, v := range values {
		if i == maxValues {
			b.WriteString(", and " + strconv.Itoa(len(values)-maxValues) + " more")
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(Value(v))
	}
	return b.String()
}

// Word returns s unchanged if it has at most 128 bytes and consists of ASCII letters, digits and the
// characters . : / _ - only. It returns any other text as by [Name].
func Word(s string) string {
	if len(s) > maxWord || strings.Trim(s, alphanumeric+".:/_-") != "" {
		return Name(s)
	}
	return s
}
