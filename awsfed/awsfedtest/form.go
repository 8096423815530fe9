package awsfedtest

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxBody is more than the largest request that breaks no limit of its own: a token of 20,000 bytes, or 50 tags of 384
	// characters, percent-encoded.
	maxBody = 256 << 10
	// maxParameters is more than 50 tags, 50 transitive keys and ten policies need.
	maxParameters = 500
)

// A form is the parameters of one request in AWS's query protocol, or of one member of a list in it.
type form map[string]string

// parseForm reads a body of type application/x-www-form-urlencoded. A name that stands twice is an error: AWS's protocol has no
// such thing, and two readers that pick different ones disagree on what was asked.
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
		if _, twice := f[name]; twice {
			return nil, errors.New("a name stands twice")
		}
		if len(f) == maxParameters {
			return nil, errors.New("too many parameters")
		}
		f[name] = value
	}
	return f, nil
}

// encode is the inverse of parseForm, with the names sorted.
func (f form) encode() string {
	v := make(url.Values, len(f))
	for name, value := range f {
		v.Set(name, value)
	}
	return v.Encode()
}

// list returns the members of a list in the order of their numbers: of PolicyArns.member.2.arn the second one, with the name "arn".
// The name of a plain value (TransitiveTagKeys.member.1) is empty.
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
	numbers := make([]int, 0, len(members))
	for n := range members {
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, cmp.Compare[int])
	list := make([]form, len(numbers))
	for i, n := range numbers {
		list[i] = members[n]
	}
	return list
}
