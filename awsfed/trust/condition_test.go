package trust_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

func TestConditionEqual(t *testing.T) {
	t.Parallel()
	c := trust.Condition{Operator: "StringEquals", Key: "app.gitpod.io:sub", Values: []string{"a", "b"}}
	for _, tt := range []struct {
		name  string
		other trust.Condition
		equal bool
	}{
		{"itself", c, true},
		{"another operator", trust.Condition{Operator: "StringLike", Key: c.Key, Values: c.Values}, false},
		{"another key", trust.Condition{Operator: c.Operator, Key: "app.gitpod.io:aud", Values: c.Values}, false},
		{"other values", trust.Condition{Operator: c.Operator, Key: c.Key, Values: []string{"a"}}, false},
		{"another order", trust.Condition{Operator: c.Operator, Key: c.Key, Values: []string{"b", "a"}}, false},
	} {
		if c.Equal(tt.other) != tt.equal || tt.other.Equal(c) != tt.equal {
			t.Errorf("%s: Equal = %v, want %v", tt.name, !tt.equal, tt.equal)
		}
	}
}

// The error about an operator that does not exist says which one was meant.
func TestParseUnknownOperator(t *testing.T) {
	t.Parallel()
	for operator, want := range map[string]string{
		"stringlike":               "IAM spells it StringLike",
		"NullIfExists":             "Null cannot have",
		"ForAllValues:Null":        "Null cannot have",
		"ForAnyValue:NullIfExists": "Null cannot have",
		"ForSomeValues:StringLike": `unknown operator "ForSomeValues:StringLike"`,
		"StringSimilar":            `unknown operator "StringSimilar"`,
	} {
		_, err := trust.Parse(fmt.Appendf(nil, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",`+
			`"Action":"sts:AssumeRoleWithWebIdentity","Condition":{%q:{"a:b":"c"}}}]}`, operator))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse of the operator %s: %v, want %q", operator, err, want)
		}
	}
}

// Up to eight open questions are answered in all combinations: an outcome that does not depend on
// them is certain. With more questions it stays undetermined.
func TestManyOpenQuestions(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]trust.Outcome{1: trust.Denied, 8: trust.Denied, 9: trust.Undetermined} {
		// The statement that allows and the one that denies depend on the same answers.
		var conditions []trust.Condition
		context := map[string][]string{}
		for i := range n {
			key := fmt.Sprintf("aws:key%d", i)
			year := fmt.Sprint(2001 + i) // or seconds
			conditions = append(conditions, trust.Condition{Operator: "DateEquals", Key: key, Values: []string{year}})
			context[key] = []string{year + "-01-01"}
		}
		statement := func(e trust.Effect) trust.Statement {
			return trust.Statement{Effect: e, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"}, Conditions: conditions}
		}
		p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{statement(trust.Allow), statement(trust.Deny)}}
		d := p.Evaluate(trust.Request{Action: "sts:AssumeRoleWithWebIdentity", Context: context})
		if d.Outcome != want {
			t.Errorf("%d open questions: %s, want %s", n, d.Outcome, want)
		}
	}
}
