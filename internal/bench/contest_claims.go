package main

import (
	"github.com/golang-jwt/jwt/v5"
	jwxjwt "github.com/lestrrat-go/jwx/v2/jwt"
	"github.com/onafed/onafed/claims"
)

// typedClaims are the claims of these tokens for golang-jwt.
type typedClaims struct {
	jwt.RegisteredClaims
	Organization string `json:"org"`
}

func claimsContest() []contestLine {
	raw := newIdentity().token
	parser := jwt.NewParser()
	return []contestLine{{
		work: "typed claims from a token, unverified",
		ours: side{"claims.ParseUnverified", func() {
			_, c, err := claims.ParseUnverified(raw)
			check(err)
			if c.OrganizationID != orgID {
				panic("no organization")
			}
		}},
		peers: []peer{
			{side{"golang-jwt v5", func() {
				var c typedClaims
				_, _, err := parser.ParseUnverified(raw, &c)
				check(err)
				if c.Organization != orgID {
					panic("no organization")
				}
			}}, 0.25},
			{side{"jwx v2", func() {
				t, err := jwxjwt.ParseInsecure([]byte(raw))
				check(err)
				if org, ok := t.Get("org"); !ok || org != orgID {
					panic("no organization")
				}
			}}, 0.07},
		},
		maxAllocs: 2,
	}}
}
