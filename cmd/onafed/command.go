package main

import "github.com/alecthomas/kong"

// commandLine is the grammar: every command is a struct of its flags with a Run method, in the file that carries its name.
type commandLine struct {
	IDP    idpCommands   `cmd:"" name:"idp" help:"ID tokens: get, decode and verify them, and log in with them."`
	AWS    awsCommands   `cmd:"" name:"aws" help:"AWS: credentials for every program, and trust policies."`
	Doctor doctorCommand `cmd:"" help:"Find out what is wrong on the way from the token to the credentials."`
	Dev    devCommand    `cmd:"" help:"Run an issuer, an STS and a container endpoint on loopback, to try things without an account."`

	Version kong.VersionFlag `help:"Print the version and exit."`
}

type idpCommands struct {
	Token tokenCommand  `cmd:"" help:"Print an ID token."`
	Login loginCommands `cmd:"" help:"Log in somewhere with an ID token."`
}

// Help implements kong.HelpProvider.
func (c *idpCommands) Help() string {
	return `Examples:

    onafed idp token --audience sts.amazonaws.com --decode
    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy`
}

type loginCommands struct {
	AWS loginAWSCommand `cmd:"" name:"aws" help:"Let the AWS CLI and every AWS SDK use a role."`
}

// Help implements kong.HelpProvider.
func (c *loginCommands) Help() string {
	return `Example:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy`
}

type awsCommands struct {
	CredentialProcess processCommand     `cmd:"" help:"Print credentials for credential_process."`
	Serve             serveCommand       `cmd:"" help:"Serve credentials to other programs, as a container endpoint on loopback."`
	Env               envCommand         `cmd:"" help:"Print credentials as lines for a shell."`
	TrustPolicy       trustPolicyCommand `cmd:"" help:"Write the trust policy of a role."`
	Explain           explainCommand     `cmd:"" help:"Say why a trust policy lets a token in, or does not."`
	Lint              lintCommand        `cmd:"" help:"Find trust policies that let in more than they seem to."`
	Migrate           migrateCommand     `cmd:"" help:"Carry a trust policy over from V2 to V3 tokens."`
}

// Help implements kong.HelpProvider.
func (c *awsCommands) Help() string {
	return `Examples:

    eval "$(onafed aws env --role-arn arn:aws:iam::123456789012:role/deploy)"
    onafed aws explain --policy trust.json
    onafed aws lint trust.json`
}
