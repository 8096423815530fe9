package role

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
)

// ARN has the parts of the ARN of a role, arn:PARTITION:iam::ACCOUNT:role/NAME. The name includes
// the path.
type ARN struct{ Partition, Account, Name string }

// Parse returns the parts of the ARN of a role. The account must have 12 digits.
func Parse(s string) (ARN, error) {
	parts, err := arn.Parse(s)
	name, isRole := strings.CutPrefix(parts.Resource, "role/")
	account := strings.TrimLeft(parts.AccountID, "0123456789") == "" && len(parts.AccountID) == 12
	if err != nil || parts.Service != "iam" || !isRole || !account {
		return ARN{}, fmt.Errorf("%+q is not the ARN of a role, which looks like arn:aws:iam::123456789012:role/name", s)
	}
	return ARN{parts.Partition, parts.AccountID, name}, nil
}
