package child

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"
)

// TestSettings checks the variables for the settings of a profile. A variable that is set wins.
func TestSettings(t *testing.T) {
	yes := true
	profile := config.SharedConfig{
		CustomCABundle:            "/etc/ca.pem",
		UseFIPSEndpoint:           aws.FIPSEndpointStateEnabled,
		UseDualStackEndpoint:      aws.DualStackEndpointStateEnabled,
		RetryMode:                 aws.RetryModeAdaptive,
		RetryMaxAttempts:          7,
		IgnoreConfiguredEndpoints: &yes,
		BaseEndpoint:              "http://localhost:1",
		Services: config.Services{ServiceValues: map[string]map[string]string{
			"s3":                {"endpoint_url": "http://localhost:2"},
			"elastic beanstalk": {"endpoint_url": "http://localhost:3"},
			"dynamodb":          {"other": "x"},
		}},
	}
	all := []string{
		"AWS_REGION=eu-north-1", "AWS_DEFAULT_REGION=eu-north-1", "AWS_CA_BUNDLE=/etc/ca.pem", "AWS_USE_FIPS_ENDPOINT=true",
		"AWS_USE_DUALSTACK_ENDPOINT=true", "AWS_RETRY_MODE=adaptive", "AWS_MAX_ATTEMPTS=7", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
		"AWS_ENDPOINT_URL=http://localhost:1", "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK=http://localhost:3", "AWS_ENDPOINT_URL_S3=http://localhost:2",
	}
	names := []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE", "AWS_RETRY_MODE"}
	for rule, tt := range map[string]struct {
		cfg  aws.Config
		env  map[string]string
		want []string
	}{
		"no profile":         {aws.Config{}, nil, nil},
		"a region":           {aws.Config{Region: "eu-north-1"}, nil, all[:2]},
		"a region is set":    {aws.Config{Region: "eu-north-1"}, map[string]string{"AWS_REGION": "us-west-2"}, nil},
		"the older variable": {aws.Config{Region: "eu-north-1"}, map[string]string{"AWS_DEFAULT_REGION": "us-west-2"}, nil},
		"everything":         {aws.Config{Region: "eu-north-1", ConfigSources: []any{config.EnvConfig{}, profile}}, nil, all},
		"variables win": {
			aws.Config{ConfigSources: []any{config.SharedConfig{CustomCABundle: "a", RetryMode: aws.RetryModeStandard}}},
			map[string]string{"AWS_CA_BUNDLE": "b"},
			[]string{"AWS_RETRY_MODE=standard"},
		},
	} {
		for _, name := range names {
			t.Setenv(name, tt.env[name])
		}
		if diff := cmp.Diff(tt.want, settings(tt.cfg)); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", rule, diff)
		}
	}
}
