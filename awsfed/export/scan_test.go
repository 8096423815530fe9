package export_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// A text that the Go SDK and botocore read differently is refused, with the line.
func TestScanRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refusedTexts() {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			profile := "p"
			if strings.Contains(tt.rule, "[default]") {
				profile = "default"
			}
			_, line, reason := export.Scan(tt.config, tt.text, profile)
			if line != tt.line {
				t.Errorf("Scan(%q) refused line %d (%s), want line %d", tt.text, line, reason, tt.line)
			}
		})
	}
}

// A refusedText is refused because of one line.
type refusedText struct {
	rule, text string
	line       int
	config     bool
}

func refusedTexts() []refusedText {
	return []refusedText{
		{rule: "byte order mark", text: "\ufeff[p]\na = 1\n", line: 1},
		{rule: "not UTF-8", text: "[p]\na = \xff\n", line: 2},
		{rule: "not UTF-8 in a comment", text: "# ok\n# \xff\n[p]\n", line: 2},
		{rule: "control character", text: "[p]\na = \x00\n", line: 2},
		{rule: "vertical tab", text: "[p]\n\va = 1\n", line: 2},
		{rule: "lone carriage return", text: "[p]\na = 1\rb = 2\n", line: 2},
		{rule: "carriage return at the end", text: "[p]\na = 1\r", line: 2},
		{rule: "no-break space before a key", text: "[p]\n\u00a0a = 1\n", line: 2},
		{rule: "line separator in a value", text: "[p]\na = 1\u20282\n", line: 2},
		{rule: "duplicate section", text: "[q]\n[p]\n[q]\n", line: 3},
		{rule: "duplicate section, comment after it", text: "[p]\n[p] # again\n", line: 2},
		{rule: "duplicate section of the profile, spaces inside", text: "[p]\na = 1\n[ p ]\n", line: 3},
		{rule: "duplicate key", text: "[q]\na = 1\nb = 2\na = 3\n", line: 4},
		{rule: "duplicate key, other case", text: "[q]\na = 1\nA = 3\n", line: 3},
		{rule: "duplicate key among many", text: "[q]\n" + manyKeys(100) + "k7 = 1\n", line: 102},
		{rule: "key before any section", text: "# c\n\na = 1\n[p]\n", line: 3},
		{rule: "indented key before any section", text: "  a = 1\n[p]\n", line: 1},
		{rule: "line without =", text: "[q]\ngarbage\n", line: 2},
		{rule: "= after a comment sign", text: "[q]\ngarbage # a = 1\n", line: 2},
		{rule: "empty key", text: "[q]\n= 1\n", line: 2},
		{rule: "key beyond ASCII", text: "[q]\n\u212ay = 1\n", line: 2},
		{rule: "unterminated section", text: "[q\na = 1\n", line: 1},
		{rule: "unterminated section with =", text: "[p]\n[q = 1\n", line: 2},
		{rule: "empty section name", text: "[]\n", line: 1},
		{rule: "blank section name", text: "[ ]\n", line: 1},
		{rule: "text after a header", text: "[q] x\n", line: 1},
		{rule: "bracket in the comment after a header", text: "[q] # [x]\n", line: 1},
		{rule: "# in a section name", text: "[q#x]\n", line: 1},
		{rule: "; in a section name", text: "[q;x]\n", line: 1},
		{rule: "[DEFAULT]", text: "[p]\n[DEFAULT]\nregion = x\n", line: 2},
		{rule: "spaces in the header of the profile", text: "[ p ]\n", line: 1},
		{rule: "spaces in the config header of the profile", text: "[ profile p ]\n", line: 1, config: true},
		{rule: "quoted name of the profile", text: "[profile \"p\"]\n", line: 1, config: true},
		{rule: "header that only botocore reads as the profile", text: "[profiles p]\n", line: 1, config: true},
		{rule: "[default] and [profile default]", text: "[default]\n[profile default]\n", line: 2, config: true},
		{rule: "indented key below a value", text: "[q]\na = 1\n  b = 2\n", line: 3},
		{rule: "indented = below a value", text: "[q]\na = 1\n  = 2\n", line: 3},
		{rule: "indented section below a value", text: "[q]\na = 1\n [p]\n", line: 3},
		{rule: "indented line without = below an empty value", text: "[q]\ns3 =\n  garbage\n", line: 3},
		{rule: "indented line below a value of quotes", text: "[q]\ns3 = \"\"\n  a = 1\n", line: 3},
		{rule: "indented line below a comment", text: "[q]\ns3 = # x\n  a = 1\n", line: 3},
		{rule: "less indented key below an empty one", text: "[q]\n  a =\n  b = 1\n", line: 3},
		{rule: "value of one quote", text: "[q]\na = \"\n", line: 2},
		{rule: "nested value of one quote without a key", text: "[q]\ns3 =\n  = '\n", line: 3},
		{rule: "nested value of one quote", text: "[q]\ns3 =\n  a = '\n", line: 3},
	}
}

