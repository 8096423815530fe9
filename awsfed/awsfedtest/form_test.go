package awsfedtest_test

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed/awsfedtest"
)

func TestParseForm(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body string
		want       map[string]string // nil: an error
	}{
		{"empty", "", map[string]string{}},
		{"plain", "A=1&B=2", map[string]string{"A": "1", "B": "2"}},
		{"plus and percent are decoded", "A=a+b%2Bc%3D", map[string]string{"A": "a b+c="}},
		{"equals sign in the value", "A=b=c", map[string]string{"A": "b=c"}},
		{"empty list of the SDKs", "PolicyArns=", map[string]string{"PolicyArns": ""}},
		{"no equals sign", "A", map[string]string{"A": ""}},
		{"semicolon is not a separator", "A=1;B=2", map[string]string{"A": "1;B=2"}},
		{"name appears twice", "A=1&A=1", nil},
		{"name appears twice, encoded differently", "A=1&%41=1", nil},
		{"incomplete escape", "A=%4", nil},
		{"not UTF-8", "A=%c3%28", nil},
		{"too many parameters", manyParameters(501), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := awsfedtest.ParseForm(tt.body)
			if (err != nil) != (tt.want == nil) {
				t.Fatalf("ParseForm(%.40q) error = %v", tt.body, err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseForm(%.40q) (-want +got):\n%s", tt.body, diff)
			}
		})
	}
}

func manyParameters(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("&" + strings.Repeat("a", i+1) + "=")
	}
	return b.String()
}

func TestFormList(t *testing.T) {
	t.Parallel()
	f, err := awsfedtest.ParseForm("L.member.2.Key=b&L.member.10.Key=c&L.member.1.Key=a&L.member.1.Value=1&L.member.0.Key=x&L.member.01.Key=x&L.member.-1.Key=x&L.member.a.Key=x&Lx.member.1=x&P.member.1=p")
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"Key": "a", "Value": "1"}, {"Key": "b"}, {"Key": "c"}}
	if diff := cmp.Diff(want, awsfedtest.List(f, "L")); diff != "" {
		t.Errorf("members sorted by number (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]map[string]string{{"": "p"}}, awsfedtest.List(f, "P")); diff != "" {
		t.Errorf("plain members (-want +got):\n%s", diff)
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa")
	f.Add("PolicyArns.member.1.arn=a&PolicyArns.member.2.arn=b") // a list
	f.Add("A=1&A=2")                                             // a name that appears twice
	f.Add("A=%zz&=&&")                                           // malformed escape, empty name, empty pair
	f.Add("L.member.99999999999999999999=x")                     // a number that is too large
	f.Fuzz(func(t *testing.T, body string) {
		got, err := awsfedtest.ParseForm(body)
		if err != nil {
			if got != nil {
				t.Fatalf("ParseForm(%q) = %v with an error", body, got)
			}
			return
		}
		values := url.Values{}
		for name, value := range got {
			values.Set(name, value)
		}
		again, err := awsfedtest.ParseForm(values.Encode())
		if err != nil || !maps.Equal(got, again) {
			t.Fatalf("ParseForm of its own encoding = %v, %v, want %v", again, err, got)
		}
		for key := range got {
			name, _, _ := strings.Cut(key, ".member.")
			awsfedtest.List(got, name)
		}
	})
}

// The response to an invalid request is a well-formed error in printable ASCII. A client cannot
// insert control characters into it.
func FuzzServeHTTP(f *testing.F) {
	const identity = "Action=GetCallerIdentity&Version=2011-06-15"
	f.Add("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn:aws:iam::123456789012:role/ona/deploy&RoleSessionName=ci&WebIdentityToken=a.b.c", "")
	f.Add("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=%1b[31m&DurationSeconds=-1&PolicyArns.member.1.arn=x", "")
	f.Add("Action=AssumeRole&Version=2011-06-15&RoleArn=%00%e2%80%ae", "AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
	f.Add(identity, "AWS4-HMAC-SHA256 Credential=////aws4_request,SignedHeaders=;;host,Signature=")
	f.Add(identity, "Bearer x")
	s, _ := setup(f)
	f.Fuzz(func(t *testing.T, body, authorization string) {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header["Content-Type"] = []string{"application/x-www-form-urlencoded"}
		r.Header["X-Amz-Date"] = []string{"20150830T123600Z"}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		response := w.Body.String()
		if w.Code == http.StatusOK || w.Code >= 500 && w.Code != http.StatusNotImplemented { // no such service
			t.Fatalf("status %d for %q: %s", w.Code, body, response)
		}
		var doc struct {
			XMLName xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
			Code    string   `xml:"Error>Code"`
		}
		if err := xml.Unmarshal([]byte(response), &doc); err != nil || doc.Code == "" {
			t.Fatalf("response to %q: %s, %v", body, response, err)
		}
		for _, r := range response {
			if r != '\n' && (r < ' ' || r > '~') {
				t.Fatalf("response to %q with the character %U", body, r)
			}
		}
	})
}

// Only an unchanged session token can be opened.
func FuzzOpen(f *testing.F) {
	s, iss := setup(f)
	out, _ := assume(f, s, iss)
	token := *out.Credentials.SessionToken
	f.Add(token)
	f.Add(token[:len(token)-4])
	f.Add(token + "AAAA")
	f.Add(token[:20] + "\n" + token[20:]) // encoding/base64 skips line breaks
	f.Add("TESTONAFED//")
	f.Add("TESTONAFED//AAAA\n")
	f.Fuzz(func(t *testing.T, text string) {
		if s.Opens(text) != (text == token) {
			t.Fatalf("%q opens: %v", text, s.Opens(text))
		}
	})
}
