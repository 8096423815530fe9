// Command registry prints the digest of an image in Amazon ECR.
//
//	go run ./registry --role-arn arn:aws:iam::123456789012:role/build \
//	    --image 123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:latest
//
// The role needs the permissions ecr:GetAuthorizationToken and ecr:BatchGetImage.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/crane"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken/ecr"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	image := flag.String("image", "", "the `name` of the image")
	flag.Parse()
	if err := start(context.Background(), *role, *image); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, image string) error {
	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
	if err != nil {
		return err
	}
	cfg, err := awsfed.LoadConfig(ctx, role, src)
	if err != nil {
		return err
	}
	digest, err := crane.Digest(image, crane.WithContext(ctx), crane.WithAuthFromKeychain(keychain{cfg}))
	if err != nil {
		return err
	}
	fmt.Println(digest)
	return nil
}

// A keychain has the passwords of registries in ECR.
type keychain struct{ cfg aws.Config }

var _ authn.ContextKeychain = keychain{}

// Resolve is ResolveContext without a context.
func (k keychain) Resolve(r authn.Resource) (authn.Authenticator, error) {
	return k.ResolveContext(context.Background(), r)
}

// ResolveContext returns the user and the password for a registry.
func (k keychain) ResolveContext(ctx context.Context, r authn.Resource) (authn.Authenticator, error) {
	tokens, err := ecr.New(k.cfg, r.RegistryStr())
	if err != nil {
		return nil, err
	}
	t, err := tokens.Token(ctx)
	if err != nil {
		return nil, err
	}
	return &authn.Basic{Username: ecr.Username, Password: t.Raw()}, nil
}
