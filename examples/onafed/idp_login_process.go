package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/export"
)

// process writes a credential_process line that runs this very program, and then asks as an SDK does.
func (c *loginAWSCommand) process(ctx context.Context, t *terminal) (loggedIn, error) {
	program, err := installed()
	if err != nil {
		return loggedIn{}, err
	}
	args, err := c.arguments()
	if err != nil {
		return loggedIn{}, err
	}
	command, err := export.CommandLine(program, args...)
	if err != nil {
		return loggedIn{}, err
	}
	// A role that cannot be assumed, or a source that is not there, is found before anything is written.
	p, err := c.role(ctx, t)
	if err != nil {
		return loggedIn{}, err
	}
	if _, err := p.Credentials(ctx); err != nil {
		return loggedIn{}, err
	}

	opts := &export.FileOptions{Overwrite: c.Overwrite}
	keys, err := export.NewCredentialsFile("", opts)
	if err != nil {
		return loggedIn{}, err
	}
	settings, err := export.NewConfigFile("", opts)
	if err != nil {
		return loggedIn{}, err
	}
	removed, err := keys.RemoveCredentials(ctx, c.Profile)
	if err != nil {
		return loggedIn{}, err
	}
	if removed {
		t.say("removed the temporary keys of profile %+q from %s: they would win over credential_process", c.Profile, pathOf(keys.Path()))
	}
	if err := settings.WriteProcess(ctx, c.Profile, command); err != nil {
		return loggedIn{}, err
	}
	credentials, identity, err := c.resolve(ctx)
	if err != nil {
		return loggedIn{}, fmt.Errorf("profile %+q was written to %s, and an SDK that reads it gets no credentials: %w", c.Profile, pathOf(settings.Path()), err)
	}
	if want := p.Status().AssumedRoleARN; !sameRole(identity, want) {
		return loggedIn{}, fmt.Errorf("profile %+q was written to %s, and an SDK that reads it becomes %s, not %s: another setting of the profile wins",
			c.Profile, pathOf(settings.Path()), identity, want)
	}
	return c.loggedIn(settings, identity, credentials), nil
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
	if strings.Contains(filepath.ToSlash(program), "/go-build") {
		return "", errors.New("this program was started by go run and is gone after it: go install ./examples/onafed, then run onafed idp login aws again")
	}
	return program, nil
}

// arguments are those of the credential_process: what was said here, without secrets, with absolute paths.
func (c *loginAWSCommand) arguments() ([]string, error) {
	args := []string{"aws", "credential-process", "--role-arn", c.RoleARN}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("--audience", c.Audience)
	add("--role-session-name", c.RoleSessionName)
	if c.DurationSeconds != 0 {
		add("--duration-seconds", strconv.Itoa(c.DurationSeconds))
	}
	add("--region", c.Region)
	for _, f := range []struct{ flag, path string }{{"--token-file", c.TokenFile}, {"--api-token-file", c.APITokenFile}} {
		if f.path == "" {
			continue
		}
		abs, err := filepath.Abs(f.path)
		if err != nil {
			return nil, err
		}
		add(f.flag, abs)
	}
	add("--token-env", c.TokenEnv)
	if c.TokenCommand != "" {
		words, err := c.words()
		if err != nil {
			return nil, err
		}
		add("--token-command", strings.Join(words, " "))
	}
	add("--api-token-env", c.APITokenEnv)
	add("--api-url", c.APIURL)
	if c.AllowExec {
		args = append(args, "--allow-exec")
	}
	return args, nil
}

// resolve loads the profile as a program does that uses the SDK and knows nothing of this library, and asks STS who that is. STS answers
// that to everyone.
func (c *loginAWSCommand) resolve(ctx context.Context) (aws.Credentials, string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(c.Profile))
	if err != nil {
		return aws.Credentials{}, "", err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, "", err
	}
	who, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if c.Region != "" || o.Region == "" {
			o.Region = c.region()
		}
	}).GetCallerIdentity(ctx, nil)
	if err != nil {
		return aws.Credentials{}, "", err
	}
	return credentials, aws.ToString(who.Arn), nil
}

// sameRole compares the assumed roles of two sessions, whose names may differ: without a name of its own a session may have one a token.
func sameRole(a, b string) bool {
	role := func(arn string) string { return arn[:max(strings.LastIndexByte(arn, '/'), 0)] }
	return role(a) == role(b) && role(a) != ""
}
