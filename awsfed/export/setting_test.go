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
	profiles := []string{"", "a b", "a]", "[a", "a#", "a;", "DEFAULT", "a\nb", "a\"", "a'", `a\`, "é", "a\tb", strings.Repeat("a", 257)}
	for _, p := range profiles {
		if err := f.Edit(t.Context(), p, export.Set("a", "1")); err == nil {
			t.Errorf("profile %q was accepted", p)
		}
	}
	keys := []string{"", "A", "a b", "a=b", "a:b", "[a", "#a", "a\n", "é"}
	for _, k := range keys {
		if err := f.Edit(t.Context(), "p", export.Set(k, "1")); err == nil {
			t.Errorf("key %q was accepted", k)
		}
	}
	const secret = "sEcReT"
	values := []string{" " + secret, secret + " ", secret + "\n[q]", secret + "\rx", secret + "\x00", "#" + secret, ";" + secret, secret + " # x", secret + "\t;x", `"` + secret + `"`, "'" + secret + "'", `"`, "'", secret + "\u2028x", secret + "\u00a0x", secret + "\xff", secret + strings.Repeat("x", 40<<10)}
	for _, v := range values {
		err := f.Edit(t.Context(), "p", export.Set("a", v))
		if err == nil {
			t.Errorf("value %q was accepted", v)
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
