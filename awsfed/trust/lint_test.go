package trust_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
)

type lintVector struct {
	Name    string          `json:"name"`
	Comment string          `json:"comment"`
	Policy  json.RawMessage `json:"policy"`
	Expect  []struct {
		ID       string         `json:"id"`
		Severity trust.Severity `json:"severity"`
	} `json:"expect"`
}

func lintVectors(tb testing.TB) []lintVector {
	tb.Helper()
	files, err := filepath.Glob("testdata/lint/*.json")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors: %v", err)
	}
	var all []lintVector
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var list []lintVector
		if err := json.Unmarshal(data, &list); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		all = append(all, list...)
	}
	return all
}

func mustParse(tb testing.TB, data []byte) trust.Policy {
	tb.Helper()
	p, err := trust.Parse(data)
	if err != nil {
		tb.Fatalf("Parse(%s): %v", data, err)
	}
	return p
}

func TestLintVectors(t *testing.T) {
	t.Parallel()
	for _, v := range lintVectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p := mustParse(t, v.Policy)
			var got, want []string
			for _, f := range trust.Lint(p) {
				got = append(got, f.ID+" "+string(f.Severity))
				if f.Message == "" || f.Why == "" {
					t.Errorf("%s has no message or no reason: %+v", f.ID, f)
				}
			}
			for _, e := range v.Expect {
				want = append(want, e.ID+" "+string(e.Severity))
			}
			slices.Sort(got)
			slices.Sort(want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Lint (-want +got):\n%s%s", diff, p)
			}
		})
	}
}

func TestFixRemovesItsFinding(t *testing.T) {
	t.Parallel()
	fixed := map[string]bool{}
	for _, v := range lintVectors(t) {
		p := mustParse(t, v.Policy)
		before := p.String()
		for _, f := range trust.Lint(p) {
			q, ok := f.Fix()
			if ok != f.Fixable {
				t.Errorf("%s: %s: Fix = %v, Fixable = %v", v.Name, f.ID, ok, f.Fixable)
			}
			if !ok {
				continue
			}
			fixed[f.ID] = true
			if p.String() != before {
				t.Fatalf("%s: the fix of %s changed the policy that was linted", v.Name, f.ID)
			}
			if got := mustParse(t, []byte(q.String())); !got.Equal(q) {
				t.Errorf("%s: the fix of %s does not survive printing: %s", v.Name, f.ID, q)
			}
			same := func(g trust.Finding) bool {
				return g.ID == f.ID && g.Statement == f.Statement && g.Key == f.Key && g.Value == f.Value && g.Operator == f.Operator
			}
			if n, m := count(trust.Lint(p), same), count(trust.Lint(q), same); m >= n {
				t.Errorf("%s: %s is there %d times after its fix and %d times before:\n%s", v.Name, f.ID, m, n, q)
			}
			if f.Widens {
				continue
			}
			for _, c := range strangersAndFriends(t) {
				r := trust.NewRequest(c, trust.Params{RoleARN: "arn:aws:iam::123456789012:role/ona"})
				if q.Evaluate(r).Allowed() && !p.Evaluate(r).Allowed() {
					t.Errorf("%s: the fix of %s lets %s in:\n%s", v.Name, f.ID, c.Subject, q)
				}
			}
		}
	}
	for _, id := range []string{
		trust.LintOrganizationSeparator, trust.LintIfExists, trust.LintForAllValues, trust.LintSetOperator,
		trust.LintKeyWithScheme, trust.LintDefaultSubject, trust.LintNeverMatches, trust.LintWildcardInEquals, trust.LintOldVersion, trust.LintRedundantValue, trust.LintMissingAction,
	} {
		if !fixed[id] {
			t.Errorf("no vector shows the fix of %s", id)
		}
	}
}

func count(list []trust.Finding, keep func(trust.Finding) bool) int {
	n := 0
	for _, f := range list {
		if keep(f) {
			n++
		}
	}
	return n
}

func TestLintQuotesHostileText(t *testing.T) {
	t.Parallel()
	hostile := "\x1b[31m\u202eevil\n"
	p := trust.Policy{Version: "2012-10-17", Statements: []trust.Statement{{
		Effect: trust.Allow, Actions: []string{"sts:*" + hostile}, NotActions: nil,
		Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}},
		Conditions: []trust.Condition{
			{Operator: "StringLike" + hostile, Key: "app.gitpod.io:sub", Values: []string{hostile}},
			{Operator: "StringLike", Key: "app.gitpod.io:sub", Values: []string{"*" + hostile, "org:x" + hostile}},
			{Operator: "StringEquals", Key: "https://app.gitpod.io:sub" + hostile, Values: []string{hostile}},
		},
	}, {Effect: trust.Effect(hostile)}, {
		Effect: trust.Allow, Actions: []string{"sts:AssumeRoleWithWebIdentity"},
		Principal: trust.Principal{Federated: []string{"arn:aws:iam::123456789012:oidc-provider/" + hostile, hostile}},
		Conditions: []trust.Condition{
			{Operator: "ForAllValues:StringEquals", Key: hostile + ":amr", Values: []string{hostile}},
			{Operator: "StringEqualsIfExists", Key: hostile + ":sub", Values: []string{hostile}},
		},
	}}}
	for _, f := range trust.Lint(p) {
		for _, text := range []string{f.Message, f.Why} {
			if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }); i >= 0 {
				t.Errorf("%s: %q is not fit for a terminal", f.ID, text)
			}
		}
	}
}

// A finding says where its statement begins in the text that was read, and
// nothing where it stood in a text that was not seen.
func TestLintPositions(t *testing.T) {
	t.Parallel()
	const open = `{"Effect": "Allow", "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"}, "Action": "sts:AssumeRoleWithWebIdentity"}`
	const policy = "{\"Id\": \"é\", \"Statement\": [" + open + ",\n\t" + open + "]}"
	parse := func(text string) (trust.Policy, error) { return trust.Parse([]byte(text)) }
	inJSON := func(text string) (trust.Policy, error) {
		var v struct{ Policy trust.Policy }
		err := json.Unmarshal([]byte(text), &v)
		return v.Policy, err
	}
	for _, tt := range []struct {
		rule, text string
		read       func(string) (trust.Policy, error)
		want       [][2]int // line and column of each statement
	}{
		{"one statement", `{"Statement": ` + open + `}`, parse, [][2]int{{1, 15}}},
		{"a list", policy, parse, [][2]int{{1, 27}, {2, 2}}},
		{"a part of other JSON", `{"Policy": ` + policy + `}`, inJSON, [][2]int{{0, 0}, {0, 0}}},
		{"made in Go code", "", func(string) (trust.Policy, error) {
			return trust.Policy{Statements: []trust.Statement{{Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRoleWithWebIdentity"}}}}, nil
		}, [][2]int{{0, 0}}},
		{"the policy as a whole", `{"Statement": [` + open + strings.Repeat(","+open, 20) + `]}`, parse, nil},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			p, err := tt.read(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			findings := trust.Lint(p)
			if len(findings) == 0 {
				t.Fatal("Lint finds nothing")
			}
			for _, f := range findings {
				want := [2]int{}
				switch {
				case f.Statement < 0:
				case tt.want == nil:
					continue
				default:
					want = tt.want[f.Statement]
				}
				if got := [2]int{f.Line, f.Column}; got != want {
					t.Errorf("statement %d, %s: line and column %v, want %v", f.Statement, f.ID, got, want)
				}
			}
			if tt.want == nil && findings[0].Statement != -1 {
				t.Errorf("no finding about the policy as a whole: %+v", findings[0])
			}
		})
	}
}
