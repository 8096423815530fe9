package iam

import (
	"reflect"
	"strings"
	"testing"

	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

func FuzzParseAnswer(f *testing.F) {
	f.Add(200, []byte(`<GetRoleResponse><GetRoleResult><Role><RoleName>a</RoleName><Arn>arn:aws:iam::123456789012:role/a</Arn><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`))
	f.Add(403, []byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
	f.Add(200, []byte(`{"Role":{}}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		d, err := parseAnswer(status, text)
		if err != nil && !reflect.DeepEqual(d, policyfile.Document{}) {
			t.Errorf("parseAnswer(%d, %q) = %v and the error %v", status, text, d, err)
		}
		if err == nil && status != 200 {
			t.Errorf("parseAnswer(%d, %q) returns no error", status, text)
		}
	})
}

func TestEndpointOf(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL", "")
	t.Setenv("AWS_ENDPOINT_URL_IAM", "")
	for region, want := range map[string]string{
		"":               "https://iam.amazonaws.com us-east-1",
		"eu-west-1":      "https://iam.amazonaws.com us-east-1",
		"cn-northwest-1": "https://iam.cn-north-1.amazonaws.com.cn cn-north-1",
		"us-gov-east-1":  "https://iam.us-gov.amazonaws.com us-gov-west-1",
		"eusc-de-east-1": "https://iam.eusc-de-east-1.amazonaws.eu eusc-de-east-1",
	} {
		endpoint, signed := endpointOf(region)
		if got := endpoint + " " + signed; got != want {
			t.Errorf("endpointOf(%q) = %s, want %s", region, got, want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	if endpoint, _ := endpointOf("cn-north-1"); endpoint != "http://127.0.0.1:1" {
		t.Errorf("the endpoint is %s, want AWS_ENDPOINT_URL", endpoint)
	}
	t.Setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
	if endpoint, _ := endpointOf(""); !strings.HasPrefix(endpoint, "https://iam.") {
		t.Errorf("the endpoint is %s, although AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is set", endpoint)
	}
}
