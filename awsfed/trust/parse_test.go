package trust_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/internal/testkit/vectors"
)

type acceptVector struct{ Name, Document, Printed string }

type refuseVector struct {
	Name, Document  string
	Line, Column    int
	Element, Reason string
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for _, v := range vectors.Read[acceptVector](t, "testdata/parse/accept.json") {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p, err := trust.Parse([]byte(v.Document))
			if err != nil {
				t.Fatalf("Parse: %v", err)
			}
			got, err := p.MarshalJSON()
			if err != nil {
				t.Fatalf("MarshalJSON: %v", err)
			}
			if diff := cmp.Diff(v.Printed, string(got)); diff != "" {
				t.Errorf("MarshalJSON (-want +got):\n%s", diff)
			}
			checkPrinting(t, p)
		})
	}
}

// checkPrinting checks the properties of every policy that Parse accepts.
func checkPrinting(tb testing.TB, p trust.Policy) {
	tb.Helper()
	indented := p.String()
	q, err := trust.Parse([]byte(indented))
	if err != nil {
		tb.Fatalf("Parse of String: %v\n%s", err, indented)
	}
	if !p.Equal(q) {
		tb.Fatalf("Parse(String()) returns another policy:\n%s\n%s", indented, q)
	}
	if q.String() != indented {
		tb.Fatalf("String is not stable:\n%s\n%s", indented, q)
	}
	var minified bytes.Buffer
	if err := json.Compact(&minified, []byte(indented)); err != nil {
		tb.Fatalf("String returns invalid JSON: %v", err)
	}
	text, err := p.MarshalJSON()
	if err != nil {
		tb.Fatalf("MarshalJSON: %v", err)
	}
	if !bytes.Equal(text, minified.Bytes()) {
		tb.Fatalf("MarshalJSON and String differ in more than white space:\n%s\n%s", text, indented)
	}
	if got, want := p.Size(), len([]rune(string(text))); got != want {
		tb.Fatalf("Size() = %d, want %d", got, want)
	}
}

func TestParseRejects(t *testing.T) {
	t.Parallel()
	for _, v := range vectors.Read[refuseVector](t, "testdata/parse/refuse.json") {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			p, err := trust.Parse([]byte(v.Document))
			var pe *trust.ParseError
			if !errors.As(err, &pe) {
				t.Fatalf("Parse = %v, %v, want a *ParseError", p, err)
			}
			if !p.Equal(trust.Policy{}) {
				t.Errorf("Parse returns a policy with its error: %v", p)
			}
			if pe.Line != v.Line || pe.Column != v.Column || pe.Element != v.Element || !strings.Contains(pe.Reason, v.Reason) {
				t.Errorf("Parse: %d:%d, element %q, reason %q; want %d:%d, %q, %q", pe.Line, pe.Column, pe.Element, pe.Reason, v.Line, v.Column, v.Element, v.Reason)
			}
		})
	}
}

func policyWithSid(sid string) string {
	return `{"Statement":{"Sid":"` + sid + `","Effect":"Deny","Principal":"*","Action":"*"}}`
}

func TestParseSizeLimit(t *testing.T) {
	t.Parallel()
	room := trust.MaxSize - len(policyWithSid(""))
	p, err := trust.Parse([]byte(strings.ReplaceAll(policyWithSid(strings.Repeat("x", room)), ",", "  ,\n\n")))
	if err != nil || p.Size() != trust.MaxSize {
		t.Errorf("Parse of the longest policy: size %d, %v", p.Size(), err)
	}
	var pe *trust.ParseError
	if _, err := trust.Parse([]byte(policyWithSid(strings.Repeat("x", room+1)))); !errors.As(err, &pe) {
		t.Errorf("Parse of a policy one character too long: %v", err)
	}
	if _, err := trust.Parse([]byte(policyWithSid("") + strings.Repeat(" ", 200000))); !errors.As(err, &pe) {
		t.Errorf("Parse of much white space: %v", err)
	}
	const maxInput = 131072 // of a document with white space
	for size, want := range map[int]bool{maxInput: true, maxInput + 1: false} {
		text := policyWithSid("") + strings.Repeat(" ", size-len(policyWithSid("")))
		if _, err := trust.Parse([]byte(text)); (err == nil) != want {
			t.Errorf("Parse of %d characters: %v, want success: %v", size, err, want)
		}
	}
	// The limit counts characters, not bytes.
	if p, err = trust.Parse([]byte(policyWithSid(strings.Repeat("\u00e9", room)))); err != nil || p.Size() != trust.MaxSize {
		t.Errorf("Parse of the longest policy in two-byte characters: size %d, %v", p.Size(), err)
	}
}

