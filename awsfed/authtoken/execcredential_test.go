package authtoken_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
)

// fixed returns a token with that text and expiry.
func fixed(tb testing.TB, raw string, expiry time.Time) authtoken.Token {
	tb.Helper()
	s, err := authtoken.New(static(), func(context.Context, aws.Credentials) (string, time.Time, error) { return raw, expiry, nil })
	if err != nil {
		tb.Fatal(err)
	}
	tok, err := s.Token(context.Background())
	if err != nil {
		tb.Fatal(err)
	}
	return tok
}

func TestExecCredential(t *testing.T) {
	t.Parallel()
	expiry := time.Now().Add(time.Hour)
	tok, endless := fixed(t, "k8s-aws-v1.abc", expiry), fixed(t, "k8s-aws-v1.abc", time.Time{})
	const group = "client.authentication.k8s.io/"
	asked := func(version string) string {
		return fmt.Sprintf(`{"kind":"ExecCredential","apiVersion":%q,"spec":{"interactive":true,"cluster":{"server":"https://127.0.0.1"}}}`, version)
	}
	tests := []struct {
		name, info, version, err string
		token                    authtoken.Token
	}{
		{"v1", asked(group + "v1"), "v1", "", tok},
		{"v1beta1", asked(group + "v1beta1"), "v1beta1", "", tok},
		{"v1alpha1", asked(group + "v1alpha1"), "v1alpha1", "", tok},
		{"not set", "", "v1beta1", "", tok},
		{"a token that does not expire", "", "v1beta1", "", endless},
		{"an unknown version", asked(group + "v2"), "", `the version "client.authentication.k8s.io/v2" is unknown, want client.authentication.k8s.io/v1, v1beta1 or v1alpha1`, tok},
		{"another group", asked("v1"), "", `the version "v1" is unknown, want client.authentication.k8s.io/v1, v1beta1 or v1alpha1`, tok},
		{"another kind", `{"kind":"Pod","apiVersion":"v1"}`, "", `its kind is "Pod", want "ExecCredential"`, tok},
		{"not JSON", "v1", "", "it is not the JSON of an ExecCredential", tok},
		{"too large", `"` + strings.Repeat("a", 1<<20), "", "it has 1048577 bytes, want at most 1048576", tok},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := authtoken.ExecCredential(tt.token, tt.info)
			if tt.err != "" {
				if want := "authtoken: KUBERNETES_EXEC_INFO: " + tt.err; err == nil || err.Error() != want {
					t.Errorf("ExecCredential = %v, want %q", err, want)
				}
				return
			}
			end := ""
			if !tt.token.Expiry().IsZero() {
				end = fmt.Sprintf(`"expirationTimestamp":%q,`, expiry.UTC().Format("2006-01-02T15:04:05Z"))
			}
			want := fmt.Sprintf(`{"kind":"ExecCredential","apiVersion":"%s%s","spec":{},"status":{%s"token":"k8s-aws-v1.abc"}}`, group, tt.version, end)
			if err != nil || string(got) != want {
				t.Errorf("ExecCredential = %s, %v, want %s", got, err, want)
			}
		})
	}
	if _, err := authtoken.ExecCredential(authtoken.Token{}, ""); err == nil {
		t.Error("ExecCredential of an empty token succeeds")
	}
}

func FuzzExecCredential(f *testing.F) {
	tok := fixed(f, "k8s-aws-v1.abc", time.Now().Add(time.Hour))
	for _, seed := range []string{
		"", `{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}`,
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v3"}`, "[]", "null",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, info string) {
		got, err := authtoken.ExecCredential(tok, info)
		if err != nil {
			if got != nil || len(err.Error()) > 300 {
				t.Errorf("ExecCredential = %q, %v", got, err)
			}
			return
		}
		var c struct {
			APIVersion string
			Status     struct{ Token string }
		}
		if err := json.Unmarshal(got, &c); err != nil || c.Status.Token != tok.Raw() || info != "" && !strings.Contains(info, c.APIVersion) && !strings.Contains(info, `\`) {
			t.Errorf("ExecCredential(%q) = %s, %v", info, got, err)
		}
	})
}
