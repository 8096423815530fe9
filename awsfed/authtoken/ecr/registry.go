package ecr

import (
	"fmt"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// A registryHost is what the name of a private registry says.
type registryHost struct {
	region string
	domain string // the end of the host, such as "amazonaws.com"
	fips   bool   // the host is a FIPS endpoint
}

// parseRegistry reads the host of a registry, which may follow "https://". The names of hosts are in
// "Amazon ECR endpoints and quotas" (AWS General Reference).
func parseRegistry(name string) (registryHost, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(name, "https://"), "/")
	account, rest, _ := strings.Cut(host, ".")
	var r registryHost
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
			rest, r.fips, domains = after, form.fips, form.domains
			break
		}
	}
	r.region, r.domain, _ = strings.Cut(rest, ".")
	if !arn.IsAccount(account) || !isRegion(r.region) || !slices.Contains(domains, r.domain) {
		return registryHost{}, fmt.Errorf("%s is not a private registry of ECR, such as \"123456789012.dkr.ecr.eu-central-1.amazonaws.com\"", quote.Text(name, 64))
	}
	return r, nil
}

// endpoint returns the URL of the API of ECR in the region of the registry.
func (r registryHost) endpoint() string {
	domain := r.domain
	switch domain { // the API for registries with IPv6
	case "on.aws":
		domain = "amazonaws.com"
	case "on.amazonwebservices.com.cn":
		domain = "amazonaws.com.cn"
	}
	service := "api.ecr."
	if r.fips {
		service = "api.ecr-fips."
	}
	return "https://" + service + r.region + "." + domain
}

// isRegion reports whether s may be the name of a region.
func isRegion(s string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	return s != "" && len(s) <= 32 && strings.Contains(letters, s[:1]) && strings.Trim(s, letters+"0123456789-") == ""
}
