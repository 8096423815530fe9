package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	variable, err := c.pin(t)
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
	// What a person has to decide, a role that cannot be assumed, or a source that is not there, is found before anything is written.
	files, err := c.files()
	if err != nil {
		return loggedIn{}, err
	}
	if files.keys == longTermKeys && !c.Overwrite {
		return loggedIn{}, fmt.Errorf("profile %+q in %s has %w, which would win over credential_process: choose another --profile, or lose them with --overwrite",
			c.Profile, withoutHome(files.credentials.Path()), export.ErrLongTerm)
	}
	p, err := c.role(ctx, t)
	if err != nil {
		return loggedIn{}, err
	}
	if _, err := p.Credentials(ctx); err != nil {
		return loggedIn{}, err
	}

	// The line first: when the config file refuses it, the keys are still there.
	at := withoutHome(files.config.Path())
	if err := files.config.WriteProcess(ctx, c.Profile, command); err != nil {
		return loggedIn{}, err
	}
	if lost := slices.Concat(keyWords(files.configKeys), files.others); len(lost) > 0 {
		t.say("removed from profile %+q in %s what would win over credential_process: %s", c.Profile, at, strings.Join(lost, ", "))
	}
	if files.process != "" && files.process != command {
		t.say("replaced the credential_process of profile %+q in %s", c.Profile, at)
	}
	removed, err := files.credentials.RemoveCredentials(ctx, c.Profile)
	if err != nil {
		return loggedIn{}, fmt.Errorf("profile %+q was written to %s, but its keys in the credentials file win over it and could not be removed: %w", c.Profile, at, err)
	}
	if removed {
		t.say("removed the %s keys of profile %+q from %s: they would win over credential_process",
			files.keys, c.Profile, withoutHome(files.credentials.Path()))
	}
	credentials, identity, err := c.resolve(ctx)
	if err != nil {
		return loggedIn{}, fmt.Errorf("profile %+q was written to %s, and an SDK that reads it gets no credentials: %w", c.Profile, at, err)
	}
	if want := p.Status().AssumedRoleARN; !sameRole(identity, want) {
		return loggedIn{}, fmt.Errorf("profile %+q was written to %s, and an SDK that reads it becomes %s, not %s: another setting of the profile wins",
			c.Profile, at, identity, want)
	}
	if variable != "" {
		t.say("the profile reads %s: only programs that have it get credentials", variable)
	}
	return c.loggedIn(files.config, identity, credentials), nil
}

// pin makes a token file that AWS_WEB_IDENTITY_TOKEN_FILE names a part of the line: SDKs prefer the variable to a profile, so it has to go
// for the line to be used, and the line is to work without it. It returns the variables that the line depends on all the same: they hold
// secrets, which do not go into a file.
func (c *loginAWSCommand) pin(t *terminal) (variable string, err error) {
	switch {
	case c.TokenEnv+c.APITokenEnv != "":
		return c.TokenEnv + c.APITokenEnv, nil
	case c.TokenFile+c.TokenCommand+c.APITokenFile != "":
		return "", nil
	}
	src, err := c.source(c.audience(), logger(t, c.Verbose))
	if err != nil {
		return "", err
	}
	name := sourceName(src)
	switch chosen, _, _ := strings.Cut(name, " "); chosen {
	case "AWS_WEB_IDENTITY_TOKEN_FILE":
		c.TokenFile = strings.TrimSpace(os.Getenv(chosen)) // as the source reads it
	case "ONA_API_KEY", "GITPOD_API_KEY", "ONA_TOKEN":
		return name, nil
	}
	return "", nil
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
		return "", errors.New("this program was started by go run and is gone after it: go install ./cmd/onafed, then run onafed idp login aws again")
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
		if len(strings.Fields(words[0])) != 1 {
			return nil, fmt.Errorf("--token-command: %+q has a blank, where the line for SDKs would split it: put the program into a folder without one, or onto PATH", words[0])
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
