package export_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/export"
)

// Every byte outside the lines of the keys stays as it is.
func TestRewrite(t *testing.T) {
	t.Parallel()
	set := func(kv ...string) []export.Setting {
		var s []export.Setting
		for i := 0; i < len(kv); i += 2 {
			s = append(s, export.Set(kv[i], kv[i+1]))
		}
		return s
	}
	tests := []struct {
		rule, before, after string
		config              bool
		settings            []export.Setting
	}{
		{rule: "an empty file gets the section", before: "", after: "[p]\na = 1\nb = 2\n", settings: set("a", "1", "b", "2")},
		{rule: "config sections have a prefix", config: true, before: "", after: "[profile p]\na = 1\n", settings: set("a", "1")},
		{rule: "a new section comes last, after a blank line", before: "[q]\nx = 1\n", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "no second blank line", before: "[q]\nx = 1\n\n", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "a last line without newline gets one", before: "[q]\nx = 1", after: "[q]\nx = 1\n\n[p]\na = 1\n", settings: set("a", "1")},
		{rule: "a new section has the line ends of the file", before: "[q]\r\nx = 1\r\n", after: "[q]\r\nx = 1\r\n\r\n[p]\r\na = 1\r\n", settings: set("a", "1")},
		{rule: "a new section has the line end of the first line", before: "# c\r\n[q]\nx = 1\n", after: "# c\r\n[q]\nx = 1\n\r\n[p]\r\na = 1\r\n", settings: set("a", "1")},
		{rule: "a value is replaced in its place", before: "[p]\na = 0\nb = 2\n", after: "[p]\na = 1\nb = 2\n", settings: set("a", "1")},
		{rule: "our keys become lower-case", before: "[p]\nA=0\n", after: "[p]\na = 1\n", settings: set("a", "1")},
		{rule: "an equal value stays as it is written", before: "[p]\nA=1\n", after: "[p]\nA=1\n", settings: set("a", "1")},
		{rule: "a new key follows the last key of the section", before: "[p]\nx = 1\n# about q\n\n[q]\n", after: "[p]\nx = 1\na = 1\n# about q\n\n[q]\n", settings: set("a", "1")},
		{rule: "a new key follows a nested block", before: "[p]\ns3 =\n  x = 1\n  y = 2\n\n[q]\n", after: "[p]\ns3 =\n  x = 1\n  y = 2\na = 1\n\n[q]\n", settings: set("a", "1")},
		{rule: "a new key in an empty section", before: "[p]\n[q]\n", after: "[p]\na = 1\n[q]\n", settings: set("a", "1")},
		{rule: "a missing final newline stays missing", before: "[p]\nx = 1", after: "[p]\nx = 1\na = 1", settings: set("a", "1")},
		{rule: "a missing final newline stays missing when replaced", before: "[p]\na = 0", after: "[p]\na = 1", settings: set("a", "1")},
		{rule: "a header without newline", before: "[p]", after: "[p]\na = 1", settings: set("a", "1")},
		{rule: "CRLF stays", before: "[p]\r\na = 0\r\nx = 1\r\n", after: "[p]\r\na = 1\r\nx = 1\r\nb = 2\r\n", settings: set("a", "1", "b", "2")},
		{rule: "a removed key loses its line", before: "[p]\nx = 1\na = 0\ny = 2\n", after: "[p]\nx = 1\ny = 2\n", settings: set("a", "")},
		{rule: "a nested block is removed as a whole and its comments stay", before: "[p]\ns3 =\n  x = 1\n  # c\n  y = 2\nz = 1\n", after: "[p]\n  # c\nz = 1\n", settings: set("s3", "")},
		{rule: "removing from a missing section changes nothing", before: "[q]\n", after: "[q]\n", settings: set("a", "")},
		{rule: "indented keys stay indented", before: "[p]\n  a = 0\n  b = 2\n", after: "[p]\n  a = 1\n  b = 2\n", settings: set("a", "1")},
		{rule: "other sections keep their comments and quotes", before: "# head\n[q]\nx = \"1\" # c\n[p] # ours\n; c\na = 0\n", after: "# head\n[q]\nx = \"1\" # c\n[p] # ours\n; c\na = 1\n", settings: set("a", "1")},
		{rule: "a value in quotes is replaced", before: "[p]\na = \"0\"\nb = 2\n", after: "[p]\na = 1\nb = 2\n", settings: set("a", "1")},
		{rule: "a value with a comment is removed", before: "[p]\na = 0 # c\nb = 2\n", after: "[p]\nb = 2\n", settings: set("a", "")},
		{rule: "some replaced, some removed, some new", before: "[p]\na = 0\nx = 9\nb = 0\n[q]\n", after: "[p]\na = 1\nx = 9\nc = 3\n[q]\n", settings: set("a", "1", "b", "", "c", "3")},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			got, ok := export.Rewrite(tt.config, tt.before, "p", tt.settings...)
			if !ok {
				t.Fatalf("Rewrite(%q) was refused", tt.before)
			}
			if diff := cmp.Diff(tt.after, got); diff != "" {
				t.Errorf("Rewrite(%q) (-want +got):\n%s", tt.before, diff)
			}
			again, ok := export.Rewrite(tt.config, got, "p", tt.settings...)
			if !ok || again != got {
				t.Errorf("the same edit again changed %q to %q", got, again)
			}
		})
	}
}