// The pattern of IAM for policies is tab, newline, carriage return and U+0020 to U+00FF. JSON strings
// contain no control characters. Escape sequences can represent every character.
func TestParseEveryCharacter(t *testing.T) {
	t.Parallel()
	for ch := range rune(0x180) {
		want := ch >= 0x20 && ch <= 0xFF && ch != '"' && ch != '\\'
		p, err := trust.Parse([]byte(policyWithSid("a" + string(ch) + "/b")))
		if ch == '\\' {
			want = true // it escapes the slash
		} else if err == nil && p.Statements[0].Sid != "a"+string(ch)+"/b" {
			t.Errorf("Parse with %U in a string: Sid = %q", ch, p.Statements[0].Sid)
		}
		if (err == nil) != want {
			t.Errorf("Parse with %U in a string: %v", ch, err)
		}
		p, err = trust.Parse([]byte(policyWithSid(fmt.Sprintf("a\\u%04Xb", ch))))
		if err != nil || p.Statements[0].Sid != "a"+string(ch)+"b" {
			t.Errorf("Parse with %U escaped: %v", ch, err)
			continue
		}
		checkPrinting(t, p)
		for _, out := range p.String() {
			if out < 0x20 && out != '\n' && out != '\t' || 0x7F <= out && out < 0xA0 || out > 0xFF {
				t.Errorf("String of a policy with %U contains %U", ch, out)
			}
		}
	}
	for b := range 256 {
		between := b == ' ' || b == '\t' || b == '\n' || b == '\r'
		if _, err := trust.Parse([]byte("{" + string([]byte{byte(b)}) + policyWithSid("")[1:])); (err == nil) != between {
			t.Errorf("Parse with the byte %#x between elements: %v", b, err)
		}
	}
}

func TestParseDeepNesting(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("[", 100000), strings.Repeat(`{"Statement":`, 10000), `{"Statement":[{"Condition":{"Bool":{"a:b":` + strings.Repeat("[", 100000)} {
		if _, err := trust.Parse([]byte(text)); err == nil {
			t.Errorf("Parse(%.40q...) returns no error", text)
		}
	}
}

// Errors contain no terminal escape sequences of the document.
func TestParseErrorIsSafeForTerminals(t *testing.T) {
	t.Parallel()
	evil := "\\u001b[2J\\u202e\\u009b\\n" + strings.Repeat("x", 5000)
	for _, text := range []string{
		`{"` + evil + `":1}`,
		`{"Version":"` + evil + `"}`,
		`{"Statement":[{"` + evil + `":1}]}`,
		`{"Statement":[{"Effect":"` + evil + `"}]}`,
		`{"Statement":[{"Action":"` + evil + `"}]}`,
		`{"Statement":[{"Principal":"` + evil + `"}]}`,
		`{"Statement":[{"Principal":{"AWS":"` + evil + `"}}]}`,
		`{"Statement":[{"Principal":{"Federated":"` + evil + `"}}]}`,
		`{"Statement":[{"Condition":{"` + evil + `":{}}}]}`,
		`{"Statement":[{"Condition":{"Bool":{"` + evil + `":{}}}}]}`,
		`{"Statement":[{"Condition":{"Bool":{"` + evil + `":"1","` + evil + `":"1"}}}]}`,
	} {
		_, err := trust.Parse([]byte(text))
		if err == nil {
			t.Errorf("Parse(%.40q) returns no error", text)
			continue
		}
		for _, ch := range err.Error() {
			if ch < 0x20 || ch > 0x7E {
				t.Errorf("Parse(%.40q): the error contains %U", text, ch)
				break
			}
		}
		if len(err.Error()) > 700 {
			t.Errorf("Parse(%.40q): the error has %d bytes", text, len(err.Error()))
		}
	}
}

