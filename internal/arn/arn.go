// Package arn reads Amazon Resource Names, and knows the spelling of accounts, partitions and names
// in them.
package arn

import "strings"

// An ARN holds the parts of arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE. Parts may be empty.
type ARN struct {
	Partition, Service, Region, Account string
	// Resource may contain colons.
	Resource string
}

// Parse splits s. It reports whether s has six parts and begins with "arn". The parts are not
// checked, because other servers with the API of AWS use other accounts and partitions.
func Parse(s string) (ARN, bool) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return ARN{}, false
	}
	return ARN{Partition: p[1], Service: p[2], Region: p[3], Account: p[4], Resource: p[5]}, true
}

// Role returns the path and the name of an IAM role, and reports whether a is the ARN of one. The
// path is empty or ends with a slash: the resource role/team/ci/deploy has the path "team/ci/".
func (a ARN) Role() (path, name string, ok bool) {
	rest, ok := strings.CutPrefix(a.Resource, "role/")
	if !ok || a.Service != "iam" {
		return "", "", false
	}
	i := strings.LastIndexByte(rest, '/') + 1
	return rest[:i], rest[i:], rest[i:] != ""
}

const (
	digits    = "0123456789"
	lowerCase = "abcdefghijklmnopqrstuvwxyz"
	upperCase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// IsAccount reports whether s is an AWS account number: 12 digits.
func IsAccount(s string) bool { return len(s) == 12 && strings.Trim(s, digits) == "" }

// IsPartition reports whether s is spelled like a partition: "aws", or "aws-" followed by lower
// case letters, digits and hyphens that do not end with a hyphen.
func IsPartition(s string) bool {
	name, ok := strings.CutPrefix(s, "aws-")
	if !ok {
		return s == "aws"
	}
	return name != "" && strings.Trim(name, lowerCase+digits+"-") == "" && !strings.HasSuffix(name, "-")
}

// IsName reports whether s is not empty and consists of the characters [\w+=,.@-] in ASCII, as the
// names of roles and sessions do (IAM API Reference, CreateRole; STS API Reference, AssumeRole).
func IsName(s string) bool {
	return s != "" && strings.Trim(s, lowerCase+upperCase+digits+"_+=,.@-") == ""
}

// IsSessionName reports whether STS accepts s as a session name or source identity: a name of 2 to
// 64 characters.
func IsSessionName(s string) bool { return len(s) >= 2 && len(s) <= 64 && IsName(s) }

// DefaultRegion returns the region whose STS serves a partition when the caller has not chosen one,
// or "" for an unknown partition. It is the first region of the partition (AWS General Reference,
// "AWS Security Token Service endpoints").
func DefaultRegion(partition string) string {
	return map[string]string{
		"aws":        "us-east-1",
		"aws-cn":     "cn-north-1",
		"aws-us-gov": "us-gov-west-1",
		"aws-eusc":   "eusc-de-east-1",
		"aws-iso":    "us-iso-east-1",
		"aws-iso-b":  "us-isob-east-1",
		"aws-iso-e":  "eu-isoe-west-1",
		"aws-iso-f":  "us-isof-south-1",
	}[partition]
}
