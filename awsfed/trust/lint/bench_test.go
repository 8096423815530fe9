package lint_test

import (
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/internal/testkit/policies"
)

func BenchmarkPolicy(b *testing.B) {
	p, err := trust.Build(trust.Rule{
		Account: "123456789012", Organization: policies.Org, Project: policies.Project, Format: trust.FormatBoth,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		lint.Policy(p)
	}
}