// The text has only characters that are seen, so that nothing hides in it.
func TestPrintEscapes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"a\"b\\c": `a\"b\\c`, "\n\r\t": `\n\r\t`, " ~": " ~", "\x7f": `\u007f`, "\u0080": `\u0080`, "\u009f": `\u009f`,
		"\u00a0": `\u00a0`, "\u00a1": "\u00a1", "\u00ac": "\u00ac", "\u00ad": `\u00ad`, "\u00ae": "\u00ae", "\u00ff": "\u00ff",
	} {
		p := trust.Policy{ID: value, Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{Any: true}, Actions: []string{"sts:AssumeRole"},
		}}}
		text, err := p.MarshalJSON()
		if err != nil || !strings.Contains(string(text), `"`+want+`"`) {
			t.Errorf("MarshalJSON with the Id %q: %s, %v, want %s", value, text, err, want)
		}
	}
}

// Policies and statements are equal if all their parts are.
func TestPolicyEqual(t *testing.T) {
	t.Parallel()
	statement := func() trust.Statement {
		return trust.Statement{
			Sid: "A", Effect: trust.Allow, Principal: trust.Principal{AWS: []string{"123456789012"}, Federated: []string{"a.b"}},
			Actions: []string{"sts:AssumeRole"}, Conditions: []trust.Condition{{Operator: "Bool", Key: "a:b", Values: []string{"true"}}},
		}
	}
	p := trust.Policy{Version: "2012-10-17", ID: "x", Statements: []trust.Statement{statement()}}
	if q := p.Clone(); !p.Equal(q) || !q.Equal(p) {
		t.Error("a clone is not equal")
	}
	for name, change := range map[string]func(*trust.Policy){
		"version":     func(q *trust.Policy) { q.Version = "2008-10-17" },
		"ID":          func(q *trust.Policy) { q.ID = "y" },
		"statements":  func(q *trust.Policy) { q.Statements = append(q.Statements, statement()) },
		"Sid":         func(q *trust.Policy) { q.Statements[0].Sid = "B" },
		"effect":      func(q *trust.Policy) { q.Statements[0].Effect = trust.Deny },
		"everybody":   func(q *trust.Policy) { q.Statements[0].Principal.Any = true },
		"AWS":         func(q *trust.Policy) { q.Statements[0].Principal.AWS[0] = "210987654321" },
		"Federated":   func(q *trust.Policy) { q.Statements[0].Principal.Federated[0] = "c.d" },
		"actions":     func(q *trust.Policy) { q.Statements[0].Actions[0] = "sts:*" },
		"not actions": func(q *trust.Policy) { q.Statements[0].NotActions = []string{"sts:*"} },
		"condition":   func(q *trust.Policy) { q.Statements[0].Conditions[0].Key = "a:c" },
	} {
		q := p.Clone()
		change(&q)
		if p.Equal(q) || q.Equal(p) {
			t.Errorf("a policy with another %s is equal", name)
		}
	}
}

// The position of a statement is known if Parse read it.
func TestStatementPosition(t *testing.T) {
	t.Parallel()
	p, err := trust.Parse([]byte("{\"Version\":\"2012-10-17\",\n  \"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sts:AssumeRole\"}]}"))
	if err != nil {
		t.Fatal(err)
	}
	if line, column := p.Statements[0].Position(); line != 2 || column != 16 {
		t.Errorf("Position = %d, %d, want 2, 16", line, column)
	}
	if line, column := (trust.Statement{}).Position(); line != 0 || column != 0 {
		t.Errorf("Position of a statement made in code = %d, %d, want 0, 0", line, column)
	}
}

func TestMarshalJSONRejects(t *testing.T) {
	t.Parallel()
	good := func() trust.Policy {
		return trust.Policy{Statements: []trust.Statement{{
			Effect: trust.Allow, Principal: trust.Principal{AWS: []string{"123456789012"}}, Actions: []string{"sts:AssumeRole"},
			Conditions: []trust.Condition{{Operator: "Bool", Key: "a:b", Values: []string{"true"}}},
		}}}
	}
	if text, err := good().MarshalJSON(); err != nil {
		t.Fatalf("MarshalJSON of a good policy: %s, %v", text, err)
	}
	for name, change := range map[string]func(*trust.Policy){
		"no statement":          func(p *trust.Policy) { p.Statements = nil },
		"no effect":             func(p *trust.Policy) { p.Statements[0].Effect = "" },
		"no principal":          func(p *trust.Policy) { p.Statements[0].Principal = trust.Principal{} },
		"no action":             func(p *trust.Policy) { p.Statements[0].Actions = nil },
		"two kinds of action":   func(p *trust.Policy) { p.Statements[0].NotActions = []string{"sts:TagSession"} },
		"everybody and others":  func(p *trust.Policy) { p.Statements[0].Principal.Any = true },
		"an unknown operator":   func(p *trust.Policy) { p.Statements[0].Conditions[0].Operator = "Boole" },
		"invalid UTF-8":         func(p *trust.Policy) { p.Statements[0].Conditions[0].Values[0] = "\xff" },
		"an operator and a key": func(p *trust.Policy) { s := &p.Statements[0]; s.Conditions = append(s.Conditions, s.Conditions[0]) },
	} {
		p := good()
		change(&p)
		text, err := p.MarshalJSON()
		var pe *trust.ParseError
		if !errors.As(err, &pe) || text != nil {
			t.Errorf("%s: MarshalJSON = %s, %v, want a *ParseError", name, text, err)
		} else if pe.Line != 0 || pe.Column != 0 || strings.Contains(pe.Error(), "line ") {
			t.Errorf("%s: position %d:%d of a text that the caller does not see", name, pe.Line, pe.Column)
		}
	}
}

