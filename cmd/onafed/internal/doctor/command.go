// Package doctor is the command "doctor": it checks each step from the ID token to the credentials.
package doctor

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/profiles"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/verify"
	"github.com/onafed/onafed/idp"
)

// Command is "doctor".
type Command struct {
	RoleARN          string `env:"AWS_ROLE_ARN,IDP_AWS_ROLE_ARN" help:"The role to assume. Without it the checks of AWS are skipped." placeholder:"ARN"`
	Audience         string `help:"The audience of the ID token. Default: the one that AWS expects in the role's partition." placeholder:"AUDIENCE"`
	Issuer           string `help:"The issuer to check the token against. Default: ${issuer}." default:"${issuer}" placeholder:"URL"`
	IssuerAt         string `help:"The address on this host that serves the documents of the issuer, such as the address of onafed dev." placeholder:"URL"`
	Policy           string `help:"The trust policy of the role. Without it, the policy is read from IAM if the role or the credentials of the environment have iam:GetRole." placeholder:"FILE"`
	DurationSeconds  int    `help:"The lifetime of credentials that programs ask for. Default: an hour, by STS." placeholder:"N"`
	Region           string `help:"The region of the STS endpoint." placeholder:"REGION"`
	Profile          string `help:"The profile of the shared files to check. Default: AWS_PROFILE, as for SDKs, or else default."`
	File             string `help:"Check every profile of this file of idp login aws, instead of one role and one profile." placeholder:"FILE"`
	JSON             bool   `help:"Print the checks as JSON." xor:"format"`
	Report           bool   `help:"Print Markdown that you can paste into a ticket." xor:"format"`
	source.Flags     `embed:""`
	source.OwnerFlag `embed:""`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Checks each step from the token to the credentials. The result of a check is ok, note, skipped or problem, and a problem comes
with a fix. The exit status is 1 if there is a problem. The output contains no secret and no personal data.

If the role's credentials, or those of AWS_ACCESS_KEY_ID or AWS_PROFILE, have the permissions iam:GetRole and
iam:GetOpenIDConnectProvider, the checks "IAM provider" and "IAM role" show whether the account is as "onafed aws setup" wrote it:
the audience, the trust policy of --policy, and the maximum session duration for --duration-seconds.

Examples:

    onafed doctor --role-arn arn:aws:iam::123456789012:role/deploy
    onafed doctor --role-arn arn:aws:iam::123456789012:role/deploy --policy trust.json --report
    onafed doctor --file profiles.yaml

With --file, every profile is compared with the shared files and used as an SDK uses it. The trust policies are not checked.`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	c.RoleARN = cmp.Or(c.RoleARN, role.Environment())
	if c.File != "" {
		if err := c.checkFlags(role.Environment()); err != nil {
			return err
		}
	}
	return cmp.Or(c.at().Check(), c.Check(), role.CheckDuration(c.DurationSeconds))
}

// at returns the issuer and the address of its documents.
func (c *Command) at() verify.Issuer { return verify.Issuer{URL: c.Issuer, At: c.IssuerAt} }

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	e := &examination{command: c}
	if c.File == "" {
		e.oneRole(ctx, t)
	} else {
		all, err := profiles.Read(c.File, t)
		if err != nil {
			return err
		}
		e.allProfiles(ctx, t, all)
	}
	if err := e.print(t); err != nil {
		return err
	}
	if e.hasProblem() {
		return exit.Silently(exit.No)
	}
	return nil
}

// oneRole makes the checks for the role and the profile of the flags.
func (e *examination) oneRole(ctx context.Context, t *terminal.Terminal) {
	c := e.command
	c.Profile = cmp.Or(c.Profile, os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	e.tokenSource(ctx, t)
	e.tokenContent()
	e.assume(ctx) // now, because its answer has STS's clock, and its credentials may read IAM
	e.readAccount(ctx)
	reached := e.issuer(ctx)
	e.clocks(ctx)
	e.fitForAWS(ctx, reached)
	e.tokenAudience()
	e.identityProvider()
	files := e.trustPolicy(t)
	e.role()
	e.roleInIAM(files)
	e.sts()
	e.credentialsFile()
	e.configFile()
	e.environment()
}

// allProfiles makes the checks for the profiles of --file. The token is checked for the first role.
func (e *examination) allProfiles(ctx context.Context, t *terminal.Terminal, all []profiles.Profile) {
	c := e.command
	c.RoleARN, c.Profile = all[0].RoleARN, all[0].Name
	e.assumed.loadErr = errors.New("the profiles assume the roles")
	e.tokenSource(ctx, t)
	e.tokenContent()
	reached := e.issuer(ctx)
	e.clocks(ctx)
	e.fitForAWS(ctx, reached)
	e.tokenAudience()
	e.sharedFile(credentialsFile, export.NewCredentialsFile)
	e.sharedFile(configFile, export.NewConfigFile)
	e.profiles(ctx, all)
	e.environment()
}

// examination collects the checks, and the results that later checks need.
type examination struct {
	command *Command
	checks  []check
	token   *idp.Token // nil without a token
	assumed assumed
	account account
}

// flags returns the flags of a command that assumes the role.
func (e *examination) flags() *role.Flags {
	return &role.Flags{
		RoleARN: e.command.RoleARN, Audience: e.command.Audience, Region: e.command.Region, DurationSeconds: e.command.DurationSeconds,
	}
}

func (e *examination) audience() string { return e.flags().TokenAudience() }
