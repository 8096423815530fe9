package awsfed

// In the package itself: LoadConfig removes the copies.

import "testing"

// All lines of a value that is replaced are left out, and no line of another value is.
func TestWithoutCredentials(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[p]\naws_secret_access_key = a\n  b\nregion = x\n": "[p]\nignored = ignored\nregion = x\n",
		"[p]\nrole_arn = a\nregion = x\n  y\n":              "[p]\nignored = ignored\nregion = x\n  y\n",
		"[p]\nrole_arn = a\n[q]\n  x\n":                     "[p]\nignored = ignored\n[q]\n  x\n",
		"[p]\nrole_arn = a\nx\n":                            "[p]\nignored = ignored\nx\n",
	} {
		if got, found := withoutCredentials(text); got != want || !found {
			t.Errorf("withoutCredentials(%q) = %q, %v, want %q", text, got, found, want)
		}
	}
}
