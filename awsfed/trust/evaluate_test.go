package trust_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

// vector is one case of testdata/evaluate. See the README there.
type vector struct {
	Name    string          `json:"name"`
	Rule    string          `json:"rule"`
	Policy  json.RawMessage `json:"policy"`
	Request *struct {
		Action      string              `json:"action"`
		Issuer      string              `json:"issuer"`
		ProviderARN string              `json:"providerArn"`
		Context     map[string][]string `json:"context"`
	} `json:"request"`
	Token  json.RawMessage `json:"token"`
	Params struct {
		RoleARN     string    `json:"roleArn"`
		SessionName string    `json:"sessionName"`
		SourceIP    string    `json:"sourceIp"`
		Time        time.Time `json:"time"`
	} `json:"params"`
	Caller     *trust.RoleSession     `json:"caller"`
	AssumeRole trust.AssumeRoleParams `json:"assumeRole"`
	Expect     trust.Outcome          `json:"expect"`
	NearMiss   []string               `json:"nearMiss"`
}

func (v vector) request(tb testing.TB) trust.Request {
	tb.Helper()
	if v.Request != nil {
		return trust.Request{
			Action: v.Request.Action, Issuer: v.Request.Issuer,
			ProviderARN: v.Request.ProviderARN, Context: v.Request.Context,
		}
	}
	if v.Caller != nil {
		return trust.NewAssumeRoleRequest(*v.Caller, v.AssumeRole)
	}
	c, err := claims.Parse(v.Token)
	if err != nil {
		tb.Fatalf("claims.Parse(%s): %v", v.Token, err)
	}
	p := trust.Params{RoleARN: v.Params.RoleARN, SessionName: v.Params.SessionName, Time: v.Params.Time}
	if v.Params.SourceIP != "" {
		p.SourceIP = netip.MustParseAddr(v.Params.SourceIP)
	}
	return trust.NewRequest(c, p)
}

func evaluateVectors(tb testing.TB) []vector {
	tb.Helper()
	files, err := filepath.Glob("testdata/evaluate/*.json")
	if err != nil {
		tb.Fatal(err)
	}
	var all []vector
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var list []vector
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		if err := d.Decode(&list); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		all = append(all, list...)
	}
	return all
}

func kinds(x trust.Explanation) []string {
	var list []string
	for _, s := range x.Statements {
		for _, m := range s.Principal.NearMisses {
			list = append(list, m.Kind)
		}
		for _, a := range s.Actions {
			for _, m := range a.NearMisses {
				list = append(list, m.Kind)
			}
		}
		for _, c := range s.Conditions {
			for _, m := range c.NearMisses {
				list = append(list, m.Kind)
			}
		}
	}
	return list
}

func TestEvaluateVectors(t *testing.T) {
	t.Parallel()
	all := evaluateVectors(t)
	if len(all) < 150 {
		t.Errorf("%d vectors, want at least 150", len(all))
	}
	seen := map[string]bool{}
	for _, v := range all {
		if seen[v.Name] {
			t.Errorf("two vectors are named %s", v.Name)
		}
		seen[v.Name] = true
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p, err := trust.Parse(v.Policy)
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			d := p.Evaluate(v.request(t))
			x := d.Explain()
			if d.Outcome != v.Expect {
				t.Errorf("%s: Evaluate = %s, want %s\n%s", v.Rule, d.Outcome, v.Expect, x.Text())
			}
			if d.Allowed() != (v.Expect == trust.Allowed) {
				t.Errorf("Allowed() = %v with outcome %s", d.Allowed(), d.Outcome)
			}
			if !slices.Equal(kinds(x), v.NearMiss) {
				t.Errorf("near misses %v, want %v\n%s", kinds(x), v.NearMiss, x.Text())
			}
			for _, s := range x.Statements {
				for _, c := range s.Conditions {
					if (c.Result == trust.Unknown) != (len(c.Alternatives) > 0) {
						t.Errorf("%s %s is %s with %d alternatives", c.Operator, c.Key, c.Result, len(c.Alternatives))
					}
				}
			}
			if (d.Outcome == trust.Undetermined) != (len(x.Alternatives) > 0) {
				t.Errorf("outcome %s with %d alternatives", d.Outcome, len(x.Alternatives))
			}
		})
	}
}
