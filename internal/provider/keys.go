package provider

import (
	"slices"
	"strings"
)

// KeysAsOf is the day on which the table of [Keys] was compared with the AWS documentation.
const KeysAsOf = "2026-11-22"

// CutKey splits the condition key of an issuer, such as app.gitpod.io:sub, and converts the parts to
// lower case. The issuer is the host if the key begins with it; "" is no host. ok is false for keys
// that are not of an issuer, such as aws:SourceIp.
func CutKey(key, host string) (issuer, claim string, ok bool) {
	key, host = strings.ToLower(key), strings.ToLower(host)
	if claim, ok = strings.CutPrefix(key, host+":"); ok && host != "" {
		return host, claim, true
	}
	i := strings.LastIndexByte(key, ':')
	if i < 0 || !strings.ContainsAny(key[:i], "./") {
		return "", "", false
	}
	return key[:i], key[i+1:], true
}

// Keys returns the names of the condition keys that AWS has for tokens of the host, sorted: "sub"
// means "<host>:sub". The table is the AWS page "IAM and AWS STS condition context keys". It omits
// rpst_id of Oracle Cloud, because the page does not list the issuers that have it.
func Keys(host string) []string {
	names := []string{"amr", "aud", "email", "oaud", "sub"}
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

// HasKey reports whether AWS has a condition key for the claim in tokens of the host.
func HasKey(host, claim string) bool { return slices.Contains(Keys(host), claim) }

// Shared reports whether one issuer serves tenants that are independent of each other. guarded
// reports whether IAM refuses to save a policy for it that does not name the tenant (the AWS
// identity-provider controls, as of [KeysAsOf]). IAM does not guard Ona's issuer.
func Shared(host string) (shared, guarded bool) {
	switch strings.ToLower(host) {
	case "agent.buildkite.com", "oidc.codefresh.io", "studio.datachain.ai/api",
		"token.actions.githubusercontent.com", "oidc-configuration.audit-log.githubusercontent.com",
		"vstoken.actions.githubusercontent.com", "gitlab.com", "scalr.io", "tokens.cloud.shisho.dev",
		"app.terraform.io", "proidc.upbound.io",
		"cognito-identity.amazonaws.com", "api.pulumi.com/oidc", "sandboxes.cloud", "oidc.vercel.com":
		return true, true
	case OnaHost, "accounts.google.com", "www.amazon.com", "graph.facebook.com":
		return true, false
	default:
		return false, false
	}
}
