package lint_test

import (
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// Every policy that can be parsed can be linted and fixed, and the fixed policies can be parsed.
func FuzzPolicy(f *testing.F) {
	for i, v := range lintVectors(f) {
		if i%4 == 0 {
			f.Add([]byte(v.Policy))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			t.Skip("slow")
		}
		p, err := trust.Parse(data)
		if err != nil {
			return
		}
		before := p.String()
		for _, finding := range lint.Policy(p) {
			q, ok := finding.Fix()
			if !ok || q.Size() > trust.MaxSize {
				continue
			}
			if back, err := trust.Parse([]byte(q.String())); err != nil || !back.Equal(q) {
				t.Errorf("Parse(%s): %v", q, err)
			}
		}
		if p.String() != before {
			t.Error("the policy changed")
		}
	})
}

// The test measures no time: a policy with exponential cost would not end.
func TestHostilePoliciesEnd(t *testing.T) {
	t.Parallel()
	for name, p := range policies.Hostile() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lint.Policy(p)
		})
	}
}
