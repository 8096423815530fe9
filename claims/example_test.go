package claims_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/onafed/onafed/claims"
)

// token is the token that Ona's guide to AWS shows, with a signature of zeros.
var token = compact(`{"alg":"RS256","kid":"k0"}`, payloadV2)

func ExampleParseUnverified() {
	header, c, err := claims.ParseUnverified(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(header.Algorithm, header.KeyID, c.Version())
	fmt.Println(c.Issuer, c.Audience, c.Expiry.Format(time.RFC3339))
	fmt.Println(c.Subject)
	// Output:
	// RS256 k0 V2
	// https://app.gitpod.io [sts.amazonaws.com] 2025-02-25T21:10:45Z
	// org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196
}

func ExampleParse() {
	_, err := claims.Parse([]byte(`{"sub": "you", "\u0073ub": "me"}`))
	fmt.Println(err)
	// Output:
	// claims: payload: duplicate member name at offset 15
}

func ExampleParseHeader() {
	header, err := claims.ParseHeader([]byte(`{"alg":"RS256","kid":"k0","typ":"JWT"}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(header.Algorithm, header.KeyID, header.Type)
	for _, name := range slices.Sorted(maps.Keys(header.Extra)) {
		fmt.Printf("%s=%s\n", name, header.Extra[name])
	}
	// Output:
	// RS256 k0 JWT
	// typ="JWT"
}

func ExampleParseSubject() {
	sub, err := claims.ParseSubject("org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196")
	if err != nil {
		fmt.Println(err)
		return
	}
	project, ok := sub.Lookup(claims.KeyProject)
	fmt.Println(project, ok)
	for seg := range sub.Segments() {
		fmt.Println(seg.Key, seg.Value)
	}

	_, err = claims.ParseSubject("org:0191E223-1c3c-7607-badf-303c98b52d2f")
	fmt.Println(err)
	// Output:
	// 019527e4-75d5-704d-a5a4-a2b52cf56198 true
	// org 0191e223-1c3c-7607-badf-303c98b52d2f
	// prj 019527e4-75d5-704d-a5a4-a2b52cf56198
	// env 019527e4-75d5-704d-a5a4-a2b52cf56196
	// claims: subject "org:…": id is not a canonical UUID: upper-case digit at offset 8
}

func ExampleSubjectFrom() {
	sub, err := claims.SubjectFrom(
		claims.Organization("0191e223-1c3c-7607-badf-303c98b52d2f"),
		claims.User("01975431-b5e6-7f07-8cda-59a96bcb1b56"),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sub)
	// Output:
	// org:0191e223-1c3c-7607-badf-303c98b52d2f/user:01975431-b5e6-7f07-8cda-59a96bcb1b56
}

func ExampleSubject_HasPrefix() {
	sub := claims.MustParseSubject("org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196")
	fmt.Println(sub.HasPrefix(claims.MustParseSubject("org:0191e223-1c3c-7607-badf-303c98b52d2f")))
	fmt.Println(sub.HasPrefix(claims.Subject{}))
	// Output:
	// true
	// false
}

func ExampleLayout_Build() {
	layout, err := claims.NewLayout("environment_id", "creator_email")
	if err != nil {
		fmt.Println(err)
		return
	}
	sub, err := layout.Build(claims.Claims{
		OrganizationID: "0191e223-1c3c-7607-badf-303c98b52d2f",
		ProjectID:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
		EnvironmentID:  "019527e4-75d5-704d-a5a4-a2b52cf56196",
		CreatorEmail:   "jo@example.com",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sub)
	// Output:
	// organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:environment_id:019527e4-75d5-704d-a5a4-a2b52cf56196:creator_email:jo@example.com
}

func ExampleLayout_Parse() {
	layout, err := claims.NewLayout("creator_name", "project_id")
	if err != nil {
		fmt.Println(err)
		return
	}
	// A person chose a display name that looks like a pair.
	_, err = layout.Parse("organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:environment_id:019527e4-75d5-704d-a5a4-a2b52cf56196" +
		":creator_name:x:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198")
	var ambiguous *claims.AmbiguousSubjectError
	if errors.As(err, &ambiguous) {
		for _, reading := range ambiguous.Readings {
			project, ok := reading.Lookup("project_id")
			fmt.Printf("%d pairs, project %q %v\n", len(reading.Pairs), project, ok)
		}
	}
	// Output:
	// 3 pairs, project "" false
	// 4 pairs, project "019527e4-75d5-704d-a5a4-a2b52cf56198" true
}

func ExampleParseSubjectV3() {
	sub, err := claims.ParseSubjectV3("organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:creator_email:jo@example.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	project, ok := sub.Lookup("project_id")
	fmt.Println(sub.Kind, project, ok)
	email, ok := sub.Lookup("creator_email")
	fmt.Println(email, ok)
	fmt.Println(sub) // without personal data
	// Output:
	// environment 019527e4-75d5-704d-a5a4-a2b52cf56198 true
	// jo@example.com true
	// organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:creator_email:…
}

func ExampleClaims_SubjectV3() {
	// The claim creator_name in the token of the same subject decides between the readings.
	c, err := claims.Parse([]byte(`{
		"sub": "organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:environment_id:019527e4-75d5-704d-a5a4-a2b52cf56196:creator_name:x:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198",
		"organization_id": "0191e223-1c3c-7607-badf-303c98b52d2f",
		"environment_id": "019527e4-75d5-704d-a5a4-a2b52cf56196",
		"creator_name": "x:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198"
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	sub, err := c.SubjectV3()
	if err != nil {
		fmt.Println(err)
		return
	}
	project, ok := sub.Lookup("project_id")
	fmt.Printf("%v, %d pairs, project %q %v\n", sub.Kind, len(sub.Pairs), project, ok)
	// Output:
	// environment, 3 pairs, project "" false
}

func ExampleClaims_Identity() {
	c, err := claims.Parse([]byte(payloadV2))
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.Identity()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id.Kind(), id.ID())
	fmt.Println(id.SessionName())
	v3, err := id.SubjectV3(claims.Layout{})
	fmt.Println(v3, err)
	// Output:
	// environment 019527e4-75d5-704d-a5a4-a2b52cf56196
	// env-019527e4-75d5-704d-a5a4-a2b52cf56196
	// organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198 <nil>
}

func ExampleClaims_Validate() {
	c, err := claims.Parse([]byte(payloadV2))
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Date(2025, 2, 25, 22, 0, 0, 0, time.UTC)
	err = c.Validate(now, claims.Expected{
		Issuer:    "https://app.gitpod.io",
		Audiences: []string{"vault.example.com"},
		Leeway:    time.Minute,
	})
	fmt.Println(err)
	fmt.Println(errors.Is(err, claims.ErrExpired))
	// Output:
	// claims: exp: token has expired: got "2025-02-25T21:10:45Z", want after 2025-02-25T22:00:00Z
	// claims: aud: got "sts.amazonaws.com", want one of "vault.example.com"
	// true
}

func ExampleClaims_Decode() {
	c, err := claims.Parse([]byte(`{"iss":"https://app.gitpod.io","cost_center":{"id":4711}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		CostCenter struct {
			ID int `json:"id"`
		} `json:"cost_center"`
	}
	err = c.Decode(&more)
	fmt.Println(more.CostCenter.ID, err)
	// Output:
	// 4711 <nil>
}

func ExampleParseSessionName() {
	kind, id, err := claims.ParseSessionName("env-019527e4-75d5-704d-a5a4-a2b52cf56196")
	fmt.Println(kind, id, err)
	// Output:
	// environment 019527e4-75d5-704d-a5a4-a2b52cf56196 <nil>
}

func ExampleRedactSubject() {
	fmt.Println(claims.RedactSubject("organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:creator_email:jo@example.com"))
	// Output:
	// organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:creator_email:…
}

func ExampleIdentity_MarshalText() {
	_, c, err := claims.ParseUnverified(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.Identity()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.Marshal(map[claims.Identity]int{id: 3})
	fmt.Println(string(text), err)
	var requests map[claims.Identity]int
	err = json.Unmarshal(text, &requests)
	fmt.Println(requests[id], err)
	// Output:
	// {"organization:0191e223-1c3c-7607-badf-303c98b52d2f/project:019527e4-75d5-704d-a5a4-a2b52cf56198/environment:019527e4-75d5-704d-a5a4-a2b52cf56196":3} <nil>
	// 3 <nil>
}

func ExampleIdentity_MarshalJSON() {
	_, c, err := claims.ParseUnverified(token)
	if err != nil {
		fmt.Println(err)
		return
	}
	id, err := c.Identity()
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.MarshalIndent(struct {
		Version  claims.Version
		Identity claims.Identity
	}{c.Version(), id}, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// {
	//   "Version": "V2",
	//   "Identity": {
	//     "kind": "environment",
	//     "id": "019527e4-75d5-704d-a5a4-a2b52cf56196",
	//     "organization": "0191e223-1c3c-7607-badf-303c98b52d2f",
	//     "project": "019527e4-75d5-704d-a5a4-a2b52cf56198"
	//   }
	// } <nil>
}

// A Subject can be a column of a table: pass it to Exec and Scan of package database/sql.
func ExampleSubject_Scan() {
	var sub claims.Subject
	err := sub.Scan("org:0191e223-1c3c-7607-badf-303c98b52d2f") // done by rows.Scan(&sub)
	fmt.Println(sub, err)
	value, err := sub.Value() // done by db.Exec(query, sub)
	fmt.Println(value, err)
	err = sub.Scan(nil)
	fmt.Println(sub.IsZero(), err)
	// Output:
	// org:0191e223-1c3c-7607-badf-303c98b52d2f <nil>
	// org:0191e223-1c3c-7607-badf-303c98b52d2f <nil>
	// true <nil>
}

// GitLab's tokens have a number in a claim that Ona has as text.
func ExampleClaims_Decode_otherIssuer() {
	c, err := claims.Parse([]byte(`{"iss":"https://gitlab.com","sub":"project_path:a/b:ref_type:branch:ref:main","runner_id":1}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	var more struct {
		RunnerID int `json:"runner_id"`
	}
	err = c.Decode(&more)
	fmt.Printf("%v %q %d %v\n", c.Version(), c.RunnerID, more.RunnerID, err)
	// Output:
	// unknown "" 1 <nil>
}
