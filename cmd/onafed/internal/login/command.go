// Package login is the command "idp login aws": it writes profiles for the AWS CLI and the SDKs.
package login

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/onafed/onafed/cmd/onafed/internal/profiles"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Command is "idp login aws".
type Command struct {
	Profile          string `help:"The profile to write." default:"default"`
	File             string `help:"Write all profiles of this file, or none: YAML or JSON, a list of objects. - is standard input." placeholder:"FILE"`
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
    onafed idp login aws --file profiles.yaml --mode process

--mode file writes keys to the credentials file. Programs read them once, and they expire.

--mode process writes a credential_process line to the config file. Every SDK and the AWS CLI then run onafed whenever they
need credentials. The login then loads the profile as an SDK does, calls GetCallerIdentity, and fails if the answer is not
the role. The line contains no secret: if it needs a variable such as ONA_API_KEY, the login says so. A token file that
AWS_WEB_IDENTITY_TOKEN_FILE names becomes --token-file in the line. Temporary keys of the profile are removed, because SDKs
would prefer them.

Without --overwrite, both modes refuse to change long-term keys, and settings that SDKs prefer (role_arn, sso_session and
others). Everything else in the files stays as it is. Without --file, neither mode writes a region.

--file writes many profiles at once. All roles are assumed first; if one is refused, the shared files stay as they were. The
members of a profile are profile, role, mode, region, sessionName, durationSeconds, policyFile, policyArns and chain. chain
is a list of roles that are assumed one after the other, with the members role, externalId, sessionName, durationSeconds,
sourceIdentity, tags, transitiveTags, policyFile and policyArns. Only profile and role are required. region is also written
to the profile. Paths are relative to the file, and --mode is for profiles without a mode. The flags for the token source,
--audience and --overwrite are for all profiles; AWS_ROLE_ARN is not used. In YAML:

    # profiles.yaml
    - profile: build
      role: arn:aws:iam::123456789012:role/build
      region: eu-central-1
    - profile: deploy
      role: arn:aws:iam::123456789012:role/build
      chain:
        - role: arn:aws:iam::210987654321:role/deploy
          externalId: example`
}

// BeforeApply is called by kong. With --file the command needs no role.
func (c *Command) BeforeApply() error {
	c.CheckLater = true
	return nil
}

// Validate is called by kong.
func (c *Command) Validate() error {
	if c.File == "" {
		if err := profiles.CheckName(c.Profile); err != nil {
			return fmt.Errorf("--profile: %w", err)
		}
		c.CheckLater = false
		return c.Flags.Validate()
	}
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"profile", c.Profile != "default"},
		{"role-arn", cmp.Or(c.RoleARN, role.Environment()) != role.Environment()},
		{"role-session-name", c.RoleSessionName != ""},
		{"duration-seconds", c.DurationSeconds != 0},
		{"region", c.Region != ""},
		{"policy-file", c.PolicyFile != ""},
		{"policy-arn", len(c.PolicyARNs) > 0},
		{"next-role", len(c.NextRole) > 0},
	} {
		if f.given {
			return fmt.Errorf("--%s cannot be used with --file: write it in the file, for each profile", f.flag)
		}
	}
	return c.Check()
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	if c.File != "" {
		return c.writeSeveral(ctx, t)
	}
	selected := cmp.Or(os.Getenv("AWS_PROFILE"), os.Getenv("AWS_DEFAULT_PROFILE"), "default")
	l := &login{Command: *c}
	errs, _, err := c.write(ctx, t, []*login{l})
	if err = cmp.Or(err, errs[0]); err != nil {
		return err
	}
	if l.variable != "" {
		t.Say("the profile reads the variable %s: only programs that have this variable get credentials", l.variable)
	}
	if err := c.printOne(t, l.result("")); err != nil {
		return err
	}
	c.warn(t)
	if selected != c.Profile {
		t.Say("to use it: export AWS_PROFILE=%s", terminal.ShellWord(c.Profile))
	}
	return nil
}

func (c *Command) printOne(t *terminal.Terminal, done result) error {
	if c.JSON {
		return t.WriteJSON(done)
	}
	until := "valid until " + done.Expiration
	if c.Mode == "process" {
		until += " and then refreshed"
	}
	t.Say("profile %+q in %s: %s, %s", done.Profile, terminal.WithoutHome(done.File), done.Identity, until)
	return nil
}

// warn warns of variables that SDKs prefer to profiles.
func (c *Command) warn(t *terminal.Terminal) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" {
			t.Warn("%s is set, and SDKs prefer it to the profile: unset it", name)
		}
	}
}
