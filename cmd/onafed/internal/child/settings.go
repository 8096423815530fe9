package child

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// settings returns variables for the settings of the profile in a configuration, because the child
// does not read the profile. A variable that is set wins over the profile and stays as it is.
func settings(cfg aws.Config) (vars []string) {
	add := func(name, value string) {
		if value != "" && os.Getenv(name) == "" {
			vars = append(vars, name+"="+value)
		}
	}
	if os.Getenv("AWS_REGION") == "" && os.Getenv("AWS_DEFAULT_REGION") == "" {
		add("AWS_REGION", cfg.Region)
		add("AWS_DEFAULT_REGION", cfg.Region) // botocore reads only this one
	}
	for _, source := range cfg.ConfigSources {
		p, ok := source.(config.SharedConfig)
		if !ok {
			continue
		}
		add("AWS_CA_BUNDLE", p.CustomCABundle)
		if p.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled {
			add("AWS_USE_FIPS_ENDPOINT", "true")
		}
		if p.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled {
			add("AWS_USE_DUALSTACK_ENDPOINT", "true")
		}
		add("AWS_RETRY_MODE", string(p.RetryMode))
		if p.RetryMaxAttempts > 0 {
			add("AWS_MAX_ATTEMPTS", fmt.Sprint(p.RetryMaxAttempts))
		}
		if p.IgnoreConfiguredEndpoints != nil && *p.IgnoreConfiguredEndpoints {
			add("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
		}
		add("AWS_ENDPOINT_URL", p.BaseEndpoint)
		for _, service := range slices.Sorted(maps.Keys(p.Services.ServiceValues)) {
			// AWS SDKs and Tools Reference Guide, "Service-specific endpoints"
			name := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToUpper(service))
			add("AWS_ENDPOINT_URL_"+name, p.Services.ServiceValues[service]["endpoint_url"])
		}
	}
	return vars
}
