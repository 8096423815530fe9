package role_test

import (
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/role"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]role.ARN{
		"arn:aws:iam::123456789012:role/a":           {"aws", "123456789012", "a"},
		"arn:aws-cn:iam::123456789012:role/path/a:b": {"aws-cn", "123456789012", "path/a:b"},
		"arn:aws:iam::123456789012:user/a":           {},
		"arn:aws:sts::123456789012:assumed-role/a/b": {},
		"arn:aws:iam::1234:role/a":                   {},
		"role/a":                                     {},
		"":                                           {},
	} {
		got, err := role.Parse(arn)
		if got != want || (err == nil) != (want != role.ARN{}) {
			t.Errorf("role.Parse(%q) = %v, %v, want %v", arn, got, err, want)
		}
	}
}