// A change of an exported field shows, whatever the form of the document was.
func TestPrintAfterChange(t *testing.T) {
	t.Parallel()
	const text = `{"Statement":{"Action":["sts:AssumeRole"],"Principal":{"AWS":["123456789012"]},"Effect":"Allow","Condition":{"Bool":{"a:b":[true]},"StringLike":{}}}}`
	p, err := trust.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	s := &p.Statements[0]
	s.Sid = "x"
	s.Actions = append(s.Actions, "sts:TagSession")
	s.Principal.Federated = []string{"accounts.google.com"}
	s.Conditions[0].Values[0] = "maybe"
	s.Conditions = append(s.Conditions, trust.Condition{Operator: "StringLike", Key: "a:c", Values: []string{"d"}}, trust.Condition{Operator: "Bool", Key: "a:d", Values: []string{"true"}})
	p.Version = "2012-10-17"
	want := `{"Statement":{"Action":["sts:AssumeRole","sts:TagSession"],"Principal":{"AWS":["123456789012"],"Federated":"accounts.google.com"},"Effect":"Allow",` +
		`"Condition":{"Bool":{"a:b":["maybe"],"a:d":"true"},"StringLike":{"a:c":"d"}},"Sid":"x"},"Version":"2012-10-17"}`
	got, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("MarshalJSON (-want +got):\n%s", diff)
	}
}

func TestPolicyJSONThroughEncodingJSON(t *testing.T) {
	t.Parallel()
	type role struct{ Trust trust.Policy }
	var r role
	if err := json.Unmarshal([]byte(`{"Trust":`+policyWithSid("a")+`}`), &r); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil || string(text) != `{"Trust":`+policyWithSid("a")+`}` {
		t.Errorf("json.Marshal = %s, %v", text, err)
	}
	before := r
	if err := json.Unmarshal([]byte(`{"Trust":{}}`), &r); err == nil {
		t.Error("json.Unmarshal of no policy returns no error")
	}
	if !r.Trust.Equal(before.Trust) {
		t.Error("a failed UnmarshalJSON changed the policy")
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors.Read[acceptVector](f, "testdata/parse/accept.json") {
		f.Add([]byte(v.Document))
	}
	for _, v := range vectors.Read[refuseVector](f, "testdata/parse/refuse.json") {
		f.Add([]byte(v.Document))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := trust.Parse(data)
		if err != nil {
			if !p.Equal(trust.Policy{}) {
				t.Fatalf("an error with a policy: %v", p)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("Parse accepts invalid JSON: %q", data)
		}
		checkPrinting(t, p)
	})
}

// An operator without keys stays in the document, until a condition has this operator.
func TestPrintEmptyOperator(t *testing.T) {
	t.Parallel()
	p, err := trust.Parse([]byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole",` +
		`"Condition":{"StringEquals":{"a:b":"c"},"StringLike":{}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.MarshalJSON()
	if err != nil || !strings.Contains(string(text), `"Condition":{"StringEquals":{"a:b":"c"},"StringLike":{}}`) {
		t.Errorf("MarshalJSON = %s, %v", text, err)
	}
	s := &p.Statements[0]
	s.Conditions = append(s.Conditions, trust.Condition{Operator: "StringLike", Key: "a:d", Values: []string{"e"}})
	text, err = p.MarshalJSON()
	if err != nil || !strings.Contains(string(text), `"Condition":{"StringEquals":{"a:b":"c"},"StringLike":{"a:d":"e"}}`) {
		t.Errorf("MarshalJSON after a change = %s, %v", text, err)
	}
}
