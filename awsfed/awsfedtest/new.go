package awsfedtest

import (
	"net/http"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/trust"
)

// New returns an STS with the given roles. The issuer is a provider in the account of each role,
// and each role accepts all tokens of the issuer with the audience sts.amazonaws.com, or in China
// sts.amazonaws.com.cn. client fetches the documents of the issuer. Sessions may be as short as a
// second.
//
// To test a trust policy, give it to a role with [STS.PutRole].
func New(tb testing.TB, issuerURL string, client *http.Client, roleARNs ...string) *STS {
	tb.Helper()
	audiences := []string{"sts.amazonaws.com", "sts.amazonaws.com.cn"}
	opts := &STSOptions{HTTPClient: client, MinDuration: time.Second}
	registered := map[string]bool{}
	for _, arn := range roleARNs {
		role, err := parseRoleARN(arn)
		if err != nil {
			tb.Fatalf("awsfedtest: role %q: %v", arn, err)
		}
		provider, err := trust.ProviderARN(role.Partition, role.Account, issuerURL)
		if err != nil {
			tb.Fatalf("awsfedtest: %v", err)
		}
		if !registered[role.Account] {
			registered[role.Account] = true
			opts.Providers = append(opts.Providers, Provider{URL: issuerURL, ClientIDs: audiences, Account: role.Account})
		}
		opts.Roles = append(opts.Roles, Role{ARN: arn, MaxSessionDuration: maxSession, TrustPolicy: trust.Policy{
			Version: "2012-10-17",
			Statements: []trust.Statement{{
				Effect:     trust.Allow,
				Principal:  trust.Principal{Federated: []string{provider}},
				Actions:    []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"},
				Conditions: []trust.Condition{{Operator: "StringEquals", Key: trust.ConditionKey(issuerURL, "aud"), Values: audiences}},
			}},
		}})
	}
	s, err := NewSTS(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
