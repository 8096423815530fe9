package export_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/export"
)

// profiles is a credentials file of n profiles, each with keys and a token.
func profiles(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "# profile %d\n[profile-%d]\naws_access_key_id = ASIATESTONAFED%06d\naws_secret_access_key = %040d\naws_session_token = %0400d\nregion = eu-west-1\n\n", i, i, i, i, i)
	}
	return b.String()
}

// One of 200 profiles is edited, on disk and with all that makes it safe, in
// at most 40 allocations.
func TestEditAllocations(t *testing.T) {
	f := credentialsFile(t, profiles(200), nil)
	ctx, n := t.Context(), 0
	if got := testing.AllocsPerRun(20, func() {
		n++
		if err := f.WriteCredentials(ctx, "profile-100", credentials(n)); err != nil {
			t.Fatal(err)
		}
	}); got > 40+5 { // credentials makes 5 of them
		t.Errorf("%v allocations, want at most 40 and those of the test", got)
	}
	n = 0
	values := []string{"a", "b"}
	if got := testing.AllocsPerRun(20, func() {
		n++
		if err := f.Edit(ctx, "profile-100", export.Setting{Key: "region", Value: values[n%2]}); err != nil {
			t.Fatal(err)
		}
	}); got > 40 {
		t.Errorf("%v allocations for one key, want at most 40", got)
	}
}

func BenchmarkEdit(b *testing.B) {
	path := filepath.Join(b.TempDir(), "credentials")
	f, err := export.NewCredentialsFile(path, nil)
	if err != nil {
		b.Fatal(err)
	}
	for i := range 200 {
		if err := f.WriteCredentials(b.Context(), "profile-"+strconv.Itoa(i), credentials(i)); err != nil {
			b.Fatal(err)
		}
	}
	ctx, n, values := b.Context(), 0, []string{"a", "b"}
	b.ReportAllocs()
	for b.Loop() {
		n++
		if err := f.Edit(ctx, "profile-100", export.Setting{Key: "region", Value: values[n%2]}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRewrite(b *testing.B) {
	text := profiles(200)
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, ok := export.Rewrite(false, text, "profile-100", export.Setting{Key: "region", Value: "x"}); !ok {
			b.Fatal("refused")
		}
	}
}

// The header behind the section is read too before anything is written: below a
// new key an indented one would no longer begin a section for botocore.
func TestEditMindsTheNextHeader(t *testing.T) {
	t.Parallel()
	set := export.Setting{Key: "a", Value: "1"}
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
}

// An edit of any text that is accepted changes the lines of its keys and
// nothing else, and what it wrote is read back.
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
		set := export.Setting{Key: key, Value: value}
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

// checkLines compares by lines, knowing nothing of the scanner: without the
// lines that set the key (or lie indented below it), in the section or not, the
// text before is the text after, but for a new section at the end.
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
		t.Fatalf("%q became %q: lines of others changed", before, after)
	}
}
