package iam

import (
	"os"
	"strings"
)

// endpointOf returns the IAM endpoint for the partition of a region, and the region in signatures
// for it (AWS General Reference, "AWS Identity and Access Management endpoints and quotas").
func endpointOf(region string) (endpoint, signingRegion string) {
	for _, name := range []string{"AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL"} {
		if set := os.Getenv(name); set != "" && !strings.EqualFold(os.Getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true") {
			return set, "us-east-1"
		}
	}
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "https://iam.cn-north-1.amazonaws.com.cn", "cn-north-1"
	case strings.HasPrefix(region, "us-gov-"):
		return "https://iam.us-gov.amazonaws.com", "us-gov-west-1"
	case strings.HasPrefix(region, "eusc-"):
		return "https://iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"
	}
	return "https://iam.amazonaws.com", "us-east-1"
}
