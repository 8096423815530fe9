package trust_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

func TestProviderARN(t *testing.T) {
	t.Parallel()
	tests := []struct{ partition, account, issuer, want string }{
		{"aws", "123456789012", "https://app.gitpod.io", "arn:aws:iam::123456789012:oidc-provider/app.gitpod.io"},
		{"aws-cn", "123456789012", "https://app.gitpod.io", "arn:aws-cn:iam::123456789012:oidc-provider/app.gitpod.io"},
		{"aws-us-gov", "000000000000", "https://auth.example/", "arn:aws-us-gov:iam::000000000000:oidc-provider/auth.example/"},
		{"aws-eusc", "123456789012", "https://Auth.example/a//b", "arn:aws-eusc:iam::123456789012:oidc-provider/Auth.example/a//b"},
		{"aws-iso-b", "123456789012", "https://auth.example", "arn:aws-iso-b:iam::123456789012:oidc-provider/auth.example"},
	}
	for _, tt := range tests {
		got, err := trust.ProviderARN(tt.partition, tt.account, tt.issuer)
		if got != tt.want || err != nil {
			t.Errorf("ProviderARN(%q, %q, %q) = %q, %v, want %q", tt.partition, tt.account, tt.issuer, got, err, tt.want)
		}
	}
	for _, bad := range [][3]string{
		{"", "123456789012", "https://a.example"},
		{"aws-", "123456789012", "https://a.example"},
		{"aws:x", "123456789012", "https://a.example"},
		{"awsx", "123456789012", "https://a.example"},
		{"aws", "12345678901", "https://a.example"},
		{"aws", "1234567890123", "https://a.example"},
		{"aws", "12345678901x", "https://a.example"},
		{"aws", "123456789012", "a.example"},
		{"aws", "123456789012", "http://a.example"},
		{"aws", "123456789012", "HTTPS://a.example"},
		{"aws", "123456789012", "https://"},
		{"aws", "123456789012", "https:///a"},
		{"aws", "123456789012", "https://a.example:443"},
		{"aws", "123456789012", "https://u@a.example"},
		{"aws", "123456789012", "https://a.example/?b"},
		{"aws", "123456789012", "https://a.example/#b"},
		{"aws", "123456789012", "https://a.example/*"},
		{"aws", "123456789012", "https://a.example/a:sub"},
		{"aws", "123456789012", "https://a.example/\x1b[2J"},
	} {
		got, err := trust.ProviderARN(bad[0], bad[1], bad[2])
		if got != "" || err == nil {
			t.Errorf("ProviderARN(%q) = %q, %v, want an error", bad, got, err)
		} else if strings.ContainsRune(err.Error(), 0x1B) {
			t.Errorf("ProviderARN(%q): the error contains an escape character", bad)
		}
	}
}

func TestConditionKey(t *testing.T) {
	t.Parallel()
	for _, tt := range [][3]string{
		{"https://app.gitpod.io", "sub", "app.gitpod.io:sub"},
		{"https://auth.example/", "aud", "auth.example/:aud"},
		{"https://auth.example/a//b", "amr", "auth.example/a//b:amr"},
		{"auth.example", "sub", "auth.example:sub"},
	} {
		if got := trust.ConditionKey(tt[0], tt[1]); got != tt[2] {
			t.Errorf("ConditionKey(%q, %q) = %q, want %q", tt[0], tt[1], got, tt[2])
		}
	}
}
