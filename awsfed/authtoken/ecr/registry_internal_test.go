package ecr

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecr"
)

// TestEndpointIsThatOfTheSDK compares the endpoints with those of the SDK's client.
func TestEndpointIsThatOfTheSDK(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"dkr.ecr.eu-central-1.amazonaws.com", "dkr.ecr.us-gov-west-1.amazonaws.com", "dkr.ecr.cn-north-1.amazonaws.com.cn",
		"dkr.ecr.eusc-de-east-1.amazonaws.eu", "dkr.ecr.us-iso-east-1.c2s.ic.gov", "dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
		"dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
		"dkr.ecr-fips.us-east-1.amazonaws.com", "dkr.ecr-fips.us-gov-east-1.amazonaws.com",
		"dkr-ecr.eu-central-1.on.aws", "dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "dkr-ecr-fips.us-east-1.on.aws",
	} {
		r, err := parseRegistry("123456789012." + host)
		if err != nil {
			t.Error(err)
			continue
		}
		endpoint, err := sdk.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), sdk.EndpointParameters{
			Region: &r.region, UseFIPS: &r.fips, UseDualStack: aws.Bool(false),
		})
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		if got := r.endpoint(); got != (&url.URL{Scheme: endpoint.URI.Scheme, Host: endpoint.URI.Host}).String() {
			t.Errorf("%s: endpoint = %s, and the SDK has %s", host, got, endpoint.URI.String())
		}
	}
}