// An error says which file and line it is about, and what to do, in at most 300 bytes.
func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	for _, tt := range refusedTexts() {
		profile := "p"
		if strings.Contains(tt.rule, "[default]") {
			profile = "default"
		}
		newFile := credentialsFile
		if tt.config {
			newFile = configFile
		}
		_, _, err := newFile(t, tt.text, nil).Lookup(profile, "a")
		refused, ok := errors.AsType[*export.FileError](err)
		if !ok || refused.Line != tt.line || refused.Next == "" || len(err.Error())-len(refused.Path) > 300 {
			t.Errorf("%s: %v, want a *FileError for line %d with a next step, at most 300 bytes", tt.rule, err, tt.line)
		}
	}
}

// The scanner checks every byte of a line.
func TestScanChecksEveryByte(t *testing.T) {
	t.Parallel()
	for b := range 256 {
		if b == '\n' {
			continue
		}
		bad := b < ' ' && b != '\t' || b >= 0x7f // a single byte outside ASCII is not UTF-8
		for at := range 16 {
			text := []byte("[p]\n# " + strings.Repeat("x", 20) + "\n")
			text[len("[p]\n# ")+at] = byte(b)
			if _, line, reason := export.Scan(false, string(text), "p"); bad != (line == 2) {
				t.Errorf("byte %#02x at offset %d: line %d %s", b, at, line, reason)
			}
		}
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d = v\n", i)
	}
	return b.String()
}

// A text that both read alike is accepted.
func TestScanReads(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule, text, profile string
		config              bool
		want                map[string]string
		ambiguous           []string
	}{
		{rule: "plain", text: "[p]\na = 1\nb=2\n", want: map[string]string{"a": "1", "b": "2"}},
		{rule: "letter case of keys does not matter", text: "[p]\nAWS_Region = EU\n", want: map[string]string{"aws_region": "EU"}},
		{rule: "colon", text: "[p]\na: 1=2\n", want: map[string]string{"a": "1=2"}},
		{rule: "CRLF", text: "[p]\r\na = 1\r\n\r\n", want: map[string]string{"a": "1"}},
		{rule: "no final newline", text: "[p]\na = 1", want: map[string]string{"a": "1"}},
		{rule: "comments and blanks", text: "# x\n ; y\n\n[p] # z\n\n  # é [x]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "comment sign without a space before it", text: "[p]\na = 1#2;3\n", want: map[string]string{"a": "1#2;3"}},
		{rule: "nested block", text: "[p]\ns3 =\n  x = 1\n\n  y = 2\na = 3\n", want: map[string]string{"a": "3"}, ambiguous: []string{"s3"}},
		{rule: "value of two lines", text: "[p]\na = 1\n  two\nb = 2\n", want: map[string]string{"b": "2"}, ambiguous: []string{"a"}},
		{rule: "a value beyond ASCII", text: "[p]\na = é\n", want: map[string]string{"a": "é"}},
		{rule: "no-break space in a comment", text: "# \u00a0\n[p]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "empty comment after a value", text: "[p]\na = 1 #\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "inline comment of an indented key", text: "[p]\n  a = 1 # x\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "# at the beginning of the value of an indented key", text: "[p]\n  a = #x #y\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "; at the beginning of the value of an indented key", text: "[p]\n  a = ;x ;y\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "[profile] without a name is not the profile", text: "[profile]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profilep] is not the profile", text: "[profilep]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "indented keys", text: "[p]\n  a = 1\n  b = 2\nc = 3\n", want: map[string]string{"a": "1", "b": "2", "c": "3"}},
		{rule: "indented section", text: "  [p]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "inline comment in the section", text: "[p]\na = 1 # x\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "quotes in the section", text: "[p]\na = \"1\"\n", want: map[string]string{}, ambiguous: []string{"a"}},
		{rule: "inline comment in another section", text: "[q]\na = 1 # x\n[p]\na = 1\n", want: map[string]string{"a": "1"}},
		{rule: "another profile with a quoted name", text: "[profile \"a b\"]\nx = 1\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile p] in a config file", text: "[p]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile  p] with two spaces", text: "[profile \t p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
		{rule: "[default] in a config file", text: "[default]\na = 1\n", profile: "default", config: true, want: map[string]string{"a": "1"}},
		{rule: "[profile default] in a config file", text: "[profile default]\na = 1\n", profile: "default", config: true, want: map[string]string{"a": "1"}},
		{rule: "sso-session of the same name", text: "[sso-session p]\na = 0\n[profile p]\na = 1\n", config: true, want: map[string]string{"a": "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			if tt.profile == "" {
				tt.profile = "p"
			}
			got, line, reason := export.Scan(tt.config, tt.text, tt.profile)
			if line != 0 {
				t.Fatalf("Scan(%q) refused line %d: %s", tt.text, line, reason)
			}
			if diff := cmp.Diff(tt.want, got.Values); diff != "" || !slices.Equal(got.Ambiguous, tt.ambiguous) {
				t.Errorf("Scan(%q): ambiguous %q, want %q; values (-want +got):\n%s", tt.text, got.Ambiguous, tt.ambiguous, diff)
			}
		})
	}
}
