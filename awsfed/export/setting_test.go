package export_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/export"
)

func TestEditRefusesInvalidSettings(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "", nil)
	profiles := []string{"", "a b", "a]", "[a", "a#", "a;", "DEFAULT", "a\nb", "a\"", "a'", `a\`, "é", "a\tb", "a\x7f", strings.Repeat("a", 257)}
	for _, p := range profiles {
		if err := f.Edit(t.Context(), p, export.Set("a", "1")); err == nil || !strings.Contains(err.Error(), "profile") {
			t.Errorf("profile %q: %v, want an error about its name", p, err)
		}
	}
	keys := []string{"", "A", "a b", "a=b", "a:b", "[a", "#a", "a\n", "é"}
	for _, k := range keys {
		if err := f.Edit(t.Context(), "p", export.Set(k, "1")); err == nil {
			t.Errorf("key %q was accepted", k)
		}
	}
	const secret = "sEcReT"
	const space, line, comment, quote = "with a space", "line break", "reads a comment", "with a quote"
	values := map[string]string{
		" " + secret: space, secret + " ": space,
		secret + "\n[q]": line, secret + "\rx": line, secret + "\x00": line, secret + "\t;x": line, secret + "\u2028x": line, secret + "\u00a0x": line,
		"#" + secret: comment, ";" + secret: comment, secret + " # x": comment, secret + " ;x": comment,
		`"` + secret + `"`: quote, "'" + secret + "'": quote, `"`: quote, "'": quote,
		secret + "\xff": "not UTF-8", secret + strings.Repeat("x", 32<<10): "longer than 32 KiB",
	}
	for v, reason := range values {
		err := f.Edit(t.Context(), "p", export.Set("a", v))
		if err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("value %q: %v, want %q", v, err, reason)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error contains the value: %v", err)
		}
	}
	if err := f.Edit(t.Context(), "p", export.Set("a", "1"), export.Set("a", "2")); err == nil {
		t.Error("a key set twice was accepted")
	}
	if _, err := os.Stat(f.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Error("the file was created")
	}
}

// The longest name of a profile and the longest value are accepted, and so are all characters of a
// key.
func TestEditUpToTheLimits(t *testing.T) {
	t.Parallel()
	f := credentialsFile(t, "", nil)
	profile, key, value := strings.Repeat("a", 256), "abcdefghijklmnopqrstuvwxyz0123456789_-", strings.Repeat("x", 32<<10)
	if err := f.Edit(t.Context(), profile, export.Set(key, value)); err != nil {
		t.Fatal(err)
	}
	if got, ok, err := f.Lookup(profile, key); got != value || !ok || err != nil {
		t.Errorf("Lookup = %d bytes, %v, %v, want %d", len(got), ok, err, len(value))
	}
}
