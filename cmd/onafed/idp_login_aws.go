package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

// loginAWSCommand is idp login aws.
type loginAWSCommand struct {
	Profile   string `help:"The profile to write." default:"default"`
	Mode      string `help:"What to write: file (keys, which expire) or process (a command that SDKs run, so that nothing expires)." enum:"file,process" default:"file"`
	Overwrite bool   `help:"Replace long-term keys, or other credential settings, that the profile has."`
	JSON      bool   `help:"Print what was written as JSON, instead of a message."`
	awsFlags  `embed:""`
}

// Help implements kong.HelpProvider.
func (c *loginAWSCommand) Help() string {
	return `Examples:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy
    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy --profile deploy --mode process

--mode file writes the keys to the credentials file; programs read them once. --mode process writes a credential_process line to the
config file; every SDK and the AWS CLI then get new credentials whenever they need them.`
}

// Run implements the command.
func (c *loginAWSCommand) Run(ctx context.Context, t *terminal) error {
	selected := cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"))
	done, err := c.write(ctx, t)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := writeJSON(t, done); err != nil {
			return err
		}
	} else {
		until := "valid until " + done.Expiration
		if c.Mode == "process" {
			until += " and then refreshed"
		}
		t.say("profile %+q in %s: %s, %s", done.Profile, withoutHome(done.File), done.Identity, until)
	}
	c.warnOfWinners(t, selected)
	return nil
}

// loggedIn is what a login did.
type loggedIn struct {
	Profile    string `json:"profile"`
	File       string `json:"file"`
	Mode       string `json:"mode"`
	RoleARN    string `json:"roleArn"`
	Identity   string `json:"identity"` // the ARN of role and session
	Expiration string `json:"expiration"`
}

func (c *loginAWSCommand) loggedIn(file *export.File, identity string, credentials aws.Credentials) loggedIn {
	return loggedIn{c.Profile, file.Path(), c.Mode, c.RoleARN, identity, credentials.Expires.UTC().Format(time.RFC3339)}
}

func (c *loginAWSCommand) write(ctx context.Context, t *terminal) (loggedIn, error) {
	if c.Mode == "process" {
		return c.process(ctx, t)
	}
	files, err := c.files()
	if err != nil {
		return loggedIn{}, err
	}
	if err := c.refuseOthers(files); err != nil {
		return loggedIn{}, err
	}
	p, err := c.role(ctx, t)
	if err != nil {
		return loggedIn{}, err
	}
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return loggedIn{}, err
	}
	if err := files.credentials.WriteCredentials(ctx, c.Profile, credentials); err != nil {
		return loggedIn{}, err
	}
	if files.keys == longTermKeys {
		t.say("replaced the long-term keys of profile %+q in %s", c.Profile, withoutHome(files.credentials.Path()))
	}
	if err := c.removeOthers(ctx, t, files); err != nil {
		return loggedIn{}, err
	}
	return c.loggedIn(files.credentials, p.Status().AssumedRoleARN, credentials), nil
}

// role is the provider of the role. A profile that AWS_PROFILE names already and that is only now to be written has no settings yet, and
// is no error. Nor is a profile that SDKs refuse, such as one with half of a key: to be logged in to may be what mends it.
func (c *loginAWSCommand) role(ctx context.Context, t *terminal) (*awsfed.Provider, error) {
	p, err := c.provider(ctx, t)
	if err == nil {
		return p, nil
	}
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	if isMissing && missing.Profile != c.Profile {
		return nil, err
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} { // the SDK has no other way to look past them
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	if isMissing {
		return c.provider(ctx, t)
	}
	c.withoutFiles = true
	p, second := c.provider(ctx, t)
	if second != nil {
		return nil, err // it was not the files
	}
	t.say("onafed: warning: this login does without the settings of the AWS files: %s", oneLine(err.Error()))
	return p, nil
}

// warnOfWinners names the variables that SDKs prefer to the profile that was written.
func (c *loginAWSCommand) warnOfWinners(t *terminal, selected string) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" {
			t.say("onafed: warning: %s is set, and SDKs prefer it to the profile: unset it", name)
		}
	}
	if cmp.Or(selected, "default") != c.Profile {
		t.say("to use it: export AWS_PROFILE=%s", shellWord(c.Profile))
	}
}
