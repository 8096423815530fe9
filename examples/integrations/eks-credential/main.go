// Command eks-credential is a credential plugin for kubectl and client-go: it prints a token for an
// EKS cluster.
//
//	go install ./eks-credential
//	kubectl config set-credentials prod --exec-command=eks-credential --exec-api-version=client.authentication.k8s.io/v1 \
//	    --exec-arg=--role-arn=arn:aws:iam::123456789012:role/deploy --exec-arg=--region=eu-central-1 --exec-arg=--cluster=prod
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	region := flag.String("region", "us-east-1", "the AWS `region` of the cluster")
	cluster := flag.String("cluster", "", "the `name` of the cluster")
	flag.Parse()
	if err := start(context.Background(), *role, *region, *cluster); err != nil {
		fmt.Fprintln(os.Stderr, "eks-credential:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, region, cluster string) error {
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
	return printToken(ctx, cfg, cluster, os.Stdout)
}

// printToken writes a token in the version that the client asks for.
func printToken(ctx context.Context, cfg aws.Config, cluster string, out io.Writer) error {
	tokens, err := authtoken.EKS(cfg, cluster)
	if err != nil {
		return err
	}
	t, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	text, err := authtoken.ExecCredential(t, os.Getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}
