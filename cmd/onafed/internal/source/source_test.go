package source_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/idp"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	for rule, tt := range map[string]struct {
		flags source.Flags
		want  string // a part of the error; empty for none
	}{
		"nothing":                {source.Flags{}, ""},
		"a variable":             {source.Flags{TokenEnv: "My_TOKEN2"}, ""},
		"a token for a variable": {source.Flags{TokenEnv: "eyJhbGciOiJub25lIn0.e30.c2ln"}, "--token-env takes the name of a variable"},
		"a key for a variable":   {source.Flags{APITokenEnv: "key-1"}, "--api-token-env takes the name of a variable"},
		"an empty command":       {source.Flags{TokenCommand: " "}, "--token-command is empty"},
		"an http address":        {source.Flags{APIURL: "http://example.com"}, "BaseURL"},
		"an https address":       {source.Flags{APIURL: "https://example.com/api"}, ""},
	} {
		err := tt.flags.Check()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Check() = %v, want an error with %q", rule, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s: the error repeats the token: %v", rule, err)
		}
	}
}

// ONAFED_TOKEN_FILE names a token file unless a flag chooses another source.
func TestTokenFileVariable(t *testing.T) {
	for rule, tt := range map[string]struct {
		variable    string
		flags, want source.Flags
	}{
		"the variable":                    {"v", source.Flags{}, source.Flags{TokenFile: "v"}},
		"no variable":                     {"", source.Flags{}, source.Flags{}},
		"a file":                          {"v", source.Flags{TokenFile: "f"}, source.Flags{TokenFile: "f"}},
		"a variable with a token":         {"v", source.Flags{TokenEnv: "X"}, source.Flags{TokenEnv: "X"}},
		"a command":                       {"v", source.Flags{TokenCommand: "c"}, source.Flags{TokenCommand: "c"}},
		"an API token in a file":          {"v", source.Flags{APITokenFile: "f"}, source.Flags{APITokenFile: "f"}},
		"an API token in a variable":      {"v", source.Flags{APITokenEnv: "X"}, source.Flags{APITokenEnv: "X"}},
		"flags that choose nothing alone": {"v", source.Flags{AllowExec: true, APIURL: "u"}, source.Flags{TokenFile: "v", AllowExec: true, APIURL: "u"}},
	} {
		t.Setenv(source.TokenFileVariable, tt.variable)
		err := tt.flags.AfterApply()
		if diff := cmp.Diff(tt.want, tt.flags, cmpopts.IgnoreUnexported(source.Flags{})); diff != "" || err != nil {
			t.Errorf("%s: AfterApply = %v, flags (-want +got):\n%s", rule, err, diff)
		}
		src, err := tt.flags.Source("audience", slog.New(slog.DiscardHandler))
		named := err == nil && strings.HasSuffix(source.Name(src), ` "v" of ONAFED_TOKEN_FILE`)
		if want := tt.want.TokenFile == "v"; named != want {
			t.Errorf("%s: the variable is in the name of the source: %v, want %v", rule, named, want)
		}
	}
}

// Two sources of one kind have different fingerprints, so that they never share credentials in the
// cache. A fingerprint contains nothing of a secret.
func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a": "secret-a", "b": "secret-b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range idp.EnvironmentVariables() {
		t.Setenv(v.Name, "")
	}
	t.Setenv("ONA_TOKEN", "secret-api-token")
	seen := make(map[string]string)
	add := func(rule string, f source.Flags) {
		src, err := f.Source("audience", slog.New(slog.DiscardHandler))
		if err != nil {
			src = idp.Env("X") // the fingerprint does not depend on it
		}
		kind, mark := f.Fingerprint(src)
		if other, found := seen[kind+mark]; found {
			t.Errorf("%s and %s have the same fingerprint", rule, other)
		}
		if strings.Contains(kind+mark, "secret") {
			t.Errorf("%s: the fingerprint has a secret: %s %s", rule, kind, mark)
		}
		seen[kind+mark] = rule
	}
	add("file a", source.Flags{TokenFile: filepath.Join(dir, "a")})
	add("file b", source.Flags{TokenFile: filepath.Join(dir, "b")})
	add("API file a", source.Flags{APITokenFile: filepath.Join(dir, "a")})
	add("command a", source.Flags{TokenCommand: "cat a"})
	add("command b", source.Flags{TokenCommand: "cat b"})
	for _, value := range []string{"secret-1", "secret-2"} {
		t.Setenv("SOURCE_TEST_TOKEN", value)
		add("variable "+value, source.Flags{TokenEnv: "SOURCE_TEST_TOKEN"})
		add("API variable "+value, source.Flags{APITokenEnv: "SOURCE_TEST_TOKEN"})
	}
	for _, name := range []string{"ONA_HOST", "ONA_BASE_URL", "ONA_API_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(name, "secret.example.com")
		add("environment with "+name, source.Flags{})
	}
}
