package explain

import (
	"reflect"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
)

func FuzzReadClaims(f *testing.F) {
	payload := `{"iss":"https://app.gitpod.io","aud":"sts.amazonaws.com","sub":"s","exp":1740517845}`
	f.Add([]byte(payload))
	f.Add([]byte(`{"Claims":` + payload + `,"Header":[{"KeyID":"k0"}]}`))
	f.Add([]byte(`{"Claims":null,"Header":[]}`))
	f.Add([]byte(`{"iss":"https://a.example","Claims":1,"Header":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := readClaims(text)
		switch {
		case err != nil && !reflect.DeepEqual(c, claims.Claims{}):
			t.Errorf("readClaims(%q) = %v and the error %v", text, c, err)
		case err == nil && c.Issuer == "":
			t.Errorf("readClaims(%q) returns claims without an issuer", text)
		}
	})
}

func TestProviderAccount(t *testing.T) {
	t.Parallel()
	statement := func(arns ...string) trust.Statement {
		return trust.Statement{Effect: trust.Allow, Principal: trust.Principal{Federated: arns}}
	}
	const a, b = "arn:aws:iam::123456789012:oidc-provider/example.com", "arn:aws-cn:iam::210987654321:oidc-provider/example.com"
	for name, test := range map[string]struct {
		statements []trust.Statement
		want       string
	}{
		"none":           {nil, " "},
		"one":            {[]trust.Statement{statement(a)}, "aws 123456789012"},
		"one twice":      {[]trust.Statement{statement(a), statement(a)}, "aws 123456789012"},
		"of two issuers": {[]trust.Statement{statement("arn:aws:iam::210987654321:oidc-provider/other.example.com", b)}, "aws-cn 210987654321"},
		"two accounts":   {[]trust.Statement{statement(a, b)}, " "},
		"two statements": {[]trust.Statement{statement(a), statement(b)}, " "},
	} {
		partition, account := providerAccount(trust.Policy{Statements: test.statements}, "https://example.com")
		if got := partition + " " + account; got != test.want {
			t.Errorf("%s: providerAccount = %q, want %q", name, got, test.want)
		}
	}
}
