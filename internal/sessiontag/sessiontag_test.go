package sessiontag_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/sessiontag"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	for name, tt := range map[string]struct {
		tags       map[string]string
		transitive []string
		want       string // a part of the reason, "" for none
	}{
		"no tags":                      {},
		"an empty value":               {tags: map[string]string{"k": ""}},
		"letters of other scripts":     {tags: map[string]string{"Größe": "大 _.:/=+-@"}},
		"a transitive key":             {tags: map[string]string{"Team": "x"}, transitive: []string{"TEAM"}},
		"the longest key and value":    {tags: map[string]string{strings.Repeat("é", 128): strings.Repeat("é", 256)}},
		"an empty key":                 {tags: map[string]string{"": "x"}, want: "1 to 128 characters"},
		"a key of 129":                 {tags: map[string]string{strings.Repeat("k", 129): ""}, want: "1 to 128 characters"},
		"a value of 257":               {tags: map[string]string{"k": strings.Repeat("v", 257)}, want: "more than 256 characters"},
		"a forbidden character":        {tags: map[string]string{"k": "a*b"}, want: "has a character"},
		"a line break":                 {tags: map[string]string{"k\n": ""}, want: "has a character"},
		"bytes that are not UTF-8":     {tags: map[string]string{"k": "\xff"}, want: "has a character"},
		"the reserved prefix":          {tags: map[string]string{"AWS:x": ""}, want: "reserved"},
		"keys that differ in case":     {tags: map[string]string{"k": "", "K": ""}, want: "letter case"},
		"51 tags":                      {tags: many, want: "50 tags"},
		"a transitive key without tag": {transitive: []string{"k"}, want: "not the key of a tag"},
	} {
		if got := sessiontag.Check(tt.tags, tt.transitive); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: Check = %q, want %q", name, got, tt.want)
		}
	}
}
