package trust_test

import (
	"testing"

	"github.com/onafed/onafed/claims"
)

const (
	org     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	env     = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	user    = "0191e223-1c3c-7607-badf-303c98b52d30"

	subV2 = "org:" + org + "/prj:" + project + "/env:" + env
)

const (
	ownOrg     = "0191e223-1c3c-7607-badf-303c98b52d2f"
	ownProject = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	ownEnv     = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	ownUser    = "019527e4-75d5-704d-a5a4-0000000000aa"
	strangeOrg = "0191e223-1c3c-7607-badf-000000000002" // an organization of somebody else
	otherID    = "019527e4-75d5-704d-a5a4-000000000002" // another project, environment or user
)

// tokenSubjects are those of principals in one organization. Where text can be
// chosen, it is chosen to look like what policies ask for.
func tokenSubjects(o string) []string {
	forged := ":creator_name:x:organization_id:" + ownOrg + ":project_id:" + ownProject + ":environment_id:" + ownEnv
	list := []string{
		"org:" + o + "/user:" + ownUser, "org:" + o + "/rnr:" + otherID, "org:" + o + "/env:" + ownEnv,
		"organization_id:" + o + ":user_id:" + ownUser, "organization_id:" + o + ":service_account_id:" + otherID,
		"organization_id:" + o + ":environment_id:" + ownEnv, "organization_id:" + o + ":environment_id:" + otherID + forged,
		"environment:" + o + ":" + ownEnv,
	}
	for _, p := range []string{ownProject, otherID} {
		for _, e := range []string{ownEnv, otherID} {
			list = append(list, "org:"+o+"/prj:"+p+"/env:"+e)
		}
		base := "organization_id:" + o + ":project_id:" + p
		list = append(list, base, base+":environment_id:"+ownEnv, base+":creator_email:bob@example.com",
			base+":creator_id:"+ownUser+":creator_name:Bob", base+forged)
	}
	return list
}

// strangersAndFriends are claims of tokens of the organization that policies
// name, and of one that they do not.
func strangersAndFriends(tb testing.TB) []claims.Claims {
	tb.Helper()
	var list []claims.Claims
	for _, o := range []string{ownOrg, strangeOrg} {
		for _, sub := range tokenSubjects(o) {
			list = append(list, claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: sub})
		}
	}
	list = append(list, claims.Claims{Issuer: "https://app.gitpod.io", Audience: []string{"sts.amazonaws.com"}, Subject: "account_id:" + otherID})
	return list
}
