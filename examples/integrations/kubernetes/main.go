// Command kubernetes prints the version of an EKS cluster, with a client of client-go that
// authenticates with tokens.
//
//	go run ./kubernetes --role-arn arn:aws:iam::123456789012:role/deploy --region eu-central-1 \
//	    --cluster prod --server https://abc.gr7.eu-central-1.eks.amazonaws.com --ca ca.pem
//
// The role needs an access entry of the cluster. The server and the certificate are in the output of
// "aws eks describe-cluster".
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region` of the cluster")
	cluster := flag.String("cluster", "", "the `name` of the cluster")
	server := flag.String("server", "", "the `URL` of its API server")
	ca := flag.String("ca", "", "the `file` with its certificate authority")
	flag.Parse()
	if err := start(context.Background(), *role, *region, *cluster, *server, *ca); err != nil {
		fmt.Fprintln(os.Stderr, "kubernetes:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, region, cluster, server, ca string) error {
	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
	if err != nil {
		return err
	}
	cfg, err := awsfed.LoadConfig(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Config.Region = region
	})
	if err != nil {
		return err
	}
	tokens, err := authtoken.EKS(cfg, cluster)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	client, err := discovery.NewDiscoveryClientForConfig(newConfig(tokens, server, pem))
	if err != nil {
		return err
	}
	version, err := client.ServerVersion()
	if err != nil {
		return err
	}
	fmt.Println(version)
	return nil
}

// newConfig returns the configuration of clients, also for kubernetes.NewForConfig. Each request has
// the current token.
func newConfig(tokens *authtoken.Source, server string, ca []byte) *rest.Config {
	return &rest.Config{
		Host:            server,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca},
		WrapTransport:   func(next http.RoundTripper) http.RoundTripper { return &transport{tokens, next} },
	}
}

// A transport adds the current token to each request.
type transport struct {
	tokens *authtoken.Source
	next   http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	tok, err := t.tokens.Token(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+tok.Raw())
	return t.next.RoundTrip(r)
}
