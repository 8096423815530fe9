// Package trust reads, builds and evaluates the trust policies of IAM roles that are assumed with
// an ID token (AssumeRoleWithWebIdentity) or by another role (AssumeRole). It does not call AWS.
//
// [Build] makes a policy from a [Rule], which selects the tokens that may assume the role:
//
//	policy, err := trust.Build(trust.Rule{
//		Account:      "123456789012",
//		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
//		Project:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
//	})
//	fmt.Println(policy) // the JSON for IAM
//
// All organizations share the issuer https://app.gitpod.io, and IAM saves a policy that does not
// limit the subject of the token to an organization. Such a policy allows every organization. Build
// never makes such a policy.
//
// [Parse] reads a policy document. Its error has the position of the element that IAM would reject.
// A policy is printed in the form in which it was read.
//
// [NewRequest] makes a request from the claims of a token, and [Policy.Evaluate] decides it:
//
//	decision := policy.Evaluate(trust.NewRequest(claims, trust.Params{RoleARN: role}))
//	if !decision.Allowed() {
//		fmt.Print(decision.Explain().Text())
//	}
//
// [NewAssumeRoleRequest] makes the request of a role that assumes the next role of a chain.
//
// The explanation covers each statement, principal, action and condition: what the policy requires,
// what the request has, and the likely mistake. STS does not report which condition failed, and the
// AWS policy simulator does not evaluate trust policies. [Explanation.Suggestion] is the smallest
// change of the policy that would allow the request. A person must decide whether to apply it. If a
// result depends on a rule that AWS does not document, the outcome is Undetermined, which does not
// allow.
//
// The package lint finds dangerous policies, migrate converts a policy from V2 to V3 subjects, and
// pattern compares the values of StringLike.
//
// # Limits
//
// A trust policy is only a part of what AWS evaluates. This package does not know the client IDs of
// the OIDC provider, resource control policies, endpoint policies, or the limits of the role. It
// follows the rules that AWS documents. The results were not compared with live calls to AWS.
//
// Text from documents is quoted, escaped and cut in errors and explanations. The text of errors may
// change. Their types and fields do not.
package trust
