// Package trust reads, builds and checks the trust policies of IAM roles that
// are assumed with an ID token (AssumeRoleWithWebIdentity), without asking AWS.
//
// STS does not say which condition of a policy failed, AWS's simulator does not
// look at trust policies, and https://app.gitpod.io is one issuer for all
// organizations, which IAM does not guard: a policy that does not bind the
// subject of the token to an organization lets every organization in.
//
// # Building
//
// A [Rule] says in words of Ona who may assume the role:
//
//	policy, err := trust.Build(trust.Rule{
//		Account:      "123456789012",
//		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
//		Project:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
//	})
//	fmt.Println(policy) // the JSON for IAM
//
// [Build] refuses what would be open. [BuildAll] splits what is too long for
// one role.
//
// # Reading
//
// [Parse] reads a policy document. Its error has the line and the column of what IAM would refuse. A
// policy prints in the form in which it was read.
//
// # Asking
//
// [NewRequest] makes a request of the claims of a token, [Policy.Evaluate]
// answers it, and the [Decision] explains every statement, principal, action
// and condition: what was needed, what came, and the nearest miss. Where AWS
// does not document a rule the answer is Undetermined, with both readings, and
// is never counted as safe.
//
// [Lint] finds what IAM saves although it is dangerous. [Migrate] takes a policy
// for V2 tokens to one for both formats and on to one for V3 alone.
//
// # Patterns
//
// The package pattern compiles the values of StringLike, and decides exactly
// whether one pattern matches all that another one matches.
//
// # What it is not
//
// A policy decides only a part of whether a role can be assumed. The OIDC
// provider with its client ids, resource control policies, endpoint policies
// and the role's own limits are not seen here; decisions say so. The rules are
// those that AWS documents; nothing was compared with AWS by live calls.
//
// Text from documents is printed escaped and cut, in errors as in policies.
// The text of errors may change; their types and fields do not.
package trust
