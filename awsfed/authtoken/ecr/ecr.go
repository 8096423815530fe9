// Package ecr gets the passwords of private container registries in Amazon ECR.
//
//	tokens, err := ecr.New(cfg, "123456789012.dkr.ecr.eu-central-1.amazonaws.com")
//	if err != nil {
//		return err
//	}
//	t, err := tokens.Token(ctx)
//	if err != nil {
//		return err
//	}
//	username, password := ecr.Username, t.Raw()
//
// It is a package of its own, so that users of the other services do not link the client of ECR.
package ecr

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// Username is the user name of every registry in ECR.
const Username = "AWS"

// New returns a source of passwords for a registry, such as
// "123456789012.dkr.ecr.eu-central-1.amazonaws.com". The host may follow "https://". Its name
// determines the region, and whether the endpoint of ECR is a FIPS endpoint; the region of cfg is not
// used. The source gets passwords from GetAuthorizationToken, which needs the permission
// ecr:GetAuthorizationToken.
//
// A password is valid for 12 hours. It is not documented that it still works when the credentials
// have expired, so [authtoken.Token.Expiry] is the earlier of both.
//
// Source: "Private registry authentication in Amazon ECR" (Amazon ECR User Guide). The error is an
// [*authtoken.OptionError].
func New(cfg aws.Config, registry string) (*authtoken.Source, error) {
	region, fips, err := parseRegistry(registry)
	if err != nil {
		return nil, &authtoken.OptionError{Func: "ecr.New", Option: "registry", Err: err}
	}
	if cfg.Credentials == nil || aws.IsCredentialsProvider(cfg.Credentials, aws.AnonymousCredentials{}) {
		return nil, &authtoken.OptionError{Func: "ecr.New", Option: "cfg", Err: errors.New("has no credentials")}
	}
	provider := cfg.Credentials
	cfg.Region = region
	client := ecr.NewFromConfig(cfg, func(o *ecr.Options) {
		if fips {
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}
	})
	return authtoken.New(provider, func(ctx context.Context, c aws.Credentials) (string, time.Time, error) {
		out, err := client.GetAuthorizationToken(ctx, nil, func(o *ecr.Options) {
			o.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
		})
		if err != nil {
			return "", time.Time{}, fmt.Errorf("cannot get the password of the ECR registry: %w", err)
		}
		return password(out)
	})
}

// password returns the password in a response and its expiry.
func password(out *ecr.GetAuthorizationTokenOutput) (string, time.Time, error) {
	if len(out.AuthorizationData) == 0 {
		return "", time.Time{}, errors.New("the response of ECR contains no authorization data")
	}
	data := out.AuthorizationData[0]
	pair, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	user, password, ok := strings.Cut(string(pair), ":")
	switch {
	case err != nil || !ok || user != Username || password == "":
		return "", time.Time{}, errors.New("the authorization token in the response of ECR is not the base64 of AWS:<password>")
	case data.ExpiresAt == nil:
		return "", time.Time{}, errors.New("the response of ECR has no expiry")
	}
	return password, *data.ExpiresAt, nil
}

// parseRegistry returns the region of a registry, and whether its host is a FIPS endpoint. The names
// of hosts are in "Amazon ECR endpoints and quotas" (AWS General Reference).
func parseRegistry(registry string) (region string, fips bool, err error) {
	host := strings.TrimSuffix(strings.TrimPrefix(registry, "https://"), "/")
	account, rest, _ := strings.Cut(host, ".")
	var domains []string
	for _, form := range []struct {
		prefix  string
		fips    bool
		domains []string
	}{
		{"dkr.ecr.", false, []string{"amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "c2s.ic.gov", "sc2s.sgov.gov", "cloud.adc-e.uk", "csp.hci.ic.gov"}},
		{"dkr.ecr-fips.", true, []string{"amazonaws.com"}},
		{"dkr-ecr.", false, []string{"on.aws", "on.amazonwebservices.com.cn"}},
		{"dkr-ecr-fips.", true, []string{"on.aws"}},
	} {
		if after, ok := strings.CutPrefix(rest, form.prefix); ok {
			rest, fips, domains = after, form.fips, form.domains
			break
		}
	}
	region, domain, _ := strings.Cut(rest, ".")
	if !arn.IsAccount(account) || !isRegion(region) || !slices.Contains(domains, domain) {
		return "", false, fmt.Errorf("%s is not a private registry of ECR, such as \"123456789012.dkr.ecr.eu-central-1.amazonaws.com\"", quote.Text(registry, 64))
	}
	return region, fips, nil
}

// isRegion reports whether s may be the name of a region.
func isRegion(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '-') {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
