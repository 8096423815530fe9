package arn_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/arn"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]arn.ARN{
		"arn:aws:iam::123456789012:role/team/deploy":   {Partition: "aws", Service: "iam", Account: "123456789012", Resource: "role/team/deploy"},
		"arn:aws-cn:sts:cn-north-1:1:assumed-role/a/b": {Partition: "aws-cn", Service: "sts", Region: "cn-north-1", Account: "1", Resource: "assumed-role/a/b"},
		"arn:aws:iam::1:oidc-provider/a:b:c":           {Partition: "aws", Service: "iam", Account: "1", Resource: "oidc-provider/a:b:c"},
		"arn:::::":                                     {},
	} {
		if got, ok := arn.Parse(in); !ok || got != want {
			t.Errorf("Parse(%q) = %+v, %v; want %+v, true", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "arn", "arn:aws:iam::123456789012", "ARN:aws:iam::1:role/a", "xarn:aws:iam::1:role/a", "role/a"} {
		if got, ok := arn.Parse(in); ok || got != (arn.ARN{}) {
			t.Errorf("Parse(%q) = %+v, %v; want zero, false", in, got, ok)
		}
	}
}

func TestRole(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]struct {
		path, name string
		ok         bool
	}{
		"arn:aws:iam::1:role/deploy":        {"", "deploy", true},
		"arn:aws:iam::1:role/team/ci/prod":  {"team/ci/", "prod", true},
		"arn:aws:iam::1:role/team/":         {"team/", "", false},
		"arn:aws:iam::1:role/":              {},
		"arn:aws:iam::1:user/deploy":        {},
		"arn:aws:sts::1:role/deploy":        {},
		"arn:aws:iam::1:xrole/deploy":       {},
		"arn:aws:sts::1:assumed-role/a/b":   {},
		"arn:aws:iam::1:oidc-provider/role": {},
	} {
		a, parsed := arn.Parse(in)
		if path, name, ok := a.Role(); !parsed || path != want.path || name != want.name || ok != want.ok {
			t.Errorf("Role of %q = %q, %q, %v; want %q, %q, %v", in, path, name, ok, want.path, want.name, want.ok)
		}
	}
}

func TestIsAccount(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"123456789012": true, "000000000000": true,
		"": false, "12345678901": false, "1234567890123": false, "12345678901a": false, "-12345678901": false, "１２３４": false,
	} {
		if got := arn.IsAccount(in); got != want {
			t.Errorf("IsAccount(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestIsPartition(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"aws": true, "aws-cn": true, "aws-us-gov": true, "aws-iso-b2": true,
		"": false, "aw": false, "aws-": false, "aws-cn-": false, "awscn": false, "AWS": false, "aws-CN": false, "aws_cn": false, "aws-*": false,
	} {
		if got := arn.IsPartition(in); got != want {
			t.Errorf("IsPartition(%q) = %v, want %v", in, got, want)
		}
	}
}

func TestIsNameForEveryByte(t *testing.T) {
	t.Parallel()
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-"
	for c := range 256 {
		s := "a" + string([]byte{byte(c)})
		want := strings.IndexByte(allowed, byte(c)) >= 0
		if arn.IsName(s) != want || arn.IsSessionName(s) != want {
			t.Errorf("IsName(%q) = %v, IsSessionName = %v, want %v", s, arn.IsName(s), arn.IsSessionName(s), want)
		}
	}
	if arn.IsName("") {
		t.Error("IsName of the empty text = true")
	}
}

func TestSessionNameLength(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{0: false, 1: false, 2: true, 64: true, 65: false} {
		if got := arn.IsSessionName(strings.Repeat("a", n)); got != want {
			t.Errorf("IsSessionName of %d characters = %v, want %v", n, got, want)
		}
	}
}

func TestDefaultRegion(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1", "aws-eusc": "eusc-de-east-1",
		"aws-iso": "us-iso-east-1", "aws-iso-b": "us-isob-east-1", "aws-iso-e": "eu-isoe-west-1", "aws-iso-f": "us-isof-south-1",
		"": "", "aws-new": "", "AWS": "",
	} {
		if got := arn.DefaultRegion(in); got != want {
			t.Errorf("DefaultRegion(%q) = %q, want %q", in, got, want)
		}
	}
}
