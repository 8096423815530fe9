package dev

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseSecrets(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxSecretValue)
	for rule, tt := range map[string]struct {
		text string
		want map[string]string
	}{
		"no secret":                  {`{}`, map[string]string{}},
		"a name with all characters": {`{"a/B_9+=.@-":"v"}`, map[string]string{"a/B_9+=.@-": "v"}},
		"quotes and line breaks":     {`{"a":"\"x\"\n'y'\r\n\\"}`, map[string]string{"a": "\"x\"\n'y'\r\n\\"}},
		"UTF-8 and escapes":          {`{"a":"Grüße \u00fc \ud83d\udd11"}`, map[string]string{"a": "Grüße ü 🔑"}},
		"JSON in a string":           {`{"a":"{\"user\":\"x\"}"}`, map[string]string{"a": `{"user":"x"}`}},
		"the longest value":          {`{"a":"` + long + `"}`, map[string]string{"a": long}},
	} {
		got, err := parseSecrets(tt.text)
		if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
			t.Errorf("%s: parseSecrets: %v\n%s", rule, err, diff)
		}
	}
}

// Errors name the line and the secret, and contain no value.
func TestParseSecretsRefuses(t *testing.T) {
	t.Parallel()
	for rule, tt := range map[string]struct{ text, want string }{
		"nothing":            {``, "line 1, column 1: "},
		"a list":             {`["hunter2"]`, "line 1, column 1: "},
		"a number":           {"{\n\"a\": 4711}", "line 2, column 6: the value of a secret must be a string"},
		"null":               {`{"a":null}`, "line 1, column 6: the value of a secret must be a string"},
		"an object":          {`{"a":{"user":"hunter2"}}`, "write JSON as a string"},
		"an empty value":     {`{"a":""}`, `the value of "a" has 0 bytes`},
		"a value too long":   {`{"a":"` + strings.Repeat("x", maxSecretValue+1) + `"}`, `the value of "a" has 65537 bytes`},
		"an empty name":      {`{"":"hunter2"}`, `the name "" has 0 characters`},
		"a name too long":    {`{"` + strings.Repeat("n", 513) + `":"hunter2"}`, "has 513 characters"},
		"a blank in a name":  {`{"a b":"hunter2"}`, `the name "a b" has other characters`},
		"a repeated name":    {`{"a":"hunter2","a":"x"}`, "line 1, column 16: duplicate member name"},
		"text after the end": {"{}\nhunter2", "line 2, column 1: "},
		"a cut text":         {`{"a":"hunter2`, "line 1, column "},
		"not UTF-8":          {"{\"a\":\"hunter2\xff\"}", "line 1, column "},
	} {
		got, err := parseSecrets(tt.text)
		if err == nil || got != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: parseSecrets = %v, %v, want an error with %q", rule, got, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "4711") || len(err.Error()) > 300) {
			t.Errorf("%s: the error has a value or is too long: %v", rule, err)
		}
	}
}

func FuzzParseSecrets(f *testing.F) {
	f.Add(`{"database_connection_string":"postgres://u:p@127.0.0.1/d"}`)
	f.Add(`{"a":"\"\n\u00e9\ud83d\udd11","b/c":"{\"x\":1}"}`)
	f.Add(`{"a":1}`)
	f.Add(`{"a":"x","a":"y"}`)
	f.Fuzz(func(t *testing.T, text string) {
		secrets, err := parseSecrets(text)
		if (err == nil) == (secrets == nil) {
			t.Fatalf("parseSecrets(%q) = %v, %v", text, secrets, err)
		}
		if err != nil {
			return
		}
		// encoding/json reads the same, and so does parseSecrets after it wrote the secrets.
		var plain map[string]string
		if err := json.Unmarshal([]byte(text), &plain); err != nil || !cmp.Equal(plain, secrets) {
			t.Errorf("parseSecrets(%q) = %q, encoding/json reads %q, %v", text, secrets, plain, err)
		}
		again, err := json.Marshal(secrets)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := parseSecrets(string(again)); err != nil || !cmp.Equal(got, secrets) {
			t.Errorf("parseSecrets(%q) = %q, %v, want %q", again, got, err, secrets)
		}
	})
}
