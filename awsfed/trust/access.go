package trust

import "github.com/onafed/onafed/claims"

// Grant is the answer for one role and one caller.
type Grant struct {
	// Role is the index of the role's document, Caller that of the caller.
	Role   int `json:"role"`
	Caller int `json:"caller"`
	// RoleName and RoleARN are the document's.
	RoleName string `json:"roleName,omitempty"`
	RoleARN  string `json:"roleArn,omitempty"`
	// Subject is the caller's subject as it may be shown.
	Subject string `json:"subject"`
	// Decision says whether the caller may assume the role, and why.
	Decision Decision `json:"decision"`
}

// Access says which caller may assume which role: one [Grant] for each pair,
// role by role. Roles come from [ParseDocuments]; callers are the claims of
// tokens, read or made with [SampleClaims]. The role's ARN, and with it account
// and partition, is the document's where it has one; everything else is p's. A
// document that could not be read gives no grants.
func Access(roles []Document, callers []claims.Claims, p Params) []Grant {
	grants := []Grant{}
	for i, role := range roles {
		if role.Err != nil {
			continue
		}
		params := p
		if role.RoleARN != "" {
			params.RoleARN = role.RoleARN
		}
		for j, c := range callers {
			r := NewRequest(c, params)
			grants = append(grants, Grant{
				Role: i, Caller: j, RoleName: role.RoleName, RoleARN: role.RoleARN,
				Subject:  r.show(ConditionKey(c.Issuer, "sub"), c.Subject),
				Decision: role.Policy.Evaluate(r),
			})
		}
	}
	return grants
}

// SampleClaims makes claims as a token of the identity would have them, for
// asking what a policy says to it: Ona's issuer, the audience that AWS is asked
// with, and the subject in the format of the version, which is claims.V2 or
// claims.V3. It is an error where Ona documents no subject for the identity.
func SampleClaims(id claims.Identity, v claims.Version, l claims.Layout) (claims.Claims, error) {
	c := claims.Claims{Issuer: onaIssuer, Audience: []string{awsAudience}, OrganizationID: id.Organization()}
	if v == claims.V3 {
		sub, err := id.SubjectV3(l)
		c.Subject = sub
		return c, err
	}
	sub, err := id.SubjectV2()
	c.Subject = sub.String()
	return c, err
}
