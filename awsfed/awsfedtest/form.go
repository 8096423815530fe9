package awsfedtest

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxBody is the largest body in bytes. It is larger than each valid request: a token of 20,000
	// bytes, or 50 tags of 384 characters, percent-encoded.
	maxBody = 256 << 10
	// maxParameters is enough for 50 tags, 50 transitive keys and 10 policies.
	maxParameters = 500
)

// A form holds the parameters of a request of AWS's query protocol, or of a member of a list.
type form map[string]string

// parseForm parses a body of type application/x-www-form-urlencoded. A name that appears twice is
// an error: clients of AWS do not send it, and parsers differ in the value that they use.
func parseForm(body string) (form, error) {
	f := form{}
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return nil, errors.New("a name is not percent-encoded")
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return nil, errors.New("a value is not percent-encoded")
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errors.New("not UTF-8")
		}
		if _, exists := f[name]; exists {
			return nil, errors.New("a name appears twice")
		}
		if len(f) == maxParameters {
			return nil, errors.New("too many parameters")
		}
		f[name] = value
	}
	return f, nil
}

// list returns the members of a list, sorted by number. PolicyArns.member.2.arn is the parameter
// "arn" of the second member. The name of a plain value, such as TransitiveTagKeys.member.1, is "".
func (f form) list(name string) []form {
	members := map[int]form{}
	for key, value := range f {
		rest, ok := strings.CutPrefix(key, name+".member.")
		if !ok {
			continue
		}
		number, field, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || strconv.Itoa(n) != number {
			continue
		}
		if members[n] == nil {
			members[n] = form{}
		}
		members[n][field] = value
	}
	var list []form
	for _, n := range slices.Sorted(maps.Keys(members)) {
		list = append(list, members[n])
	}
	return list
}
