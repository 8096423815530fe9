package awsfed

import (
	"cmp"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/arn"
)

// Audience returns the audience that ID tokens for a role have by convention:
// "sts.amazonaws.com.cn" for the partition aws-cn, and "sts.amazonaws.com" for all others. AWS only
// requires that the audience is one of the client IDs of the IAM identity provider.
func Audience(roleARN string) string {
	if partitionOf(roleARN) == "aws-cn" {
		return idp.AudienceAWS + ".cn"
	}
	return idp.AudienceAWS
}

// DefaultRegion returns the region whose STS [LoadConfig] calls for a role if no region is set, or
// "" for an unknown partition. The session tokens of a regional STS are valid in all regions, those
// of the global STS only in the regions that are active by default.
func DefaultRegion(roleARN string) string {
	return arn.DefaultRegion(partitionOf(roleARN))
}

// partitionOf returns the partition in an ARN, "aws" without one.
func partitionOf(s string) string {
	a, _ := arn.Parse(s)
	return cmp.Or(a.Partition, "aws")
}

// accountOf returns the account in an ARN.
func accountOf(s string) string {
	a, _ := arn.Parse(s)
	return a.Account
}
