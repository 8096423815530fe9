// Package lint checks role trust policies for mistakes that IAM saves without an error.
//
//	for _, f := range lint.Policy(policy) {
//		fmt.Println(f.Severity, f.ID, f.Message)
//	}
//
// All Ona organizations share the issuer https://app.gitpod.io, and IAM, which refuses open
// policies for some shared issuers, accepts them for this one. Only the subject distinguishes
// organizations. Other issuers, such as those of GitHub, GitLab and Buildkite, also serve many
// tenants. For every issuer whose claims have a public form the package knows which part of them
// names the tenant.
//
// A policy without findings of severity [Error] allows no token of another tenant of such an
// issuer. There is one exception, which is a warning: a name that a wildcard continues, as in
// repo:acme*, also allows tenants with longer names ([OrganizationSeparator]). Subjects of an
// issuer with an unknown form are [NotAnalysed].
//
// [RolePolicy] also knows the account of the role, and therefore which accounts that may assume it
// are foreign.
//
// A policy that cannot be judged is a finding too. Text from the policy is quoted, escaped and cut
// in messages. The wording of messages may change; IDs and severities do not change without a note
// in the change log.
package lint
