package idp_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/onafed/onafed/idp"
)

// utf16Text returns text in UTF-16 with a byte order mark, as PowerShell 5 writes it with >.
func utf16Text(text string) string {
	var b strings.Builder
	b.WriteString("\xff\xfe")
	for _, u := range utf16.Encode([]rune(text)) {
		b.WriteByte(byte(u))
		b.WriteByte(byte(u >> 8))
	}
	return b.String()
}

// The error about a token that was copied with the text around it, or written in another encoding, says
// what to change. ID tokens and API tokens have the same errors, which contain nothing of the token.
func TestErrorAboutAPastedTokenSaysWhatToChange(t *testing.T) {
	t.Parallel()
	raw := rawToken(inAnHour(), nil)
	for name, tt := range map[string]struct{ text, want string }{
		"scheme":                   {"Bearer " + raw, `begins with "Bearer"; give only the token after it`},
		"scheme in lower case":     {"bearer " + raw, `begins with "Bearer"`},
		"scheme and tab":           {"Bearer\t" + raw, `begins with "Bearer"`},
		"scheme and colon":         {"Bearer: " + raw, `begins with "Bearer"`},
		"scheme, colon, no space":  {"Bearer:" + raw, `begins with "Bearer"`},
		"scheme in a URL":          {"Bearer%20" + raw, `begins with "Bearer"`},
		"scheme in a query":        {"Bearer+" + raw, `begins with "Bearer"`},
		"scheme alone":             {"Bearer", `begins with "Bearer"`},
		"header":                   {"Authorization: Bearer " + raw, "whole header"},
		"header without a space":   {"authorization:Bearer " + raw, "whole header"},
		"quotation marks":          {`"` + raw + `"`, "in quotation marks; remove them"},
		"single quotation marks":   {"'" + raw + "'", "in quotation marks"},
		"quoted scheme":            {`"Bearer ` + raw + `"`, "in quotation marks"},
		"JSON":                     {`{"token":"` + raw + `"}`, "JSON; give only the token in it"},
		"UTF-16":                   {utf16Text(raw + "\r\n"), "UTF-16 (little endian), want UTF-8; in Windows PowerShell 5, write it with | Out-File -Encoding ascii"},
		"UTF-16 of a long token":   {utf16Text(raw + strings.Repeat("a", 15_000)), "UTF-16 (little endian)"},
		"UTF-16 without a mark":    {strings.TrimPrefix(utf16Text(raw), "\xff\xfe"), "UTF-16 (little endian)"},
		"UTF-16, the other endian": {strings.TrimSuffix("\x00"+strings.TrimPrefix(utf16Text(raw), "\xff\xfe"), "\x00"), "UTF-16 (big endian)"},
	} {
		path := write(t, tt.text)
		_, parsed := idp.ParseToken(tt.text)
		_, file := idp.File(path).Token(t.Context())
		c, err := idp.NewClient(&idp.ClientOptions{Bearer: idp.BearerFile(path)})
		if err != nil {
			t.Fatal(err)
		}
		_, bearer := c.IDToken(t.Context(), "a")
		for way, err := range map[string]error{"ParseToken": parsed, "File": file, "BearerFile": bearer} {
			if err == nil || !strings.Contains(err.Error(), tt.want) || len(err.Error()) > 300+len(filepath.Dir(path)) {
				t.Errorf("%s, %s: %v, want an error with %q", name, way, err, tt.want)
				continue
			}
			if strings.Contains(err.Error(), raw[:10]) {
				t.Errorf("%s, %s: the error shows the token: %v", name, way, err)
			}
		}
		if _, ok := errors.AsType[*idp.NotTokenError](parsed); !ok {
			t.Errorf("%s: ParseToken = %T", name, parsed)
		}
	}
	for _, text := range []string{"Bearertoken-1", "bearer-1", "Authorization"} {
		if _, err := idp.ParseToken(text); err == nil || !strings.Contains(err.Error(), "opaque value") {
			t.Errorf("ParseToken(%q) = %v", text, err)
		}
	}
}
