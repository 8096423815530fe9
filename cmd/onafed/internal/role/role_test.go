package role_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
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
