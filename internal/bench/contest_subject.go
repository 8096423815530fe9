package main

import (
	"github.com/google/uuid"
	"github.com/onafed/onafed/claims"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// The peer of a subject is a SPIFFE ID of the same three IDs.
func subjectContest() []contestLine {
	const spiffe = "spiffe://app.gitpod.io/org/" + orgID + "/prj/" + prjID + "/env/" + envID
	domain := must(spiffeid.TrustDomainFromString("app.gitpod.io"))
	return []contestLine{
		{
			work: "parse a subject",
			ours: side{"claims.ParseSubject", func() {
				_, err := claims.ParseSubject(subject)
				check(err)
			}},
			peers: []peer{
				{side{"spiffeid.FromString", func() {
					_, err := spiffeid.FromString(spiffe)
					check(err)
				}}, 0.15},
				{side{"google/uuid, only its three IDs", func() {
					for _, id := range [...]string{orgID, prjID, envID} {
						_, err := uuid.Parse(id)
						check(err)
					}
				}}, 0},
			},
			maxAllocs: 0,
		},
		{
			work: "build a subject",
			ours: side{"claims.SubjectFrom", func() {
				_, err := claims.SubjectFrom(claims.Organization(orgID), claims.Project(prjID), claims.Environment(envID))
				check(err)
			}},
			peers: []peer{{side{"spiffeid.FromSegments", func() {
				_, err := spiffeid.FromSegments(domain, "org", orgID, "prj", prjID, "env", envID)
				check(err)
			}}, 0.30}},
			maxAllocs: 1,
		},
	}
}
