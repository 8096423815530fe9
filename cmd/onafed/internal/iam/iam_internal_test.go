package iam

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func FuzzParseAnswer(f *testing.F) {
	f.Add(200, []byte(`<GetRoleResponse><GetRoleResult><Role><RoleName>a</RoleName><Arn>arn:aws:iam::123456789012:role/a</Arn><MaxSessionDuration>3600</MaxSessionDuration><AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`))
	f.Add(200, []byte(`<GetOpenIDConnectProviderResponse><GetOpenIDConnectProviderResult><Url>app.gitpod.io</Url><ClientIDList><member>sts.amazonaws.com</member></ClientIDList></GetOpenIDConnectProviderResult></GetOpenIDConnectProviderResponse>`))
	f.Add(403, []byte(`<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>`))
	f.Add(200, []byte(`{"Role":{}}`))
	f.Add(502, []byte(`<html>`))
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		r, err := parseRole(status, text)
		if err != nil && !reflect.DeepEqual(r, Role{}) {
			t.Errorf("parseRole(%d, %q) = %v and the error %v", status, text, r, err)
		}
		if err == nil && status != 200 {
			t.Errorf("parseRole(%d, %q) returns no error", status, text)
		}
		p, err := parseProvider(status, text)
		if err != nil && !reflect.DeepEqual(p, Provider{}) {
			t.Errorf("parseProvider(%d, %q) = %v and the error %v", status, text, p, err)
		}
		if err == nil && (status != 200 || p.URL == "") {
			t.Errorf("parseProvider(%d, %q) returns no error", status, text)
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	const role = `<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><RoleName>a</RoleName><Arn>arn:aws:iam::123456789012:role/a</Arn><MaxSessionDuration>%s</MaxSessionDuration><AssumeRolePolicyDocument>%%7B%%7D</AssumeRolePolicyDocument></Role></GetRoleResult></GetRoleResponse>`
	for duration, want := range map[string]time.Duration{"7200": 2 * time.Hour, "43200": 12 * time.Hour, "43201": -1, "-1": -1, "x": -1, "99999999999999999999": -1} {
		r, err := parseRole(200, fmt.Appendf(nil, role, duration))
		if want < 0 && err == nil || want >= 0 && (err != nil || r.MaxSession != want) {
			t.Errorf("parseRole with the duration %s = %v, %v, want %v", duration, r.MaxSession, err, want)
		}
	}
	_, err := parseProvider(404, []byte(`<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>Not found.</Message></Error></ErrorResponse>`))
	if !IsMissing(err) {
		t.Errorf("parseProvider of a provider that does not exist: %v", err)
	}
	_, err = parseRole(404, []byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchEntity</Code><Message></Message></Error>`))
	if !IsMissing(err) {
		t.Errorf("parseRole of Ceph's answer for a role that does not exist: %v", err)
	}
	if IsMissing(&Error{Code: "AccessDenied"}) || IsMissing(nil) {
		t.Error("IsMissing of another error = true")
	}
	var many strings.Builder
	many.WriteString(`<R><GetOpenIDConnectProviderResult><Url>a</Url><ClientIDList>`)
	many.WriteString(strings.Repeat("<member>x</member>", maxAudiences+1))
	many.WriteString(`</ClientIDList></GetOpenIDConnectProviderResult></R>`)
	if p, err := parseProvider(200, []byte(many.String())); err == nil {
		t.Errorf("parseProvider with too many audiences = %d", len(p.Audiences))
	}
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
