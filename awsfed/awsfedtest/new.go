package awsfedtest

import (
	"slices"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp/idptest"
)

// New returns an STS with the given roles. iss is a provider in the account of each role, and each
// role accepts all tokens of iss with the audience sts.amazonaws.com, or in China
// sts.amazonaws.com.cn. Sessions last 15 minutes to 12 hours.
//
// To test a trust policy, give it to a role with [STS.PutRole]. For another issuer or for shorter
// sessions, use [NewSTS].
func New(tb testing.TB, iss *idptest.Issuer, roleARNs ...string) *STS {
	tb.Helper()
	audiences := []string{"sts.amazonaws.com", "sts.amazonaws.com.cn"}
	opts := &STSOptions{HTTPClient: iss.Client()}
	for _, arn := range roleARNs {
		role, err := parseRoleARN(arn)
		if err != nil {
			tb.Fatalf("awsfedtest: role %q: %v", arn, err)
		}
		provider, err := trust.ProviderARN(role.Partition, role.Account, iss.URL)
		if err != nil {
			tb.Fatalf("awsfedtest: %v", err)
		}
		if !slices.ContainsFunc(opts.Providers, func(p Provider) bool { return p.Account == role.Account }) {
			opts.Providers = append(opts.Providers, Provider{URL: iss.URL, ClientIDs: audiences, Account: role.Account})
		}
		opts.Roles = append(opts.Roles, Role{ARN: arn, MaxSessionDuration: maxSession, TrustPolicy: trust.Policy{
			Version: "2012-10-17",
			Statements: []trust.Statement{{
				Effect:     trust.Allow,
				Principal:  trust.Principal{Federated: []string{provider}},
				Actions:    []string{"sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity"},
				Conditions: []trust.Condition{{Operator: "StringEquals", Key: trust.ConditionKey(iss.URL, "aud"), Values: audiences}},
			}},
		}})
	}
	s, err := NewSTS(opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
