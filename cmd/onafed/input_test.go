package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
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
			t.Errorf("readClaims(%q) = %v with the error %v", text, c, err)
		case err == nil && c.Issuer == "":
			t.Errorf("readClaims(%q) has no issuer", text)
		}
	})
}

func FuzzRoleOf(f *testing.F) {
	f.Add(200, []byte(`<GetRoleResponse><GetRoleResult><Role><RoleName>a</RoleName><Arn>arn:aws:iam::123456789012:role/a</Arn><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`))
	f.Add(403, []byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
	f.Add(200, []byte(`{"Role":{}}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		d, err := roleOf(status, text)
		if err != nil && !reflect.DeepEqual(d, policyfile.Document{}) {
			t.Errorf("roleOf(%d, %q) = %v with the error %v", status, text, d, err)
		}
		if err == nil && status != 200 {
			t.Errorf("roleOf(%d, %q) is no error", status, text)
		}
	})
}

func TestIAMEndpoint(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_IAM", "")
	for region, want := range map[string]string{
		"":               "https://iam.amazonaws.com us-east-1",
		"eu-west-1":      "https://iam.amazonaws.com us-east-1",
		"cn-northwest-1": "https://iam.cn-north-1.amazonaws.com.cn cn-north-1",
		"us-gov-east-1":  "https://iam.us-gov.amazonaws.com us-gov-west-1",
		"eusc-de-east-1": "https://iam.eusc-de-east-1.amazonaws.eu eusc-de-east-1",
	} {
		endpoint, signed := iamEndpoint(region)
		if got := endpoint + " " + signed; got != want {
			t.Errorf("iamEndpoint(%q) = %s, want %s", region, got, want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	if endpoint, _ := iamEndpoint("cn-north-1"); endpoint != "http://127.0.0.1:1" {
		t.Errorf("AWS_ENDPOINT_URL is not asked: %s", endpoint)
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	if endpoint, _ := iamEndpoint(""); !strings.HasPrefix(endpoint, "https://iam.") {
		t.Errorf("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is not heeded: %s", endpoint)
	}
}

func TestParseRoleARN(t *testing.T) {
	t.Parallel()
	for arn, want := range map[string]roleARN{
		"arn:aws:iam::123456789012:role/a":           {"aws", "123456789012", "a"},
		"arn:aws-cn:iam::123456789012:role/path/a:b": {"aws-cn", "123456789012", "path/a:b"},
		"arn:aws:iam::123456789012:user/a":           {},
		"arn:aws:sts::123456789012:assumed-role/a/b": {},
		"arn:aws:iam::1234:role/a":                   {},
		"role/a":                                     {},
		"":                                           {},
	} {
		got, err := parseRoleARN(arn)
		if got != want || (err == nil) != (want != roleARN{}) {
			t.Errorf("parseRoleARN(%q) = %v, %v, want %v", arn, got, err, want)
		}
	}
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
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
