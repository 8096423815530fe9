package role_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/idp"
)

// TestParse checks the parts of ARNs, and that exactly the ARNs that the library accepts have parts
// and can be given as a flag.
func TestParse(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]role.ARN{
		"arn:aws:iam::123456789012:role/a":           {Partition: "aws", Account: "123456789012", Name: "a"},
		"arn:aws-cn:iam::123456789012:role/path/a.b": {Partition: "aws-cn", Account: "123456789012", Name: "path/a.b"},
		"arn:minio:iam:::role/abc":                   {Partition: "minio", Name: "abc"}, // MinIO
		"arn:ceph:iam::tenant1:role/abc":             {Partition: "ceph", Account: "tenant1", Name: "abc"},
		"arn:aws:iam::123456789012:user/a":           {},
		"arn:aws:sts::123456789012:assumed-role/a/b": {},
		"arn:aws:iam::123456789012:role/":            {},
		"role/a":                                     {},
		"":                                           {},
	} {
		got, err := role.Parse(arn)
		if got != want || (err == nil) != (want != role.ARN{}) {
			t.Errorf("Parse(%q) = %v, %v, want %v", arn, got, err, want)
		}
		_, library := awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), arn, idp.Static(nil))
		flags := role.Flags{RoleARN: arn}
		if flag := flags.Validate(); (library == nil) != (err == nil) || (library == nil) != (flag == nil) {
			t.Errorf("%q: Parse %v, the flag %v, want as the library: %v", arn, err, flag, library)
		}
	}
}

func TestParseAWS(t *testing.T) {
	t.Parallel()
	for arn, ok := range map[string]bool{
		"arn:aws:iam::123456789012:role/a": true,
		"arn:minio:iam:::role/abc":         false,
		"arn:ceph:iam::tenant1:role/abc":   false,
		"arn:ceph:iam::1234:role/abcdef":   false,
		"arn:aws:iam::123456789012:user/a": false,
	} {
		if _, err := role.ParseAWS(arn); (err == nil) != ok {
			t.Errorf("ParseAWS(%q) = %v, want success: %t", arn, err, ok)
		}
	}
}

// TestPolicy checks what is read from the file of a session policy.
func TestPolicy(t *testing.T) {
	t.Parallel()
	for rule, tt := range map[string]struct{ text, want, wantErr string }{
		"compact":               {`{"Statement":[]}`, `{"Statement":[]}`, ""},
		"white space":           {"{ \"Statement\" :\r\n\t[] }\n", `{"Statement":[]}`, ""},
		"white space in a text": {`{"Sid": "a  b"}`, `{"Sid":"a  b"}`, ""},
		"long with white space": {"{" + strings.Repeat("\n", 10_000) + "}", "{}", ""},
		"empty":                 {"", "", "is empty: without a policy"},
		"blank":                 {" \n", "", "is empty: without a policy"},
		"not JSON":              {"Version: 2012", "", "Policy: is not a JSON object"},
		"an array":              {"[]", "", "Policy: is not a JSON object"},
		"too many characters":   {`{"Sid":"` + strings.Repeat("a", 2048) + `"}`, "", "Policy: has 2058 characters; AWS STS accepts 2048"},
		"too many bytes":        {"{" + strings.Repeat(" ", 64<<10) + "}", "", "has more than 65536 bytes"},
		"a character above ff":  {`{"Sid":"é€"}`, "", "Policy: has the character U+20AC"},
		"byte order mark":       {"\ufeff{}", "", "byte order mark"},
		"UTF-16":                {"{\x00}\x00", "", "UTF-16"},
	} {
		file := filepath.Join(t.TempDir(), "task.json")
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		flags := role.Flags{RoleARN: "arn:aws:iam::123456789012:role/a", PolicyFile: file}
		got, err := flags.Policy()
		if got != tt.want || (err == nil) != (tt.wantErr == "") || err != nil && !strings.Contains(err.Error(), tt.wantErr) {
			t.Errorf("%s: Policy() = %q, %v, want %q and an error with %q", rule, got, err, tt.want, tt.wantErr)
		}
		if status, _ := exit.Status(err); err != nil && status != exit.Unknown {
			t.Errorf("%s: status %d, want %d", rule, status, exit.Unknown)
		}
	}
}

// TestPolicyIsReadOnce changes the file between two uses: all of them have the same policy.
func TestPolicyIsReadOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "task.json")
	flags := role.Flags{RoleARN: "arn:aws:iam::123456789012:role/a", PolicyFile: file}
	if _, err := flags.Policy(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Policy() of a missing file: %v", err)
	}
	for _, text := range []string{`{"Id":"a"}`, `{"Id":"b"}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := flags.Policy(); got != `{"Id":"a"}` || err != nil {
			t.Errorf("Policy() = %s, %v", got, err)
		}
	}
}
