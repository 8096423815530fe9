// Package login is the command "idp login aws": it writes a profile for the AWS CLI and the SDKs.
package login

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
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Command is "idp login aws".
type Command struct {
	Profile          string `help:"The profile to write." default:"default"`
	Mode             string `help:"What to write: file (keys, which expire) or process (a command that SDKs run whenever they need credentials)." enum:"file,process" default:"file"`
	Overwrite        bool   `help:"Replace long-term keys, and other credential settings, that the profile has."`
	JSON             bool   `help:"Print the result as JSON, instead of a message."`
	role.Flags       `embed:""`
	source.OwnerFlag `embed:""`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Examples:

    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy
    onafed idp login aws --role-arn arn:aws:iam::123456789012:role/deploy --profile deploy --mode process

--mode file writes keys to the credentials file. Programs read them once, and they expire.

--mode process writes a credential_process line to the config file. Every SDK and the AWS CLI then run onafed whenever they
need credentials. The login then loads the profile as an SDK does, calls GetCallerIdentity, and fails if the answer is not
the role. The line contains no secret: if it needs a variable such as ONA_API_KEY, the login says so. A token file that
AWS_WEB_IDENTITY_TOKEN_FILE names becomes --token-file in the line. Temporary keys of the profile are removed, because SDKs
would prefer them.

Without --overwrite, both modes refuse to change long-term keys, and settings that SDKs prefer (role_arn, sso_session and
others). Everything else in the files stays as it is. Neither mode writes a region.`
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	selected := cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	write := c.writeKeys
	if c.Mode == "process" {
		write = c.writeProcess
	}
	done, err := write(ctx, t)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.WriteJSON(done); err != nil {
			return err
		}
	} else {
		until := "valid until " + done.Expiration
		if c.Mode == "process" {
			until += " and then refreshed"
		}
		t.Say("profile %+q in %s: %s, %s", done.Profile, terminal.WithoutHome(done.File), done.Identity, until)
	}
	c.sayHowToUse(t, selected)
	return nil
}

// result is what a login wrote.
type result struct {
	Profile    string `json:"profile"`
	File       string `json:"file"`
	Mode       string `json:"mode"`
	RoleARN    string `json:"roleArn"`
	Identity   string `json:"identity"` // the ARN of the session
	Expiration string `json:"expiration"`
}

func (c *Command) result(file *export.File, identity string, credentials aws.Credentials) result {
	return result{c.Profile, file.Path(), c.Mode, c.RoleARN, identity, credentials.Expires.UTC().Format(time.RFC3339)}
}

// sayHowToUse warns of variables that SDKs prefer to the profile, and says how to select it.
func (c *Command) sayHowToUse(t *terminal.Terminal, selected string) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" {
			t.Warn("%s is set, and SDKs prefer it to the profile: unset it", name)
		}
	}
	if selected != c.Profile {
		t.Say("to use it: export AWS_PROFILE=%s", terminal.ShellWord(c.Profile))
	}
}

// provider returns the provider of the role. AWS_PROFILE can name a profile that this login is
// about to write. That must not prevent the login.
func (c *Command) provider(ctx context.Context, t *terminal.Terminal) (*awsfed.Provider, error) {
	p, err := c.Provider(ctx, t)
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	if !isMissing || missing.Profile != c.Profile {
		return p, err
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} { // the SDK has no option to ignore them
		if err := os.Unsetenv(name); err != nil {
			return nil, err
		}
	}
	return c.Provider(ctx, t)
}
