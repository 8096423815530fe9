package terminal_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

func TestEscape(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= 0xe01ff; r++ {
		if r == 0x20000 {
			r = 0xe0000 // the planes between are ideographs or empty
		}
		if !utf8.ValidRune(r) {
			continue
		}
		unchanged := string(terminal.Escape([]byte(string(r)))) == string(r)
		whiteSpace := r == '\n' || r == '\t'
		if want := whiteSpace || unicode.IsPrint(r); unchanged != want {
			t.Fatalf("Escape leaves %U unchanged: %t, want %t", r, unchanged, want)
		}
		if unchanged && !whiteSpace && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control) {
			t.Fatalf("Escape leaves the control character %U", r)
		}
	}
}

// Bytes from 0x80 on are not UTF-8 by themselves. Terminals read some of them as control
// characters.
func TestEscapeBytes(t *testing.T) {
	t.Parallel()
	for b := 0x80; b < 0x100; b++ {
		got := terminal.EscapeString(string([]byte{'a', byte(b), 'z'}))
		if want := fmt.Sprintf(`a\x%02xz`, b); got != want {
			t.Errorf("Escape of the byte %#x = %q, want %q", b, got, want)
		}
	}
}

// FuzzJSON checks that the JSON is printable and has the same meaning as the value.
func FuzzJSON(f *testing.F) {
	f.Add("\u202e\x1b[2J", "\U000e0041")
	f.Fuzz(func(t *testing.T, key, value string) {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			t.Skip("JSON is UTF-8")
		}
		want := map[string]any{key: value}
		text, err := terminal.JSON(want)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(text) {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Errorf("%U is not printable", r)
			}
		}
		var got map[string]any
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("another value (-want +got):\n%s", diff)
		}
	})
}

func TestMessagesAreEscaped(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	term := &terminal.Terminal{Err: terminal.Escaping(&b)}
	term.Say("%s", "a\x1b[2Jb\u202ec\x9bd")
	if got, want := b.String(), `a\u001b[2Jb\u202ec\x9bd`+"\n"; got != want {
		t.Errorf("say wrote %q, want %q", got, want)
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{"": "''", "/run/a-b_c.d": "/run/a-b_c.d", "a b": "'a b'", "it's": `'it'\''s'`, "$x": "'$x'", "~/a": "'~/a'"} {
		if got := terminal.ShellWord(s); got != want {
			t.Errorf("terminal.ShellWord(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestWithoutHome(t *testing.T) {
	for _, tt := range []struct{ home, text, want string }{
		{"/home/jane.doe", "/home/jane.doe/.aws/config", "~/.aws/config"},
		{"/home/jane.doe/", `open "/home/jane.doe/a": and /home/jane.doe/b`, `open "~/a": and ~/b`},
		{"/home//jane.doe", "/home/jane.doe/a", "~/a"},
		{"/home/jane", `the folder "/home/jane" and /home/jane.`, `the folder "~" and ~.`},
		{"/home/jane", "/home/jane.doe/a /home/jane-2 /home/janet", "/home/jane.doe/a /home/jane-2 /home/janet"},
		{"/home/jän", "/home/jän/a", "~/a"},
		{"/root", "/srv/root/a", "/srv/root/a"},
		{"/root", "x/root/a", "x/root/a"},
		{"/root", "/rooted/a", "/rooted/a"},
		{"/", "/etc/a", "/etc/a"},
		{"", "/etc/a", "/etc/a"},
	} {
		home(t, tt.home)
		if got := terminal.WithoutHome(filepath.FromSlash(tt.text)); got != filepath.FromSlash(tt.want) {
			t.Errorf("terminal.WithoutHome(%q) with the home folder %q = %q, want %q", tt.text, tt.home, got, tt.want)
		}
	}
}

// Messages quote paths.
func TestWithoutQuotedHome(t *testing.T) {
	for _, folder := range []string{"/home/jän", "/home/a\tb", "/home/jane.doe"} {
		folder = filepath.FromSlash(folder)
		home(t, folder)
		for _, quoted := range []func(string) string{strconv.Quote, strconv.QuoteToASCII} {
			text := quoted(filepath.Join(folder, "a"))
			if got, want := terminal.WithoutHome(text), quoted("~"+string(filepath.Separator)+"a"); got != want {
				t.Errorf("terminal.WithoutHome(%s) with the home folder %q = %s, want %s", text, folder, got, want)
			}
		}
	}
}

// Messages may name the home folder by the path to which it links.
func TestWithoutLinkedHome(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	folder, link := filepath.Join(dir, "jane.doe"), filepath.Join(dir, "link")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(folder, link); err != nil {
		t.Skip(err)
	}
	home(t, link)
	for _, path := range []string{filepath.Join(folder, "a"), filepath.Join(link, "a")} {
		for _, text := range []string{path, strconv.Quote(path), quote.Path(path)} {
			if got := terminal.WithoutHome(text); !strings.HasPrefix(strings.Trim(got, `"`), "~") {
				t.Errorf("terminal.WithoutHome(%q) with the home folder %q = %q, want ~", text, link, got)
			}
		}
	}
}

// home sets the home folder.
func home(t *testing.T, folder string) {
	t.Helper()
	t.Setenv("HOME", folder)
	t.Setenv("USERPROFILE", folder) // on Windows
}

func TestStyle(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		term  terminal.Terminal
		style terminal.Style
		want  string
	}{
		"no terminal":       {terminal.Terminal{}, terminal.Bad, "-|text"},
		"no colors":         {terminal.Terminal{Marks: true}, terminal.Bad, "✗|text"},
		"colors":            {terminal.Terminal{Marks: true, Color: true}, terminal.Bad, "✗|\x1b[31mtext\x1b[0m"},
		"good":              {terminal.Terminal{Marks: true, Color: true}, terminal.Good, "✓|\x1b[32mtext\x1b[0m"},
		"unsure":            {terminal.Terminal{Marks: true, Color: true}, terminal.Unsure, "!|\x1b[33mtext\x1b[0m"},
		"a line of no kind": {terminal.Terminal{Marks: true, Color: true}, terminal.Plain, " |text"},
	} {
		if got := tt.term.Mark(tt.style, "-") + "|" + tt.term.Paint(tt.style, "text"); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
