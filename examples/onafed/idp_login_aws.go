package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed/export"
)

// loginAWSCommand is idp login aws.
type loginAWSCommand struct {
	Profile   string `help:"The profile to write." default:"default"`
	Mode      string `help:"What to write: file (keys, which expire) or process (a command that SDKs run, so that nothing expires)." enum:"file,process" default:"file"`
	Overwrite bool   `help:"Replace long-term keys, or other credential settings, that the profile has."`
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
	if c.Mode == "process" {
		return c.process(ctx, t)
	}
	p, err := c.provider(ctx, t)
	if err != nil {
		return err
	}
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return err
	}
	file, err := export.NewCredentialsFile("", &export.FileOptions{Overwrite: c.Overwrite})
	if err != nil {
		return err
	}
	if err := file.WriteCredentials(ctx, c.Profile, credentials); err != nil {
		return err
	}
	t.say("profile %+q in %s: %s, valid until %s", c.Profile, pathOf(file.Path()), p.Status().AssumedRoleARN, credentials.Expires.UTC().Format(time.RFC3339))
	c.warnOfWinners(t)
	return nil
}

// process writes a credential_process line that runs this very program, and then asks as an SDK does.
func (c *loginAWSCommand) process(ctx context.Context, t *terminal) error {
	program, err := installed()
	if err != nil {
		return err
	}
	command, err := export.CommandLine(program, c.arguments()...)
	if err != nil {
		return err
	}
	// A role that cannot be assumed, or a source that is not there, is found before anything is written.
	p, err := c.provider(ctx, t)
	if err != nil {
		return err
	}
	if _, err := p.Credentials(ctx); err != nil {
		return err
	}

	opts := &export.FileOptions{Overwrite: c.Overwrite}
	keys, err := export.NewCredentialsFile("", opts)
	if err != nil {
		return err
	}
	settings, err := export.NewConfigFile("", opts)
	if err != nil {
		return err
	}
	removed, err := keys.RemoveCredentials(ctx, c.Profile)
	if err != nil {
		return err
	}
	if removed {
		t.say("removed the temporary keys of profile %+q from %s: they would win over credential_process", c.Profile, pathOf(keys.Path()))
	}
	if err := settings.WriteProcess(ctx, c.Profile, command); err != nil {
		return err
	}
	got, err := resolve(ctx, c.Profile)
	if err != nil {
		return fmt.Errorf("profile %+q was written to %s, and an SDK that reads it gets no credentials: %w", c.Profile, pathOf(settings.Path()), err)
	}
	if want := p.Status().AccountID; got.AccountID != "" && want != "" && got.AccountID != want {
		return fmt.Errorf("profile %+q was written to %s, and an SDK that reads it gets credentials of account %s, not %s: another setting of the profile wins",
			c.Profile, pathOf(settings.Path()), got.AccountID, want)
	}
	t.say("profile %+q in %s: %s, refreshed whenever an SDK needs it", c.Profile, pathOf(settings.Path()), p.Status().AssumedRoleARN)
	c.warnOfWinners(t)
	return nil
}

// installed is the absolute path of this program, if it will still be there when an SDK runs it.
func installed() (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	if program, err = filepath.EvalSymlinks(program); err != nil {
		return "", err
	}
	slashed := filepath.ToSlash(program)
	if strings.Contains(slashed, "/go-build") {
		return "", errors.New("this program was started by go run and is gone after it: go install ./examples/onafed, then run onafed idp login aws again")
	}
	return program, nil
}

// arguments are those of the credential_process: what was said here, without secrets, with absolute paths.
func (c *loginAWSCommand) arguments() []string {
	args := []string{"aws", "credential-process", "--role-arn", c.RoleARN}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	addFile := func(flag, path string) {
		if abs, err := filepath.Abs(path); path != "" && err == nil {
			path = abs
		}
		add(flag, path)
	}
	add("--audience", c.Audience)
	add("--role-session-name", c.RoleSessionName)
	if c.DurationSeconds != 0 {
		add("--duration-seconds", strconv.Itoa(c.DurationSeconds))
	}
	add("--region", c.Region)
	addFile("--token-file", c.TokenFile)
	add("--token-env", c.TokenEnv)
	add("--token-command", c.TokenCommand)
	addFile("--api-token-file", c.APITokenFile)
	add("--api-token-env", c.APITokenEnv)
	add("--api-url", c.APIURL)
	if c.AllowExec {
		args = append(args, "--allow-exec")
	}
	return args
}

// resolve loads the profile as a program does that uses the SDK and knows nothing of this library.
func resolve(ctx context.Context, profile string) (aws.Credentials, error) {
	shared, err := config.LoadSharedConfigProfile(ctx, profile, func(o *config.LoadSharedConfigOptions) {
		if path := os.Getenv("AWS_CONFIG_FILE"); path != "" {
			o.ConfigFiles = []string{path}
		}
		if path := os.Getenv("AWS_SHARED_CREDENTIALS_FILE"); path != "" {
			o.CredentialsFiles = []string{path}
		}
	})
	if err != nil {
		return aws.Credentials{}, err
	}
	if shared.CredentialProcess == "" {
		return aws.Credentials{}, errors.New("it finds no credential_process")
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return aws.Credentials{}, err
	}
	return cfg.Credentials.Retrieve(ctx)
}

// warnOfWinners names the variables that SDKs prefer to the profile that was written.
func (c *loginAWSCommand) warnOfWinners(t *terminal) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		if os.Getenv(name) != "" {
			t.say("onafed: warning: %s is set, and SDKs prefer it to the profile: unset it", name)
		}
	}
	if set := os.Getenv("AWS_PROFILE"); set != "" && set != c.Profile || set == "" && c.Profile != "default" {
		t.say("to use it: export AWS_PROFILE=%s", c.Profile)
	}
}
