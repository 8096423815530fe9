package awsfed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onafed/onafed/internal/loopback"
	"github.com/onafed/onafed/internal/quote"
)

// An endpointError reports that a request would send a token over http to another host. In a chain of
// roles, all requests have the endpoint of the first one.
type endpointError struct {
	url string // scheme and host
}

func (e *endpointError) Error() string {
	return fmt.Sprintf("the STS endpoint %s would send the ID token without encryption", quote.Text(e.url, maxShown))
}

// endpointAdvice is the next step for an endpointError.
const endpointAdvice = "use https, or http to this host (in Go, InsecureHTTP allows http)"

// checkURL returns an error if a request to u would send a token over http to another host.
func checkURL(u *url.URL) error {
	if u.Scheme == "https" || u.Scheme == "http" && loopback.IsHost(u.Hostname()) {
		return nil
	}
	return &endpointError{url: u.Scheme + "://" + u.Host}
}

// checkClient refuses a client of the SDK without a region, and one that would send tokens over http
// to another host. Other clients whose endpoint cannot be determined pass: [guardedClient] checks each
// request.
func checkClient(client any) error {
	c, ok := client.(*sts.Client)
	if !ok || c == nil {
		return nil
	}
	u, err := endpointOf(context.Background(), c)
	if err != nil {
		if o := c.Options(); o.Region == "" && o.BaseEndpoint == nil {
			return optionError("client", "has no region")
		}
		return nil
	}
	if err := checkURL(u); err != nil {
		return optionError("client", "%w: %s", err, endpointAdvice)
	}
	return nil
}

// endpointOf returns the URL to which the client sends requests. It uses the client itself, because
// an endpoint has many sources: options, variables, files, resolvers.
func endpointOf(ctx context.Context, client *sts.Client) (*url.URL, error) {
	var sentTo *url.URL
	_, err := client.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
		RoleArn:          aws.String("arn:aws:iam::000000000000:role/none"),
		RoleSessionName:  aws.String("none"),
		WebIdentityToken: aws.String("none"),
	}, func(o *sts.Options) {
		o.HTTPClient = smithyhttp.ClientDoFunc(func(rq *http.Request) (*http.Response, error) {
			sentTo = rq.URL
			return nil, errNotSent
		})
		o.Retryer = aws.NopRetryer{}
		o.APIOptions = nil // they would count a request that is not sent
		o.ClientLogMode = 0
	})
	if sentTo == nil {
		return nil, err
	}
	return sentTo, nil
}

var errNotSent = errors.New("not sent")
