package trust_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// The test measures no time: a policy with exponential cost would not end.
func TestHostilePoliciesEnd(t *testing.T) {
	t.Parallel()
	c := policies.Callers()[0]
	c.Subject = strings.Repeat("a", 20_000)
	for name, p := range policies.Hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p.Evaluate(trust.NewRequest(c, trust.Params{Account: "123456789012"})).Explain()
		})
	}
}

// Every policy that can be parsed can be evaluated, and each decision has a reason.
func FuzzExplain(f *testing.F) {
	f.Add([]byte(pagePolicy))
	r := policies.NewRandom(11)
	for range 30 {
		f.Add([]byte(r.Policy().String()))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := trust.Parse(data)
		if err != nil || len(data) > 4000 {
			return
		}
		before := p.String()
		for _, c := range policies.Callers()[:4] {
			x := p.Evaluate(trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/x"})).Explain()
			if x.Text() == "" || x.Reason == "" {
				t.Error("the decision has no explanation")
			}
		}
		if p.String() != before {
			t.Error("the policy changed")
		}
	})
}
