package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/onafed/onafed/idp"
)

// tokenFlags say where the ID token comes from. At most one of the first three is set; without any of them it is looked for in the
// environment, in the order that idp.FromEnvironment documents.
type tokenFlags struct {
	TokenFile    string `help:"Read the ID token from this file, again for each use." placeholder:"FILE" group:"Where the ID token comes from" xor:"token"`
	TokenEnv     string `help:"Read the ID token from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token"`
	TokenCommand string `help:"Run this command (no shell; words are split at spaces) and read the ID token from its output." placeholder:"COMMAND" group:"Where the ID token comes from" xor:"token"`

	APITokenFile string `help:"Read the bearer token of the Ona API from this file." placeholder:"FILE" group:"Where the ID token comes from" xor:"token,api"`
	APITokenEnv  string `help:"Read the bearer token of the Ona API from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token,api"`
	APIURL       string `name:"api-url" help:"Address of the Ona API." placeholder:"URL" group:"Where the ID token comes from"`
	AllowExec    bool   `help:"As a last resort, let the ona or gitpod command print the token." group:"Where the ID token comes from"`
}

// source is the token source that the flags choose, for one audience.
func (f *tokenFlags) source(audience string, log *slog.Logger) (idp.TokenSource, error) {
	switch {
	case f.TokenFile != "":
		return idp.File(f.TokenFile), nil
	case f.TokenEnv != "":
		return idp.Env(f.TokenEnv), nil
	case f.TokenCommand != "":
		words := strings.Fields(f.TokenCommand)
		if len(words) == 0 {
			return nil, errors.New("--token-command is empty: name the program that prints the ID token")
		}
		return idp.Exec(words[0], words[1:]...), nil
	}
	if client, err := f.client(log); client != nil || err != nil {
		if err != nil {
			return nil, err
		}
		return client.Source(audience), nil
	}
	return idp.FromEnvironment(audience, &idp.EnvironmentOptions{BaseURL: f.APIURL, AllowExec: f.AllowExec, Logger: log})
}

// client is the API client of --api-token-file or --api-token-env; nil when neither is given.
func (f *tokenFlags) client(log *slog.Logger) (*idp.Client, error) {
	var bearer func(context.Context) (string, error)
	switch {
	case f.APITokenFile != "":
		bearer = idp.BearerFile(f.APITokenFile)
	case f.APITokenEnv != "":
		bearer = idp.BearerEnv(f.APITokenEnv)
	default:
		return nil, nil //nolint:nilnil // no flag, no client: not an error
	}
	opts := &idp.ClientOptions{Bearer: bearer, BaseURL: f.APIURL, Logger: log}
	if f.APIURL != "" {
		// The host that a person names on the command line is one that may have the bearer token.
		u, err := url.Parse(f.APIURL)
		if err != nil {
			return nil, fmt.Errorf("--api-url is not a URL: %q", f.APIURL)
		}
		opts.AllowedHosts = []string{u.Hostname()}
	}
	return idp.NewClient(opts)
}

// logger writes warnings to standard error, and everything with --verbose.
func logger(t *terminal, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(t.err, &slog.HandlerOptions{Level: level}))
}

// pathOf says where a file stands, for a message.
func pathOf(file string) string {
	home, err := os.UserHomeDir()
	if err != nil || home == "" {
		return file
	}
	if rest, ok := strings.CutPrefix(file, home+string(os.PathSeparator)); ok {
		return "~" + string(os.PathSeparator) + rest
	}
	return file
}
