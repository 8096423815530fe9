package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/export"
)

const processLogin = "onafed idp login aws --mode process lets SDKs get new ones by themselves"

// credentialsFile looks at the file with keys.
func (e *examination) credentialsFile() {
	if file, ok := e.sharedFile("credentials file", export.NewCredentialsFile); ok {
		e.keys("credentials file", file)
	}
}

// keys says what becomes of the keys of the profile in a file.
func (e *examination) keys(name string, file *export.File) {
	profile := e.command.Profile
	kind, err := keysOf(file, profile)
	if err != nil || kind == noKeys {
		return // the file was read already
	}
	path := withoutHome(file.Path())
	expires, _, _ := file.Lookup(profile, "x_security_token_expires")
	at, err := time.Parse(time.RFC3339, expires)
	switch {
	case e.processOf(profile):
		e.problem(name, fmt.Sprintf("the keys of profile %+q win over its credential_process", profile), "onafed idp login aws --mode process removes temporary ones; remove long-term ones by hand from "+path)
	case kind == longTermKeys:
		e.problem(name, fmt.Sprintf("profile %+q has long-term keys: SDKs use them, not the role", profile), "remove them from "+path+", or name another profile with --profile")
	case err == nil && time.Now().After(at):
		e.problem(name, fmt.Sprintf("the keys of profile %+q expired at %s", profile, at.UTC().Format(time.RFC3339)), processLogin)
	default:
		e.note(name, "the keys of profile %+q do not refresh themselves: %s", profile, processLogin)
	}
}

// processOf reports whether a profile runs a command for credentials.
func (e *examination) processOf(profile string) bool {
	file, err := export.NewConfigFile("", nil)
	if err != nil {
		return false
	}
	_, found, err := file.Lookup(profile, "credential_process")
	return found && err == nil
}

// configFile looks at the file with settings.
func (e *examination) configFile() {
	file, ok := e.sharedFile("config file", export.NewConfigFile)
	if !ok {
		return
	}
	e.keys("config file", file)
	if others, err := otherSources(file, e.command.Profile); err == nil && len(others) > 0 {
		e.problem("config file", fmt.Sprintf("profile %+q has %s: the AWS CLI or an SDK uses that, not what onafed idp login aws writes", e.command.Profile, strings.Join(others, ", ")),
			"name another profile with --profile, or let onafed idp login aws --overwrite remove the settings")
	}
}

// sharedFile says whether SDKs can read a file, and only they. It reports whether there is one that can be read.
func (e *examination) sharedFile(name string, open func(string, *export.FileOptions) (*export.File, error)) (*export.File, bool) {
	file, err := open("", nil)
	if err != nil {
		e.problem(name, err.Error(), "set HOME, or AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE")
		return nil, false
	}
	path := withoutHome(file.Path())
	info, err := os.Stat(file.Path())
	switch {
	case os.IsNotExist(err):
		e.note(name, "%s is not there", path)
		return nil, false
	case err != nil:
		e.problem(name, err.Error(), "let this user read it")
		return nil, false
	}
	_, keys, err := file.Lookup(e.command.Profile, "aws_secret_access_key")
	switch refused, ok := errors.AsType[*export.FileError](err); {
	case err == nil:
	case ok && refused.Line > 0:
		e.problem(name, err.Error(), "mend the line: SDKs disagree about what it means, or refuse the whole file")
		return nil, false
	case errors.Is(err, fs.ErrPermission):
		e.problem(name, err.Error(), "let this user read it: chmod u+r "+path+", as its owner")
		return nil, false
	default:
		e.problem(name, err.Error(), "let "+path+" be a file of this user's that SDKs can read, or name a profile that they take with --profile")
		return nil, false
	}
	if readable := info.Mode().Perm() & 0o077; runtime.GOOS != "windows" && readable != 0 && (keys || name == "credentials file") {
		e.problem(name, fmt.Sprintf("others may read %s (mode %04o)", path, info.Mode().Perm()&fs.ModePerm), "chmod 600 "+path)
		return file, true
	}
	e.ok(name, "%s is read alike by all SDKs", path)
	return file, true
}

// variables names what SDKs prefer to the profile, in their order.
func (e *examination) variables() {
	set := func(name string) bool { return os.Getenv(name) != "" }
	before := len(e.checks)
	if set("AWS_ACCESS_KEY_ID") {
		detail := "AWS_ACCESS_KEY_ID is set: keys in the environment win over every profile and role, and nobody refreshes them"
		if at, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION")); err == nil && time.Now().After(at) {
			detail = fmt.Sprintf("the keys in the environment win over every profile and role, and expired at %s", at.UTC().Format(time.RFC3339))
		}
		e.problem("environment", detail, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN")
	}
	if set("AWS_SECURITY_TOKEN") {
		e.problem("environment", "AWS_SECURITY_TOKEN is set: the AWS CLI prefers it to AWS_SESSION_TOKEN", "unset AWS_SECURITY_TOKEN")
	}
	if file := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		if _, err := os.Stat(file); err != nil { //nolint:gosec // the path is the user's own
			e.problem("environment", "AWS_WEB_IDENTITY_TOKEN_FILE is set, and there is no such file: SDKs look at it before any profile", "unset AWS_WEB_IDENTITY_TOKEN_FILE, or keep the file with onafed idp token --output FILE --watch")
		} else {
			e.note("environment", "AWS_WEB_IDENTITY_TOKEN_FILE is set: SDKs take it before they look at a profile")
		}
	}
	if profile := os.Getenv("AWS_PROFILE"); profile != "" && profile != e.command.Profile {
		e.note("environment", "AWS_PROFILE is %+q: SDKs use that profile, not %+q", profile, e.command.Profile)
	}
	for _, name := range []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if set(name) {
			e.note("environment", "%s is set: SDKs use the container endpoint when no profile has credentials", name)
		}
	}
	for _, name := range []string{"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"} {
		if set(name) {
			e.note("environment", "%s is set: STS is asked there", name)
		}
	}
	if len(e.checks) == before {
		e.ok("environment", "no variable wins over the profile")
	}
}
