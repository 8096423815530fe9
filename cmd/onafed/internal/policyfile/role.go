package policyfile

import (
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/quote"
)

// Role is a role to write. Only the policy is required, except in the form of the AWS CLI, which
// also needs the name.
type Role struct {
	Name   string
	Policy trust.Policy
	// Path begins and ends with a slash. Empty means that it is not written: AWS then uses "/".
	Path string
	// MaxSession is the maximum session duration in seconds. 0 means that it is not written: AWS
	// then uses an hour for a new role and keeps that of an existing one.
	MaxSession int
	// ManagedPolicies are the ARNs of policies to attach.
	ManagedPolicies []string
	// InlinePolicy is a result of [PermissionPolicy], or empty.
	InlinePolicy string
	Tags         []Tag
}

// inlinePolicyName is the name of the role's inline policy.
const inlinePolicyName = "onafed"

// path returns the path of the role.
func (r Role) path() string {
	if r.Path == "" {
		return "/"
	}
	return r.Path
}

// Tag is a tag of a role or a provider.
type Tag struct{ Key, Value string }

// Provider is an identity provider to write.
type Provider struct {
	ARN string
	// URL is the issuer.
	URL       string
	Audiences []string
	// Thumbprints are those of the certificates of the issuer's host. AWS needs none if a well-known
	// authority signed them.
	Thumbprints []string
	Tags        []Tag
	// Exists means that the account has the provider, and that something else manages it.
	Exists bool
}

// CheckRoleName returns an error for a name that IAM refuses (IAM API Reference, CreateRole). The
// characters that IAM accepts have no meaning in Terraform or CloudFormation.
func CheckRoleName(name string) error {
	switch {
	case len(name) > 64:
		return fmt.Errorf("the role name %s has %d characters: IAM accepts at most 64", quote.Text(name, 80), len(name))
	case name != "" && !IsName(name):
		return fmt.Errorf("the role name %s: IAM accepts letters, digits and _+=,.@- (a path is not a part of the name)", quote.Text(name, 80))
	}
	return nil
}

// IsName reports whether a text is not empty and has only the characters of IAM names, [\w+=,.@-].
func IsName(s string) bool {
	return s != "" && strings.TrimFunc(s, func(r rune) bool { return isLetterOrDigit(r) || strings.ContainsRune("_+=,.@-", r) }) == ""
}

func isLetterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
