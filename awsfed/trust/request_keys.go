package trust

import (
	"slices"
	"strings"
)

// IssuerKeysAsOf is the day on which the table behind [IssuerKeys] was
// compared with AWS's documentation.
const IssuerKeysAsOf = "2026-11-22"

// IssuerKeys returns the names of the condition keys that AWS has for tokens
// of the issuer, in alphabetical order: "sub" stands for "<issuer>:sub". Every
// other key with the issuer's prefix does not exist: it is missing from each
// request, whatever the token says.
//
// For an issuer that AWS does not list, https://app.gitpod.io among them, the
// names are amr, aud, email, oaud and sub. The table is AWS's page
// "IAM and AWS STS condition context keys" as of [IssuerKeysAsOf]. Oracle
// Cloud's rpst_id is not in it, because the page does not say which issuers
// have it.
func IssuerKeys(issuer string) []string {
	names := []string{"amr", "aud", "email", "oaud", "sub"}
	host := issuerHost(issuer)
	switch {
	case host == "cognito-identity.amazonaws.com":
		names = []string{"amr", "aud", "oaud", "sub"}
	case host == "www.amazon.com":
		names = []string{"app_id", "sub", "user_id"}
	case host == "graph.facebook.com":
		names = []string{"app_id", "id"}
	case host == "token.actions.githubusercontent.com":
		names = append(names, "actor", "actor_id", "job_workflow_ref", "repository", "repository_id",
			"repository_owner_id", "workflow", "ref", "environment", "enterprise_id")
	case host == "accounts.google.com":
		names = append(names, "google/organization_number")
	case strings.HasPrefix(host, "oidc.circleci.com/org/"):
		names = append(names, "oidc.circleci.com/project-id")
	case host == "gitlab.com":
		names = append(names, "namespace_id", "project_id", "user_id", "user_login", "user_email",
			"user_access_level", "ref_protected", "pipeline_source", "runner_environment")
	case host == "agent.buildkite.com":
		names = append(names, "organization_slug", "organization_id", "pipeline_slug", "pipeline_id",
			"cluster_name", "cluster_id", "build_branch")
	}
	slices.Sort(names)
	return names
}

// sharedIssuer tells whether one issuer serves customers who do not know each
// other, so that only the subject tells them apart. guarded: IAM itself
// refuses to save a policy for it that does not bind the customer (AWS's
// identity-provider controls, as of IssuerKeysAsOf). Ona's issuer is not
// guarded.
func sharedIssuer(host string) (shared, guarded bool) {
	switch strings.ToLower(host) {
	case "app.gitpod.io":
		return true, false
	case "agent.buildkite.com", "oidc.codefresh.io", "studio.datachain.ai/api",
		"token.actions.githubusercontent.com", "oidc-configuration.audit-log.githubusercontent.com",
		"vstoken.actions.githubusercontent.com", "gitlab.com", "scalr.io", "tokens.cloud.shisho.dev",
		"app.terraform.io", "proidc.upbound.io",
		"cognito-identity.amazonaws.com", "api.pulumi.com/oidc", "sandboxes.cloud", "oidc.vercel.com":
		return true, true
	case "accounts.google.com", "www.amazon.com", "graph.facebook.com":
		return true, false
	default:
		return false, false
	}
}

// bindsCustomer tells whether a key other than the subject says which customer
// of the issuer is meant: for some the audience is the customer's own, others
// have keys of their own for it.
func bindsCustomer(host, name string) bool {
	switch host {
	case "cognito-identity.amazonaws.com", "api.pulumi.com/oidc", "sandboxes.cloud", "oidc.vercel.com", "accounts.google.com":
		if name == "aud" {
			return true
		}
	}
	switch name {
	case "sub", "aud", "oaud", "amr", "email":
		return false
	default:
		return slices.Contains(IssuerKeys("https://"+host), name)
	}
}

// keyState says what is known about a condition key of a request.
type keyState uint8

const (
	keyMissing keyState = iota // the request surely has no such key
	keyPresent
	keyUnknown // AWS may have a value that is not known here
)

// lookup finds a condition key without regard to letter case.
func (r Request) lookup(key string) ([]string, keyState) {
	name := strings.ToLower(key)
	values, ok := r.Context[name]
	if !ok {
		for k, v := range r.Context {
			if strings.EqualFold(k, key) {
				values, ok = v, true
			}
		}
	}
	switch {
	case len(values) > 0:
		return values, keyPresent
	case !ok && r.open && seenByAWSOnly(name):
		return nil, keyUnknown
	default:
		return nil, keyMissing
	}
}

// seenByAWSOnly tells whether AWS may put the key into a request although
// neither the token nor the call's known parameters have it: the network path,
// the clock, the region, the role's own tags, and whatever AWS adds in the
// future.
func seenByAWSOnly(key string) bool {
	switch {
	case strings.HasPrefix(key, "aws:requesttag/"), strings.HasPrefix(key, "aws:principaltag/"):
		return false // from the token; a web identity has no principal with tags
	case strings.HasPrefix(key, "sts:requestcontext"):
		return false // of other calls
	case strings.HasPrefix(key, "aws:"), strings.HasPrefix(key, "sts:"), strings.HasPrefix(key, "iam:resourcetag/"):
	default:
		return false
	}
	switch key {
	case "aws:tagkeys", "sts:sourceidentity", "sts:transitivetagkeys":
		return false // from the token
	case "sts:externalid", "sts:durationseconds", "sts:awsservicename":
		return false // of other calls
	case "aws:principalorgid", "aws:principalorgpaths", "aws:username", "aws:multifactorauthpresent",
		"aws:multifactorauthage", "aws:tokenissuetime", "aws:federatedprovider", "aws:sourceidentity":
		return false // the caller of a web-identity request is not an AWS principal yet
	case "aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths":
		return false // set when an AWS service calls
	default:
		return true
	}
}
