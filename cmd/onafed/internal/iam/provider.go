package iam

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Provider is an OIDC identity provider.
type Provider struct {
	URL       string // without https://
	Audiences []string
}

// maxAudiences is the number of client IDs that a provider can have, with a reserve (IAM User Guide,
// "IAM and AWS STS quotas").
const maxAudiences = 1000

// GetProvider returns the identity provider with an ARN (IAM API Reference,
// GetOpenIDConnectProvider).
func GetProvider(ctx context.Context, cfg aws.Config, arn string) (Provider, error) {
	status, text, err := send(ctx, cfg, "GetOpenIDConnectProvider", url.Values{"OpenIDConnectProviderArn": {arn}})
	if err != nil {
		return Provider{}, err
	}
	return parseProvider(status, text)
}

func parseProvider(status int, text []byte) (Provider, error) {
	var answer struct {
		Result struct {
			URL       string   `xml:"Url"`
			Audiences []string `xml:"ClientIDList>member"`
		} `xml:"GetOpenIDConnectProviderResult"`
	}
	if err := parse(status, text, &answer); err != nil {
		return Provider{}, err
	}
	p := Provider(answer.Result)
	if p.URL == "" {
		return Provider{}, fmt.Errorf("IAM's answer contains no identity provider")
	}
	if len(p.Audiences) > maxAudiences {
		return Provider{}, fmt.Errorf("IAM's answer has %d audiences", len(p.Audiences))
	}
	return p, nil
}
