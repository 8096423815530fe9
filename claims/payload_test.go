package claims_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onafed/onafed/claims"
)

func mustParse(tb testing.TB, payload string) claims.Claims {
	tb.Helper()
	c, err := claims.Parse([]byte(payload))
	if err != nil {
		tb.Fatalf("Parse(%s) = %v", payload, err)
	}
	return c
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, payload string
		want          claims.Claims
	}{
		{"V2", payloadV2, claims.Claims{
			Issuer: "https://app.gitpod.io", Subject: subV2, Audience: []string{"sts.amazonaws.com"},
			Expiry: time.Unix(1740517845, 0).UTC(), IssuedAt: time.Unix(1740514245, 0).UTC(), OrganizationID: orgID,
		}},
		{"V3", payloadV3, claims.Claims{
			Issuer: "https://app.gitpod.io", Subject: "organization_id:" + orgID + ":project_id:" + projID, Audience: []string{"sts.amazonaws.com"},
			Expiry: time.Unix(1711929600, 0).UTC(), IssuedAt: time.Unix(1711926000, 0).UTC(),
			OrganizationID: orgID, EnvironmentID: envID, ProjectID: projID, RunnerID: userID,
			CreatorPrincipal: "user", CreatorID: userID, CreatorEmail: "jo@example.com", CreatorName: "Jo Doe",
			CreatorIDP: "https://accounts.example.com", CreatorIDPClaims: json.RawMessage(`{"groups":["eng","ops"]}`),
			EnvironmentInitializers: []claims.Initializer{{RemoteURI: "https://git.example.com/a/b.git"}},
		}},
		{"user", `{"user_id":"u","account_id":"a","email":"e","name":"n","idp":"i","idp_claims":{"a":1},"service_account_id":"s","runner_name":"r","azp":"z","nbf":3}`, claims.Claims{
			UserID: "u", AccountID: "a", Email: "e", Name: "n", IDP: "i", IDPClaims: json.RawMessage(`{"a":1}`),
			ServiceAccountID: "s", RunnerName: "r", AuthorizedParty: "z", NotBefore: time.Unix(3, 0).UTC(),
		}},
		{"V1", `{"gsub":{"principal":"user","id":"1","more":[1]},"aud":["a","b"]}`, claims.Claims{
			GSub: claims.LegacySubject{Principal: "user", ID: "1"}, Audience: []string{"a", "b"},
		}},
		{"empty object", " \t\r\n{ } \n", claims.Claims{}},
		{"null is absent", `{"iss":null,"aud":null,"exp":null,"creator_idp_claims":null,"environment_initializers":null,"gsub":null}`, claims.Claims{}},
		{"unknown claims", `{"a":[{"b":{}},[],1.5e-3,-0,true,false,null,"x"],"":{}}`, claims.Claims{}},
		{"escapes", `{"iss":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é😀","\u0073ub":"x"}`, claims.Claims{Issuer: "\"\\/\b\f\n\r\té😀é😀", Subject: "x"}},
		{"replacement character", `{"iss":"` + "\ufffd" + `\ufffd"}`, claims.Claims{Issuer: "\ufffd\ufffd"}},
		{"fraction", `{"exp":1740517845.25,"iat":1.000000001999,"nbf":0}`, claims.Claims{
			Expiry: time.Unix(1740517845, 250e6).UTC(), IssuedAt: time.Unix(1, 1).UTC(), NotBefore: time.Unix(0, 0).UTC(),
		}},
		{"exponent", `{"exp":1.5e9,"iat":15e-1}`, claims.Claims{Expiry: time.Unix(15e8, 0).UTC(), IssuedAt: time.Unix(1, 500e6).UTC()}},
		{"last date", `{"exp":253402300799.999}`, claims.Claims{Expiry: time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC)}},
		{"initializers of other forms", `{"environment_initializers":[1,{"git":2,"context_url":"c"},{"context_url":{"url":"x"},"git":{"remote_uri":1,"upstream_remote_uri":"u"}}]}`, claims.Claims{
			EnvironmentInitializers: []claims.Initializer{{ContextURL: "c"}, {UpstreamRemoteURI: "u"}},
		}},
		{"organization_id wins over org", `{"org":"o","organization_id":"p"}`, claims.Claims{OrganizationID: "p"}},
		{"empty organization_id beside org", `{"org":"o","organization_id":""}`, claims.Claims{}},
		{"name of a member inside, then outside", `{"x":{"iss":"b","y":1},"iss":"a","y":2}`, claims.Claims{Issuer: "a"}},
		{"same name in different objects", `{"iss":"a","x":{"iss":"b","y":{"iss":"c"}},"z":[{"iss":1},{"iss":2}]}`, claims.Claims{Issuer: "a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := mustParse(t, tt.payload)
			if diff := diffClaims(tt.want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
			if string(got.Payload()) != tt.payload {
				t.Errorf("Payload() = %s", got.Payload())
			}
		})
	}
}

