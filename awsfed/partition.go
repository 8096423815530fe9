package awsfed

import (
	"strings"

	"github.com/onafed/onafed/idp"
)

// Audience returns the audience that ID tokens for a role have by convention:
// "sts.amazonaws.com.cn" for the partition aws-cn, "sts.amazonaws.com" for all
// others, also where nothing is documented. AWS itself asks only that the
// audience is among the client ids of the IAM identity provider.
func Audience(roleARN string) string {
	if partitionOf(roleARN) == "aws-cn" {
		return idp.AudienceAWS + ".cn"
	}
	return idp.AudienceAWS
}

// DefaultRegion returns the region in which STS is asked for a role if no region is set, or "" for
// an unknown partition. It is the region in which AWS started the partition.
func DefaultRegion(roleARN string) string { return regionOf(partitionOf(roleARN)) }

// partitionOf returns the partition in an ARN.
func partitionOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 3); len(parts) == 3 && parts[1] != "" {
		return parts[1]
	}
	return "aws"
}

// regionOf returns the region whose STS a role's partition is asked at when
// nobody names one, or "" for a partition that we do not know. Regional STS
// endpoints issue tokens that are good in all regions, the global one does not.
func regionOf(partition string) string {
	switch partition {
	case "aws":
		return "us-east-1"
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	case "aws-eusc":
		return "eusc-de-east-1"
	case "aws-iso":
		return "us-iso-east-1"
	case "aws-iso-b":
		return "us-isob-east-1"
	case "aws-iso-e":
		return "eu-isoe-west-1"
	case "aws-iso-f":
		return "us-isof-south-1"
	}
	return ""
}
