package policies

import (
	"strings"

	"github.com/onafed/onafed/claims"
)

// The IDs that the policies name, and others.
const (
	Org         = "0191e223-1c3c-7607-badf-303c98b52d2f"
	Project     = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	Environment = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	User        = "019527e4-75d5-704d-a5a4-0000000000aa"
	OtherOrg    = "0191e223-1c3c-7607-badf-000000000002"
	OtherID     = "019527e4-75d5-704d-a5a4-000000000002" // of another project, environment or user
)

// Subjects returns the subjects of principals in an organization. Text that a user can choose
// imitates what policies require.
func Subjects(org string) []string {
	forged := ":creator_name:x:organization_id:" + Org + ":project_id:" + Project + ":environment_id:" + Environment
	list := []string{
		"org:" + org + "/user:" + User, "org:" + org + "/rnr:" + OtherID, "org:" + org + "/env:" + Environment,
		"organization_id:" + org + ":user_id:" + User, "organization_id:" + org + ":service_account_id:" + OtherID,
		"organization_id:" + org + ":environment_id:" + Environment, "organization_id:" + org + ":environment_id:" + OtherID + forged,
		"environment:" + org + ":" + Environment,
	}
	for _, p := range []string{Project, OtherID} {
		for _, e := range []string{Environment, OtherID} {
			list = append(list, "org:"+org+"/prj:"+p+"/env:"+e)
		}
		base := "organization_id:" + org + ":project_id:" + p
		list = append(list, base, base+":environment_id:"+Environment, base+":creator_email:bob@example.com",
			base+":creator_id:"+User+":creator_name:Bob", base+forged)
	}
	return list
}

// Callers returns the claims of tokens of Org, of OtherOrg and of an account.
func Callers() []claims.Claims {
	subjects := append(append(Subjects(Org), Subjects(OtherOrg)...), "account_id:"+OtherID)
	list := make([]claims.Claims, len(subjects))
	for i, sub := range subjects {
		list[i] = claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: sub}
	}
	return list
}

// IsOther reports whether a subject of [Callers] does not belong to Org.
func IsOther(sub string) bool {
	_, tenant, _ := strings.Cut(sub, ":")
	return !strings.HasPrefix(tenant, Org)
}