// diffClaims compares the exported fields. cmp shows the fields of a type without methods.
func diffClaims(want, got claims.Claims) string {
	type plain claims.Claims
	return cmp.Diff(plain(want), plain(got), cmpopts.IgnoreUnexported(plain{}))
}

// refusedPayloads are payloads that are refused, with the offset of the fault and the reason.
var refusedPayloads = []struct {
	name, in string
	offset   int
	reason   string
}{
	{"empty", "", 0, "not a JSON object"},
	{"array", "[]", 0, "not a JSON object"},
	{"byte order mark", "\ufeff{}", 0, "not a JSON object"},
	{"open object", `{`, 1, "member name in double quotes"},
	{"name without quotes", `{a:1}`, 1, "member name in double quotes"},
	{"trailing comma", `{"a":1,}`, 7, "member name in double quotes"},
	{"no colon", `{"a"1}`, 4, "colon"},
	{"no value", `{"a":}`, 5, "not a JSON value"},
	{"ends before a value", `{"a":`, 5, "the text ends"},
	{"ends after a value", `{"a":1`, 6, "comma or }"},
	{"no comma", `{"a":1 "b":2}`, 7, "comma or }"},
	{"trailing bytes", `{} x`, 3, "text follows"},
	{"second object", `{}{}`, 2, "text follows"},
	{"trailing NUL", "{}\x00", 2, "text follows"},
	{"comment", `{/**/}`, 1, "member name in double quotes"},
	{"duplicate of a claim", `{"iss":"a","iss":"a"}`, 11, "duplicate"},
	{"duplicate of an unknown member", `{"a":1,"b":2,"a":3}`, 13, "duplicate"},
	{"duplicate with escapes", `{"sub":"a","\u0073ub":"b"}`, 11, "duplicate"},
	{"duplicate in a nested object", `{"a":{"b":1,"b":2}}`, 12, "duplicate"},
	{"duplicate in an array", `{"a":[{"b":1,"b":2}]}`, 13, "duplicate"},
	{"duplicate in gsub", `{"gsub":{"id":"a","id":"b"}}`, 18, "duplicate"},
	{"duplicate in an initializer", `{"environment_initializers":[{"git":{},"git":{}}]}`, 39, "duplicate"},
	{"capital letter", `{"Sub":"a"}`, 1, "only in case"},
	{"capital letters", `{"ORGANIZATION_ID":"a"}`, 1, "only in case"},
	{"escaped capital letter", `{"\u0053ub":"a"}`, 1, "only in case"},
	{"long s", `{"ſub":"a"}`, 1, "only in case"},
	{"case of a claim that is not a string", `{"Exp":1}`, 1, "only in case"},
	{"invalid UTF-8", "{\"a\":\"x\xff\"}", 7, "invalid UTF-8"},
	{"overlong UTF-8", "{\"a\":\"\xc0\x80\"}", 6, "invalid UTF-8"},
	{"surrogate in UTF-8", "{\"a\":\"\xed\xa0\x80\"}", 6, "invalid UTF-8"},
	{"invalid UTF-8 after an escape", "{\"a\":\"\\n\xff\"}", 8, "invalid UTF-8"},
	{"invalid UTF-8 in a name", "{\"\xff\":1}", 2, "invalid UTF-8"},
	{"lone high surrogate", `{"a":"\ud83d"}`, 6, "lone surrogate"},
	{"lone low surrogate", `{"a":"\ude00"}`, 6, "lone surrogate"},
	{"two high surrogates", `{"a":"\ud83d\ud83d"}`, 6, "lone surrogate"},
	{"half a pair", `{"a":"\ud83d\u"}`, 6, "lone surrogate"},
	{"line break in a string", "{\"a\":\"\n\"}", 6, "control character"},
	{"NUL after an escape", "{\"a\":\"\\n\x00\"}", 8, "control character"},
	{"unknown escape", `{"a":"\x41"}`, 6, "unknown escape"},
	{"short escape", `{"a":"\u12"}`, 6, "four hexadecimal digits"},
	{"short escape at the end", `{"a":"\u123`, 6, "four hexadecimal digits"},
	{"escape at the end", `{"a":"\`, 6, "escape sequence without an end"},
	{"open string", `{"a":"x`, 5, "string without an end"},
	{"open string after an escape", `{"a":"\n`, 5, "string without an end"},
	{"leading zero", `{"a":01}`, 5, "leading zero"},
	{"plus", `{"a":+1}`, 5, "not a JSON value"},
	{"minus alone", `{"a":-}`, 6, "digit expected"},
	{"point alone", `{"a":1.}`, 7, "digit expected"},
	{"exponent alone", `{"a":1e+}`, 8, "digit expected"},
	{"wrong literal", `{"a":nul}`, 5, "not a JSON value"},
	{"capital literal", `{"a":True}`, 5, "not a JSON value"},
	{"NaN", `{"a":NaN}`, 5, "not a JSON value"},
	{"array without a comma", `{"a":[1 2]}`, 8, "comma or ]"},
	{"array with a trailing comma", `{"a":[1,]}`, 8, "not a JSON value"},
	{"open array", `{"a":[`, 6, "the text ends"},
	{"open array of audiences", `{"aud":[`, 8, "not a string"},
	{"iss is a number", `{"iss":1}`, 7, "iss is not a string"},
	{"sub is an array", `{"sub":["a"]}`, 7, "sub is not a string"},
	{"email is an object", `{"email":{}}`, 9, "email is not a string"},
	{"ends before iss", `{"iss":`, 7, "iss is not a string"},
	{"aud is a number", `{"aud":1}`, 7, "aud is neither"},
	{"aud has a number", `{"aud":["a",1]}`, 12, "aud has an element"},
	{"aud has null", `{"aud":[null]}`, 8, "aud has an element"},
	{"ends before aud", `{"aud":`, 7, "aud is neither"},
	{"exp is a string", `{"exp":"1"}`, 7, "exp is not a number"},
	{"exp is true", `{"exp":true}`, 7, "exp is not a number"},
	{"ends before exp", `{"exp":`, 7, "exp is not a number"},
	{"exp is negative", `{"exp":-1}`, 7, "exp is not between"},
	{"exp is minus zero", `{"exp":-0}`, 7, "exp is not between"},
	{"exp is minus zero with an exponent", `{"exp":-0e0}`, 7, "exp is not between"},
	{"exp is in milliseconds", `{"exp":253402300800}`, 7, "exp is not between"},
	{"exp overflows", `{"exp":99999999999999999999999999}`, 7, "exp is not between"},
	{"claim of any type is broken", `{"idp_claims":[1,}`, 17, "not a JSON value"},
	{"initializer is broken", `{"environment_initializers":[x]}`, 29, "not a JSON value"},
	{"exp is a broken number", `{"exp":1.}`, 9, "digit expected"},
	{"exp is over its limit with an exponent", `{"exp":2.534023008e11}`, 7, "exp is not between"},
	{"exp is negative with an exponent", `{"exp":-1e0}`, 7, "exp is not between"},
	{"exp overflows a float", `{"exp":1e400}`, 7, "exp is not between"},
	{"exp is not a JSON number", `{"exp":0x10}`, 8, "comma or }"},
	{"too deep", `{"a":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, 36, "nested too deeply"},
	{"objects too deep", strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33), 160, "nested too deeply"},
	{"too long", `{"a":"` + strings.Repeat("x", claims.MaxTokenSize) + `"}`, claims.MaxTokenSize, "too long"},
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refusedPayloads {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := claims.Parse([]byte(tt.in))
			var pe *claims.ParseError
			if !errors.As(err, &pe) {
				t.Fatalf("Parse = %v, want a *ParseError", err)
			}
			if pe.Part != "payload" || pe.Offset != tt.offset || !strings.Contains(pe.Reason, tt.reason) {
				t.Errorf("Parse: %s, offset %d, reason %q, want offset %d, %q", pe.Part, pe.Offset, pe.Reason, tt.offset, tt.reason)
			}
			if diff := diffClaims(claims.Claims{}, c); diff != "" || c.Payload() != nil {
				t.Errorf("Parse returned claims with its error:\n%s", diff)
			}
		})
	}
}

// The deepest nesting and the longest payload that are allowed.
func TestParseLimits(t *testing.T) {
	t.Parallel()
	mustParse(t, `{"a":`+strings.Repeat("[", 31)+strings.Repeat("]", 31)+`}`)
	for _, exp := range []string{"253402300799", "253402300799.999999999", "2.53402300799e11"} {
		if c := mustParse(t, `{"exp":`+exp+`}`); c.Expiry.Year() != 9999 {
			t.Errorf("exp %s is read as %v", exp, c.Expiry)
		}
	}
	long := `{"a":"` + strings.Repeat("x", claims.MaxTokenSize-8) + `"}`
	mustParse(t, long)
	if _, err := claims.Parse([]byte(long + " ")); err == nil {
		t.Error("Parse of a payload over the limit succeeded")
	}
}

// Duplicates are found however many members there are.
func TestParseManyMembers(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 47, 48, 49, 50, 100, 1200} {
		var b strings.Builder
		b.WriteString(`{"o":{`)
		for i := range n {
			fmt.Fprintf(&b, `"m%d":{"x":1},`, i)
		}
		for _, i := range []int{0, n / 2, n - 1} {
			_, err := claims.Parse([]byte(b.String() + fmt.Sprintf(`"m%d":2}}`, i)))
			var pe *claims.ParseError
			if !errors.As(err, &pe) || pe.Offset != b.Len() || pe.Reason != "duplicate member name" {
				t.Fatalf("%d members, member %d twice: %v", n, i, err)
			}
		}
		mustParse(t, b.String()+`"last":2}}`)
	}
}

func TestParseCopies(t *testing.T) {
	t.Parallel()
	in := []byte(payloadV3)
	c, err := claims.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	clear(in)
	p := c.Payload()
	clear(p)
	if c.Issuer != "https://app.gitpod.io" || string(c.CreatorIDPClaims) != `{"groups":["eng","ops"]}` || string(c.Payload()) != payloadV3 {
		t.Errorf("the claims changed with the buffer of the caller: %s", c.Payload())
	}
}

func TestParseAllocs(t *testing.T) {
	for _, tt := range []struct {
		name, payload string
		want          float64
	}{
		{"V2", payloadV2, 2},
		{"V3", payloadV3, 4},
	} {
		token := compact(`{"alg":"RS256","kid":"k0"}`, tt.payload)
		if got := testing.AllocsPerRun(100, func() { _, _, _ = claims.ParseUnverified(token) }); got > tt.want {
			t.Errorf("ParseUnverified of a %s token: %v allocations, want %v", tt.name, got, tt.want)
		}
		c := mustParse(t, tt.payload)
		if got := testing.AllocsPerRun(100, func() { _, _ = c.Identity() }); got != 0 {
			t.Errorf("Identity of a %s token: %v allocations, want none", tt.name, got)
		}
		want := claims.Expected{Issuer: c.Issuer, Audiences: c.Audience, Organizations: []string{orgID}, Projects: []string{projID}}
		if err := c.Validate(c.IssuedAt, want); err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { _ = c.Validate(c.IssuedAt, want) }); got != 0 {
			t.Errorf("Validate of a %s token: %v allocations, want none", tt.name, got)
		}
	}
}