// A line that SDKs read differently and that the edit keeps is refused.
func TestEditRefusesAmbiguousLinesThatStay(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"b = \"2\"", "b = 2 # c", "b = '2'"} {
		if after, ok := export.Rewrite(false, "[p]\na = \"0\"\n"+line+"\n", "p", export.Set("a", "1")); ok {
			t.Errorf("beside %q: Rewrite = %q, want a refusal", line, after)
		}
	}
}

// The header after the section is read too before the file is written: botocore would read an
// indented header below a new key as part of its value.
func TestEditChecksTheNextHeader(t *testing.T) {
	t.Parallel()
	set := export.Set("a", "1")
	for text, want := range map[string]bool{
		"[p]\n[q]\nb = 2\n":            true,
		"[p]\n  [q]\nb = 2\n":          false,
		"[p]\na = 0\n[q]\nb = 2\n":     true,
		"  [p]\n  c = 0\n  [q]\nb=2\n": false,
	} {
		if after, ok := export.Rewrite(false, text, "p", set); ok != want {
			t.Errorf("Rewrite(%q) = %q, %v; want ok %v", text, after, ok, want)
		}
	}
	err := credentialsFile(t, "[x]\n[p]\n  [q]\nb = 2\n", nil).Edit(t.Context(), "p", set)
	if refused, ok := errors.AsType[*export.FileError](err); !ok || refused.Line != 4 {
		t.Errorf("Edit = %v, want a refusal of line 4 of the new text", err)
	}
}

// An accepted edit of any text changes the lines of its keys and nothing else, and its value is
// read back.
func FuzzRewrite(f *testing.F) {
	seeds := []string{
		"", "[p]\n", "[p]\na = 1\n", "[p]\r\na = 1\r\n[q]\r\nb = 2", "[p]\na = 0\ns3 =\n  x = 1\n  y = 2\n# c\n\n[q]\na = 9\n",
		"  [p]\n  a = 1\n    two\n  b = 2\n", "[profile p]\na: 1\n[default]\nA=1\n", "# only a comment", "[p] # c\na =\n b = 1\n", "[p]\na = \"\n",
		"[q]\na = \"x\" # c\n[p]\nb = é\n", "[p]\na = 1\n[p]\n", "\ufeff[p]\n", "[p]\na = 1\rb = 2\n", "[ p ]\n[p]\n", "[p]\na = ''\n  b = 1\n",
	}
	for _, text := range seeds {
		f.Add(text, "p", "a", "1", true)
		f.Add(text, "p", "a", "", false)
		f.Add(text, "default", "b", "x = y", true)
	}
	f.Fuzz(func(t *testing.T, text, profile, key, value string, isConfig bool) {
		if same, ok := export.Rewrite(isConfig, text, profile); ok && same != text {
			t.Fatalf("no settings changed %q to %q", text, same)
		}
		set := export.Set(key, value)
		after, ok := export.Rewrite(isConfig, text, profile, set)
		if !ok {
			if after != "" {
				t.Fatalf("a refused edit gave %q", after)
			}
			return
		}
		seen, line, reason := export.Scan(isConfig, after, profile)
		if line != 0 {
			t.Fatalf("%q became %q, which is refused at line %d: %s", text, after, line, reason)
		}
		if seen.Values[key] != value {
			t.Fatalf("%q became %q, where %s = %q, want %q", text, after, key, seen.Values[key], value)
		}
		if again, ok := export.Rewrite(isConfig, after, profile, set); !ok || again != after {
			t.Fatalf("the same edit again changed %q to %q", after, again)
		}
		before, _, _ := export.Scan(isConfig, text, profile)
		others := func(s export.Seen) string {
			delete(s.Values, key)
			return fmt.Sprint(s.Values)
		}
		if others(before) != others(seen) {
			t.Fatalf("%q became %q: other keys changed", text, after)
		}
		checkLines(t, text, after, key, before.Found)
	})
}

// checkLines compares the texts by lines, without the scanner. Both texts lose the lines that set
// the key, or are indented below it, in any section. The rest must be equal, except for a new
// section at the end.
func checkLines(t *testing.T, before, after, key string, found bool) {
	t.Helper()
	strip := func(text string) []string {
		var kept []string
		below, indent := false, 0
		for _, l := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
			body := strings.TrimSpace(l)
			name := strings.ToLower(strings.TrimSpace(body[:max(0, strings.IndexAny(body+"=", "=:"))]))
			comment := body == "" || body[0] == '#' || body[0] == ';'
			switch {
			case comment:
				if body != "" {
					kept = append(kept, l)
				}
				continue
			case below && len(l)-len(strings.TrimLeft(l, " \t")) > indent:
				continue
			case name == key && body[0] != '[':
				below, indent = true, len(l)-len(strings.TrimLeft(l, " \t"))
				continue
			}
			below = false
			kept = append(kept, l)
		}
		return kept
	}
	a, b := strip(before), strip(after)
	if !found && len(b) == len(a)+1 {
		b = b[:len(b)-1] // the header of the new section
	}
	if strings.Join(a, "\n") != strings.Join(b, "\n") {
		t.Fatalf("%q became %q: other lines changed", before, after)
	}
}
