package migrate_test

import (
	"fmt"
	"log"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/migrate"
)

func ExampleToV3() {
	policy, err := trust.Build(trust.Rule{
		Account:      "981241700645",
		Organization: "0191e223-1c3c-7607-badf-303c98b52d2f",
		Project:      "019527e4-75d5-704d-a5a4-a2b52cf56198",
	})
	if err != nil {
		log.Fatal(err)
	}
	m := migrate.ToV3(policy, nil)
	for _, c := range m.Changes {
		fmt.Println(c.V2)
		for _, v := range c.V3 {
			fmt.Println("  " + v)
		}
	}
	fmt.Println("exact:", m.Exact())
	fmt.Println(m.Notes[0])
	// Output:
	// org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/*
	//   organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198
	//   organization_id:0191e223-1c3c-7607-badf-303c98b52d2f:project_id:019527e4-75d5-704d-a5a4-a2b52cf56198:*
	// exact: true
	// CloudTrail no longer shows the environment: the default V3 subject of an environment in a project ends with the project. The extra subject field environment_id adds it. The session name env-<id> also contains it, but the caller chooses that name
}
