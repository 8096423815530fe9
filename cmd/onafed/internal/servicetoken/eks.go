// Package servicetoken has the commands that print tokens of AWS services: "aws eks-token", "aws
// rds-token" and "aws docker-credential".
package servicetoken

import (
	"cmp"
	"context"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// EKSCommand is "aws eks-token".
type EKSCommand struct {
	Cluster     string `required:"" help:"The name of the cluster." placeholder:"NAME"`
	Kubectl     bool   `help:"Instead of a token, print the kubectl command that installs this command as the credential plugin of a user with the name of the cluster."`
	role.Shared `embed:""`
}

// Help implements kong.HelpProvider.
func (c *EKSCommand) Help() string {
	return `Prints a token for the Kubernetes API of an EKS cluster, as the ExecCredential that kubectl and client-go expect of a credential
plugin, in the version that KUBERNETES_EXEC_INFO asks for. The token is valid for 14 minutes and never longer than its
credentials. All programs of this user share the credentials, as with credential-process.

To let kubectl use the role, run in a POSIX shell the command that --kubectl prints. Examples:

    onafed aws eks-token --cluster prod --role-arn arn:aws:iam::123456789012:role/deploy --kubectl | sh
    onafed aws eks-token --cluster prod --role-arn arn:aws:iam::123456789012:role/deploy

The cluster needs an access entry for the role. The token names the STS endpoint of --region, which may be any region of the
partition. Default: AWS_REGION, AWS_DEFAULT_REGION, or the default of the partition.`
}

// Validate is called by kong.
func (c *EKSCommand) Validate() error {
	if err := c.Shared.Validate(); err != nil || c.Cluster == "" { // kong reports a missing flag after this
		return err
	}
	_, err := c.tokens(unused())
	return err
}

// Run implements the command.
func (c *EKSCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	if c.Kubectl {
		return c.printKubectl(t)
	}
	credentials, err := c.Credentials(ctx, t)
	if err != nil {
		return err
	}
	tokens, err := c.tokens(role.Provider(credentials))
	if err != nil {
		return err
	}
	token, err := tokens.Token(ctx)
	if err != nil {
		return err
	}
	text, err := authtoken.ExecCredential(token, os.Getenv("KUBERNETES_EXEC_INFO"))
	if err != nil {
		return err
	}
	_, err = t.Out.Write(append(text, '\n'))
	return err
}

// tokens returns the source of tokens. The settings of the SDK are not loaded, because every region
// of the partition works.
func (c *EKSCommand) tokens(credentials aws.CredentialsProvider) (*authtoken.Source, error) {
	return authtoken.EKS(aws.Config{
		Region:      cmp.Or(c.Region, os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION"), c.STSRegion()),
		Credentials: credentials,
	}, c.Cluster)
}
