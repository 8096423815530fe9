package trust_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/testkit/policies"
)

// Neither text nor JSON nor a verb of package fmt shows personal data, unless the caller asks for it.
func TestDecisionShowsNoPersonalData(t *testing.T) {
	t.Parallel()
	secrets := []string{"bob@example.com", "Bobby Tables", "source-bob", "session-bob", "tag-bob"}
	payload := `{"iss":"https://app.gitpod.io","aud":"sts.amazonaws.com","exp":1,"iat":1,"email":"bob@example.com",
		"sub":"organization_id:` + org + `:project_id:` + project + `:creator_email:bob@example.com:creator_name:Bobby Tables",
		"https://aws.amazon.com/tags":{"principal_tags":{"Who":["tag-bob"]}},"https://aws.amazon.com/source_identity":"source-bob"}`
	c, err := claims.Parse([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	p := policies.Parse(t, []byte(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		"Action":"sts:*","Condition":{"StringEquals":{"app.gitpod.io:sub":"x","app.gitpod.io:email":"x","sts:SourceIdentity":"x","sts:RoleSessionName":"x","aws:RequestTag/Who":"x","app.gitpod.io:aud":"${app.gitpod.io:email}"},"ArnLike":{"app.gitpod.io:email":"${app.gitpod.io:email}"}}}}`))
	params := trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona", SessionName: "session-bob"}
	shown := func(d trust.Decision) string {
		x := d.Explain()
		decision, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		explanation, err := json.Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		return x.Text() + string(decision) + string(explanation) + fmt.Sprintf("%v %+v %#v %v %+v %#v", d, d, d, x, x, x)
	}
	text := shown(p.Evaluate(trust.NewRequest(c, params)))
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("the explanation shows %q:\n%s", s, text)
		}
	}
	if !strings.Contains(text, "organization_id:"+org+":project_id:"+project) {
		t.Errorf("the explanation does not show the IDs of the subject:\n%s", text)
	}
	params.ShowValues = true
	text = shown(p.Evaluate(trust.NewRequest(c, params)))
	for _, s := range secrets {
		if !strings.Contains(text, s) {
			t.Errorf("with ShowValues the explanation does not show %q", s)
		}
	}
}

func TestExplanationTextIsSafeForTerminals(t *testing.T) {
	t.Parallel()
	hostile := "\x1b]0;x\x07\r\n\u009b\u202eevil"
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Sid: hostile, Effect: trust.Effect(hostile), Principal: trust.Principal{Federated: []string{hostile}},
		Actions: []string{hostile}, Conditions: []trust.Condition{
			{Operator: "StringLike", Key: hostile, Values: []string{hostile}},
			{Operator: hostile, Key: "app.gitpod.io:sub", Values: []string{hostile}},
			{Operator: "StringEquals", Key: "https://" + hostile + ":sub", Values: []string{hostile + "*"}},
			{Operator: "StringLike", Key: "x.example:aud", Values: []string{strings.Repeat("x", 5000)}},
		},
	}, {
		Sid: hostile, Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"*"},
		Conditions: []trust.Condition{{Operator: "ArnLike", Key: "x.example:aud", Values: []string{hostile}}},
	}}}
	r := trust.Request{
		Action: hostile, Issuer: "https://x.example" + hostile, ProviderARN: hostile, RoleARN: hostile, ShowValues: true,
		Context: map[string][]string{"x.example:aud": {hostile, strings.Repeat("y", 5000)}, "app.gitpod.io:sub": {hostile}},
	}
	text := p.Evaluate(r).Explain().Text()
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if i := strings.IndexFunc(line, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }); i >= 0 {
			t.Errorf("%q is not safe for a terminal", line)
		}
		if len(line) > 1000 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

func TestReasonQuotesTheAction(t *testing.T) {
	t.Parallel()
	p := trust.Policy{Statements: []trust.Statement{{Effect: trust.Deny, Principal: trust.Principal{Any: true}, Actions: []string{"*"}}}}
	d := p.Evaluate(trust.Request{Action: "sts:\x1b[31m"}).Explain()
	if want := `statement 1 denies "sts:\x1b[31m"`; d.Reason != want {
		t.Errorf("Reason = %q, want %q", d.Reason, want)
	}
}

// An empty list is [] in JSON. Programs in other languages do not expect null.
func TestEmptyListsInJSON(t *testing.T) {
	t.Parallel()
	noValue := trust.Policy{Statements: []trust.Statement{{Effect: trust.Allow, Conditions: []trust.Condition{{Operator: "StringEquals", Key: "x"}}}}}
	for name, v := range map[string]any{
		"decision":           trust.Policy{}.Evaluate(trust.Request{}).Explain(),
		"decision, no value": noValue.Evaluate(trust.Request{}).Explain(),
	} {
		data, err := json.Marshal(v)
		if err != nil || strings.Contains(string(data), "null") {
			t.Errorf("%s: %s, %v", name, data, err)
		}
	}
}

func TestExplanationJSONIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, v := range evaluateVectors(t) {
		p, r := policies.Parse(t, v.Policy), v.request(t)
		first, err := json.Marshal(p.Evaluate(r).Explain())
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(p.Evaluate(v.request(t)).Explain())
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(second) {
			t.Errorf("%s: %s\nand %s", v.Name, first, second)
		}
	}
}

func TestZeroValuesDoNotAllow(t *testing.T) {
	t.Parallel()
	if (trust.Decision{}).Allowed() {
		t.Error("the zero Decision allows")
	}
	if text := (trust.Decision{}).Explain().Text(); text != "" {
		t.Errorf("Text of the zero Decision = %q, want none", text)
	}
	if d := (trust.Policy{}).Evaluate(trust.Request{}); d.Outcome != trust.Denied {
		t.Errorf("the zero Policy: %s", d.Outcome)
	}
}

// An explanation is computed apart from the decision, so the two are compared on random policies.
func TestExplanationAgreesWithDecision(t *testing.T) {
	t.Parallel()
	r := policies.NewRandom(11)
	outcomes := map[trust.Outcome]int{}
	for range 3_000 {
		p := r.Policy()
		req := trust.Request{
			Issuer: "https://app.gitpod.io", ProviderARN: policies.Pick(r, "", "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"),
			AlsoNeeded: policies.Pick(r, nil, []string{"sts:TagSession"}),
			Context:    map[string][]string{"app.gitpod.io:sub": {policies.Pick(r, policies.Subjects(policies.Org)...)}},
		}
		d := p.Evaluate(req)
		outcomes[d.Outcome]++
		x := d.Explain()
		want := trust.Allowed
		for _, a := range x.Actions {
			if a.Outcome == trust.Denied || a.Outcome == trust.Undetermined && want == trust.Allowed {
				want = a.Outcome
			}
		}
		// Evaluate may settle what the explanation of each action leaves open.
		if x.Outcome != d.Outcome || want != trust.Undetermined && d.Outcome != want {
			t.Fatalf("Evaluate = %s, the explanation has %s, and its actions have %s\n%s\n%s", d.Outcome, x.Outcome, want, p, x.Text())
		}
	}
	for _, o := range []trust.Outcome{trust.Allowed, trust.Denied, trust.Undetermined} {
		if outcomes[o] < 20 {
			t.Errorf("outcomes %v: the generator needs more of %s", outcomes, o)
		}
	}
}

func TestReason(t *testing.T) {
	t.Parallel()
	const assume, assumeAndTag = `"sts:AssumeRoleWithWebIdentity"`, `["sts:AssumeRoleWithWebIdentity","sts:TagSession"]`
	statement := func(sid, effect, action, conditions string) string {
		return `{"Sid":"` + sid + `","Effect":"` + effect + `","Principal":"*","Action":` + action + `,"Condition":{` + conditions + `}}`
	}
	const wrongAudience, openQuestion = `"StringEquals":{"app.gitpod.io:aud":"STS.amazonaws.com"}`, `"Bool":{"a:b":"True"}`
	for _, tt := range []struct{ name, statements, want string }{
		{"one statement allows", statement("A", "Allow", assume, ""), `statement 1 ("A") allows sts:AssumeRoleWithWebIdentity`},
		{"two statements allow", statement("A", "Allow", assume, "") + "," + statement("", "Allow", assume, ""), `statements 1 ("A"), 2 allow sts:AssumeRoleWithWebIdentity`},
		{"a statement denies", statement("A", "Allow", assume, "") + "," + statement("B", "Deny", assume, ""), `statement 2 ("B") denies sts:AssumeRoleWithWebIdentity`},
		{"no statement allows", statement("A", "Deny", `"sts:TagSession"`, ""), "no statement allows sts:AssumeRoleWithWebIdentity"},
		{"a near miss", statement("A", "Allow", assume, wrongAudience), `no statement allows sts:AssumeRoleWithWebIdentity; nearest is statement 1 ("A"), where StringEquals on app.gitpod.io:aud does not hold: the values differ only in letter case`},
		{"the nearest has fewer parts that do not match", statement("A", "Allow", assumeAndTag, wrongAudience) + "," + statement("B", "Allow", `"sts:TagSession"`, ""), `no statement allows sts:AssumeRoleWithWebIdentity; nearest is statement 1 ("A"), where StringEquals on app.gitpod.io:aud does not hold: the values differ only in letter case`},
		{"an open question", statement("A", "Allow", assume, openQuestion), "whether sts:AssumeRoleWithWebIdentity is allowed depends on a rule that AWS does not document or on a value that only AWS knows, such as whether AWS ignores the letter case of booleans"},
		{"an open question that does not matter", statement("A", "Allow", assume, openQuestion) + "," + statement("B", "Deny", assume, openQuestion), "AWS does not document a rule, and every assumption about it leads to the same outcome for sts:AssumeRoleWithWebIdentity"},
	} {
		p := policies.Parse(t, []byte(`{"Version":"2012-10-17","Statement":[`+tt.statements+`]}`))
		x := p.Evaluate(trust.Request{Issuer: "https://app.gitpod.io", Context: map[string][]string{"app.gitpod.io:aud": {"sts.amazonaws.com"}, "a:b": {"true"}}}).Explain()
		if x.Reason != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, x.Reason, tt.want)
		}
	}
}

func TestReasonOfTokenThatSTSRejects(t *testing.T) {
	t.Parallel()
	x := trust.Policy{}.Evaluate(trust.Request{Refused: "the token has no audience"}).Explain()
	if want := "STS rejects the token before it evaluates the policy: the token has no audience"; x.Reason != want || x.Outcome != trust.Denied {
		t.Errorf("%s: %s, want %s", x.Outcome, x.Reason, want)
	}
}

// A question whose answers lead to the same outcome is listed only if no question decides alone.
func TestAlternativesAreDecisive(t *testing.T) {
	t.Parallel()
	statement := func(keys ...string) string {
		conditions := make([]string, len(keys))
		for i, k := range keys {
			conditions[i] = `"aws:` + k + `":"x"`
		}
		return `{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{` + strings.Join(conditions, ",") + `}}}`
	}
	for _, tt := range []struct {
		name, statements string
		want             []string
	}{
		{"one decides", statement("SourceVpc") + "," + statement("SourceVpce", "VpcSourceIp"), []string{"aws:SourceVpc"}},
		{
			"none decides", statement("SourceVpc", "RequestedRegion") + "," + statement("SourceVpce", "VpcSourceIp"),
			[]string{"aws:RequestedRegion", "aws:SourceVpc", "aws:SourceVpce", "aws:VpcSourceIp"},
		},
	} {
		p := policies.Parse(t, []byte(`{"Version":"2012-10-17","Statement":[`+tt.statements+`]}`))
		c := claims.Claims{Issuer: "https://x.example", Audience: []string{"a"}, Subject: "s"}
		x := p.Evaluate(trust.NewRequest(c, trust.Params{})).Explain()
		var keys []string
		for i, a := range x.Alternatives {
			if i%2 == 0 {
				keys = append(keys, a.Assumption)
			}
		}
		if len(keys) != len(tt.want) {
			t.Fatalf("%s: the alternatives are %q, want one for each of %q", tt.name, keys, tt.want)
		}
		for i, k := range tt.want {
			if !strings.Contains(keys[i], `"`+k+`"`) {
				t.Errorf("%s: alternative %q, want one about %s", tt.name, keys[i], k)
			}
		}
	}
}
