// Package lint checks role trust policies for mistakes that IAM saves without an error.
//
//	for _, f := range lint.Policy(policy) {
//		fmt.Println(f.Severity, f.ID, f.Message)
//	}
//
// All Ona organizations share the issuer https://app.gitpod.io. IAM refuses open policies for some
// shared issuers, but it accepts them for this one. Only the subject distinguishes organizations.
// Other issuers, such as those of GitHub, GitLab and Buildkite, also serve many tenants. If the
// form of an issuer's claims is public, the package knows which part of them names the tenant.
//
// A policy without findings of severity [Error] allows no token of another tenant of such an
// issuer. There is one exception, which is a warning: if a wildcard directly follows a name, as in
// repo:acme*, tenants with longer names also match ([OrganizationSeparator]). Subjects of an issuer
// with an unknown form are [NotAnalysed].
//
// [RolePolicy] also takes the ARN of the role. It can therefore report principals of other
// accounts.
//
// A policy that cannot be judged is a finding too. Text from the policy is quoted, escaped and cut
// in messages. The wording of messages may change; IDs and severities do not change without a note
// in the change log.
package lint
