package main

import (
	"github.com/alecthomas/kong"

	"github.com/onafed/onafed/cmd/onafed/internal/child"
	"github.com/onafed/onafed/cmd/onafed/internal/completion"
	"github.com/onafed/onafed/cmd/onafed/internal/credentials"
	"github.com/onafed/onafed/cmd/onafed/internal/dev"
	"github.com/onafed/onafed/cmd/onafed/internal/doctor"
	"github.com/onafed/onafed/cmd/onafed/internal/endpoint"
	"github.com/onafed/onafed/cmd/onafed/internal/explain"
	"github.com/onafed/onafed/cmd/onafed/internal/login"
	"github.com/onafed/onafed/cmd/onafed/internal/policylint"
	"github.com/onafed/onafed/cmd/onafed/internal/policymigrate"
	"github.com/onafed/onafed/cmd/onafed/internal/servicetoken"
	"github.com/onafed/onafed/cmd/onafed/internal/setup"
	"github.com/onafed/onafed/cmd/onafed/internal/token"
	"github.com/onafed/onafed/cmd/onafed/internal/trustpolicy"
)

const description = `Get ID tokens of Ona environments, and AWS credentials that are refreshed automatically.

Example:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy --mode process
    aws sts get-caller-identity

If AWS refuses the call, "onafed doctor" shows the reason.

Data goes to standard output, messages go to standard error. The exit status is 0 if the command did what was asked, 1 if the
answer is no (denied, findings, no token or credentials), and 2 if there is no answer (wrong usage, unreadable input, an
undetermined decision). "aws exec" exits with the status of the command that it runs. A flag with an empty value is an
error: otherwise, a variable that a script did not set could turn off a restriction.`

// commandLine has all commands. Each command is a struct of its flags with a Run method.
type commandLine struct {
	IDP        idpCommands        `cmd:"" name:"idp" help:"Get, decode and verify ID tokens, and log in with them."`
	AWS        awsCommands        `cmd:"" name:"aws" help:"AWS credentials for every program, and trust policies."`
	Doctor     doctor.Command     `cmd:"" help:"Check each step from the ID token to the credentials."`
	Dev        dev.Command        `cmd:"" help:"Run an issuer, an STS and a container endpoint on loopback, to work without an AWS account."`
	Completion completion.Command `cmd:"" help:"Print a completion script for a shell."`
	Help       helpCommand        `cmd:"" help:"Print help for a command."`
	Version    versionCommand     `cmd:"" help:"Print the version."`

	Complete    completion.Words `cmd:"" name:"__complete" hidden:"" passthrough:""`
	VersionFlag kong.VersionFlag `name:"version" help:"Print the version and exit."`
}

type idpCommands struct {
	Token token.Command `cmd:"" help:"Print an ID token."`
	Login loginCommands `cmd:"" help:"Log in with an ID token."`
}

// Help implements kong.HelpProvider.
func (c *idpCommands) Help() string {
	return `Examples:

    onafed idp token --audience sts.amazonaws.com --decode
    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy`
}

type loginCommands struct {
	AWS login.Command `cmd:"" name:"aws" help:"Let the AWS CLI and every AWS SDK use a role."`
}

// Help implements kong.HelpProvider.
func (c *loginCommands) Help() string {
	return `Example:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy`
}

type awsCommands struct {
	CredentialProcess credentials.ProcessCommand `cmd:"" help:"Print credentials for the credential_process of an SDK."`
	Serve             endpoint.Command           `cmd:"" help:"Serve credentials to other programs, with a container endpoint on loopback."`
	Env               credentials.EnvCommand     `cmd:"" help:"Print credentials as lines for a shell."`
	Exec              child.Command              `cmd:"" help:"Run a command with credentials that are refreshed while it runs."`
	EKSToken          servicetoken.EKSCommand    `cmd:"" name:"eks-token" help:"Print a token for an EKS cluster, for kubectl."`
	RDSToken          servicetoken.RDSCommand    `cmd:"" name:"rds-token" help:"Print a token as the password of a database in RDS or Aurora."`
	DockerCredential  servicetoken.DockerCommand `cmd:"" help:"Give Docker the passwords of registries in ECR."`
	Setup             setup.Command              `cmd:"" help:"Write the identity provider and the role for an AWS account: commands, Terraform or CloudFormation."`
	TrustPolicy       trustpolicy.Command        `cmd:"" help:"Write the trust policy of a role."`
	Explain           explain.Command            `cmd:"" help:"Show why a trust policy allows or denies a token."`
	Lint              policylint.Command         `cmd:"" help:"Find trust policies that allow more than intended."`
	Migrate           policymigrate.Command      `cmd:"" help:"Convert a trust policy from V2 to V3 tokens."`
}

// Help implements kong.HelpProvider.
func (c *awsCommands) Help() string {
	return `Examples:

    eval "$(onafed aws env --role-arn arn:aws:iam::123456789012:role/deploy)"
    onafed aws explain --policy trust.json
    onafed aws lint trust.json`
}
