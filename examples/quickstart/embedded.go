package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// The identities in the example token, and the AWS account and role.
const (
	organizationID = "0191e223-1c3c-7607-badf-303c98b52d2f"
	projectID      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	environmentID  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	otherProjectID = "01960000-0000-7000-8000-000000000001"
	account        = "981341800645"
	roleARN        = "arn:aws:iam::" + account + ":role/onafed-quickstart"
)

// embedded takes all steps with an issuer and an STS in this process.
func embedded(ctx context.Context, out *report) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if err := unsetAWS(); err != nil {
		return err
	}

	out.heading("An issuer that signs tokens and publishes its keys (TLS, loopback)")
	iss, err := newIssuer(ctx)
	if err != nil {
		return fmt.Errorf("start the issuer: %w", err)
	}
	src := idp.Cached(idp.TokenSourceFunc(iss.token), nil)
	token, err := src.Token(ctx)
	if err != nil {
		return fmt.Errorf("get a token: %w", err)
	}
	out.line("issuer", "%s, served at %s", idp.Issuer, iss.addr)

	out.heading("The claims of the token (package claims)")
	if err := showClaims(token, out); err != nil {
		return err
	}

	out.heading("The signature of the token (package idp/issuer)")
	if err := verify(ctx, token, iss.client, idp.Issuer, issuer.VerifierOptions{
		Audiences:     []string{idp.AudienceAWS},
		Organizations: []string{organizationID},
	}, out); err != nil {
		return err
	}

	out.heading("Trust policies that allow or deny it (package awsfed/trust)")
	policy, err := policies(token, out)
	if err != nil {
		return err
	}

	return withSTS(ctx, iss.client, src, policy, out)
}

// withSTS starts an STS that knows the issuer and one role with the policy, and uses it.
func withSTS(ctx context.Context, client *http.Client, src idp.TokenSource, policy trust.Policy, out *report) error {
	out.heading("Credentials from an STS (packages awsfed, awsfed/awsfedtest)")
	fake, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient:  client,
		Providers:   []awsfedtest.Provider{{URL: idp.Issuer, ClientIDs: []string{idp.AudienceAWS}, Account: account}},
		Roles:       []awsfedtest.Role{{ARN: roleARN, TrustPolicy: policy}},
		MinDuration: time.Second,
	})
	if err != nil {
		return fmt.Errorf("start the STS: %w", err)
	}
	addr, err := serve(ctx, fake, nil)
	if err != nil {
		return fmt.Errorf("start the STS: %w", err)
	}
	endpoint := "http://" + addr
	out.line("STS", "%s", endpoint)
	if err := assume(ctx, src, endpoint, out); err != nil {
		return err
	}
	if err := refused(ctx, src, endpoint, out); err != nil {
		return err
	}

	out.heading("Refreshes every few seconds and an outage of STS, with running callers")
	if err := outage(ctx, src, endpoint, fake, out); err != nil {
		return err
	}

	out.heading("A secret, read with credentials of the role (AWS Secrets Manager)")
	fake.Handle("secretsmanager", awsfedtest.SecretsManager(map[string]string{secretName: secretValue}))
	return showSecret(ctx, src, endpoint, out)
}

func verify(ctx context.Context, token *idp.Token, client *http.Client, issuerURL string, opts issuer.VerifierOptions, out *report) error {
	meta, err := issuer.Discover(ctx, issuerURL, &issuer.DiscoverOptions{HTTPClient: client})
	if err != nil {
		return err
	}
	keys, err := issuer.NewRemoteKeySet(meta.JWKSURI, &issuer.RemoteKeySetOptions{HTTPClient: client})
	if err != nil {
		return err
	}
	v, err := issuer.NewVerifier(issuerURL, keys, &opts)
	if err != nil {
		return err
	}
	c, err := v.Verify(ctx, token.Raw())
	if err != nil {
		return err
	}
	out.line("key set", "%s", meta.JWKSURI)
	out.line("signature", "%s by key %q, issued %s", token.Header().Algorithm, token.Header().KeyID, c.IssuedAt.UTC().Format(time.RFC3339))
	out.line("organization", "%s", c.OrganizationID)
	return nil
}

// unsetAWS removes the AWS settings of the user from this process, so that the output does not
// depend on a profile, a certificate bundle or an endpoint.
func unsetAWS() error {
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "AWS_") {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	for _, file := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		if err := os.Setenv(file, os.DevNull); err != nil {
			return err
		}
	}
	return nil
}

// policies builds and evaluates the two policies of Ona's documentation and one that denies the
// token. It returns the policy for the project.
func policies(token *idp.Token, out *report) (trust.Policy, error) {
	request := trust.NewRequest(token.Claims(), trust.Params{Account: account, RoleARN: roleARN})
	cases := []struct {
		name string
		rule trust.Rule
		want bool
	}{
		{"whole organization", trust.Rule{Account: account, Organization: organizationID}, true},
		{"one project", trust.Rule{Account: account, Organization: organizationID, Project: projectID}, true},
		{"another project", trust.Rule{Account: account, Organization: organizationID, Project: otherProjectID}, false},
	}
	var built []trust.Policy
	for _, c := range cases {
		policy, err := trust.Build(c.rule)
		if err != nil {
			return trust.Policy{}, err
		}
		decision := policy.Evaluate(request)
		if decision.Allowed() != c.want {
			return trust.Policy{}, fmt.Errorf("the policy for %s: %s", c.name, decision.Outcome)
		}
		out.line(c.name, "%s", decision.Outcome)
		if decision.Allowed() {
			out.block(policy.String())
		} else {
			out.block(decision.Explain().Text())
		}
		built = append(built, policy)
	}
	return built[1], nil
}

// loadConfig is the part that a real program contains.
func loadConfig(ctx context.Context, role string, src idp.TokenSource, endpoint string, opts ...func(*awsfed.Options)) (aws.Config, error) {
	return awsfed.LoadConfig(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Config.Region, o.Config.BaseEndpoint = "us-east-1", endpoint
		for _, fn := range opts {
			fn(&o.Options)
		}
	})
}

func assume(ctx context.Context, src idp.TokenSource, endpoint string, out *report) error {
	cfg, err := loadConfig(ctx, roleARN, src, endpoint)
	if err != nil {
		return err
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return err
	}
	out.line("caller identity", "%s", aws.ToString(who.Arn))
	return nil
}

// refused prints the error for a role whose trust policy denies the token.
func refused(ctx context.Context, src idp.TokenSource, endpoint string, out *report) error {
	cfg, err := loadConfig(ctx, "arn:aws:iam::"+account+":role/somebody-elses", src, endpoint)
	if err != nil {
		return err
	}
	_, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	refusal, ok := errors.AsType[*awsfed.AssumeRoleError](err)
	if !ok {
		return fmt.Errorf("the other role was not refused: %w", err)
	}
	out.line("another role", "refused with %s:", refusal.Code)
	out.block(refusal.Error())
	out.block(refusal.NextStep())
	return nil
}
