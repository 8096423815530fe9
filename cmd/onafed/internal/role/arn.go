package role

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

// ARN has the parts of the ARN of a role, arn:PARTITION:iam::ACCOUNT:role/NAME. The name includes
// the path. An STS that is not AWS's may have another kind of account, or none.
type ARN struct{ Partition, Account, Name string }

// Parse returns the parts of the ARN of a role. It accepts the ARNs that the library accepts.
func Parse(s string) (ARN, error) {
	if _, err := awsfed.New(sts.New(sts.Options{Region: "us-east-1"}), s, idp.Static(nil)); err != nil {
		if wrong, ok := errors.AsType[*awsfed.OptionError](err); ok {
			err = wrong.Err
		}
		return ARN{}, err
	}
	parts, err := arn.Parse(s)
	return ARN{parts.Partition, parts.AccountID, strings.TrimPrefix(parts.Resource, "role/")}, err
}

// ParseAWS is [Parse] for a role in AWS, whose account has 12 digits.
func ParseAWS(s string) (ARN, error) {
	a, err := Parse(s)
	if err == nil && (len(a.Account) != 12 || strings.Trim(a.Account, "0123456789") != "") {
		return ARN{}, fmt.Errorf("%+q has no account of 12 digits, as in arn:aws:iam::123456789012:role/name", s)
	}
	return a, err
}

// IsSession reports whether identity is the ARN of a session of a role.
func IsSession(identity, roleARN string) bool {
	session, err := arn.Parse(identity)
	if err != nil {
		return false
	}
	role, err := arn.Parse(roleARN)
	if err != nil {
		return false
	}
	name := role.Resource[strings.LastIndexByte(role.Resource, '/')+1:]
	rest, ok := strings.CutPrefix(session.Resource, "assumed-role/"+name+"/")
	return ok && rest != "" && session.Partition == role.Partition && session.AccountID == role.AccountID
}
