// Package lint checks role trust policies for mistakes that IAM saves without an error.
//
//	for _, f := range lint.Policy(policy) {
//		fmt.Println(f.Severity, f.ID, f.Message)
//	}
//
// All Ona organizations share the issuer https://app.gitpod.io, and IAM, which refuses open
// policies for some shared issuers, accepts them for this one. Only the subject distinguishes
// organizations. A policy without findings of severity [Error] allows no token of another Ona
// organization. About other issuers the package finds less, because it does not know the grammar of
// their subjects.
//
// A policy that cannot be judged is a finding too. Text from the policy is quoted, escaped and cut
// in messages. The wording of messages may change; IDs and severities do not change without a note
// in the change log.
package lint
