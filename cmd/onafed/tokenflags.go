package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
)

// tokenFlags say where the ID token comes from. At most one of the first five is set; without any of them it is looked for in the
// environment, in the order that idp.FromEnvironment documents.
type tokenFlags struct {
	TokenFile    string `help:"Read the ID token from this file, again for each use." placeholder:"FILE" group:"Where the ID token comes from" xor:"token"`
	TokenEnv     string `help:"Read the ID token from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token"`
	TokenCommand string `help:"Run this command (no shell; words are split at spaces) and read the ID token from its output." placeholder:"COMMAND" group:"Where the ID token comes from" xor:"token"`

	APITokenFile string `help:"Read the bearer token of the Ona API from this file." placeholder:"FILE" group:"Where the ID token comes from" xor:"token"`
	APITokenEnv  string `help:"Read the bearer token of the Ona API from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token"`
	APIURL       string `name:"api-url" help:"Address of the Ona API. Default: ${api}, or what the variables of an API token say." placeholder:"URL" group:"Where the ID token comes from"`
	AllowExec    bool   `help:"As a last resort, let the ona or gitpod command print the token." group:"Where the ID token comes from"`
}

// check looks at the flags alone, before anything is read or asked.
func (f *tokenFlags) check() error {
	for flag, name := range map[string]string{"token-env": f.TokenEnv, "api-token-env": f.APITokenEnv} {
		if strings.ContainsFunc(name, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			return fmt.Errorf("--%s takes the name of a variable, of letters, digits and _, and not what is in it", flag) // nor repeats it
		}
	}
	if f.TokenCommand != "" {
		if _, err := f.words(); err != nil {
			return err
		}
	}
	if f.APIURL != "" {
		if _, err := idp.NewClient(&idp.ClientOptions{Bearer: idp.BearerEnv(""), BaseURL: f.APIURL}); err != nil {
			return fmt.Errorf("--api-url: %w", err)
		}
	}
	return nil
}

// source is the token source that the flags choose, for one audience.
func (f *tokenFlags) source(audience string, log *slog.Logger) (idp.TokenSource, error) {
	switch {
	case f.TokenFile != "":
		return idp.File(f.TokenFile), nil
	case f.TokenEnv != "":
		return idp.Env(f.TokenEnv), nil
	case f.TokenCommand != "":
		words, err := f.words()
		if err != nil {
			return nil, err
		}
		return idp.Exec(words[0], words[1:]...), nil
	case f.APITokenFile != "" || f.APITokenEnv != "":
		client, err := f.client(log)
		if err != nil {
			return nil, err
		}
		return client.Source(audience), nil
	}
	return idp.FromEnvironment(audience, &idp.EnvironmentOptions{BaseURL: f.APIURL, AllowExec: f.AllowExec, Logger: log})
}

// sourceName is what a source calls itself.
func sourceName(src idp.TokenSource) string {
	if s, ok := src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return fmt.Sprintf("%T", src)
}

// client is the API client of --api-token-file or --api-token-env, or, without them, that of the Ona environment this runs in.
func (f *tokenFlags) client(log *slog.Logger) (*idp.Client, error) {
	opts := &idp.ClientOptions{BaseURL: f.APIURL, Logger: log}
	switch {
	case f.APITokenFile != "":
		opts.Bearer = idp.BearerFile(f.APITokenFile)
	case f.APITokenEnv != "":
		opts.Bearer = idp.BearerEnv(f.APITokenEnv)
	default:
		if _, err := os.Stat(idp.DefaultSecretsFile); err != nil {
			return nil, errors.New("only the Ona API gives out such a token, and this is no Ona environment: name --api-token-file or --api-token-env")
		}
		opts.Bearer = idp.BearerFile(idp.DefaultSecretsFile)
	}
	return idp.NewClient(opts)
}

// words are those of --token-command. A program that is named by a relative path is named by the absolute one, so that the command means
// the same wherever an SDK starts us.
func (f *tokenFlags) words() ([]string, error) {
	words := strings.Fields(f.TokenCommand)
	if len(words) == 0 {
		return nil, errors.New("--token-command is empty: name the program that prints the ID token")
	}
	if strings.ContainsRune(filepath.ToSlash(words[0]), '/') {
		abs, err := filepath.Abs(words[0])
		if err != nil {
			return nil, err
		}
		words[0] = abs
	}
	return words, nil
}

// given returns the text of a token that a flag names, expired or not, which a token source never returns: to look at an expired token
// is what decoding it is often for.
func (f *tokenFlags) given(ctx context.Context) (raw string, found bool, err error) {
	var text []byte
	switch {
	case f.TokenFile != "":
		text, err = head(f.TokenFile)
	case f.TokenEnv != "":
		if text = []byte(os.Getenv(f.TokenEnv)); len(text) == 0 {
			err = fmt.Errorf("the environment variable %+q is not set", f.TokenEnv)
		}
	case f.TokenCommand != "":
		text, err = f.output(ctx)
	default:
		return "", false, nil
	}
	return string(bytes.TrimSpace(text)), true, err
}

// givenName names the flag of given, and what it says when that is no command, which may hold a secret.
func (f *tokenFlags) givenName() string {
	switch {
	case f.TokenFile != "":
		return fmt.Sprintf("--token-file %+q", f.TokenFile)
	case f.TokenEnv != "":
		return "--token-env " + f.TokenEnv
	}
	return "--token-command"
}

// output is what --token-command prints. Only when the token in it is of no use as a source's is the command run a second time, for the
// text: the source is the one that knows how to run commands and to tell what went wrong.
func (f *tokenFlags) output(ctx context.Context) ([]byte, error) {
	words, err := f.words()
	if err != nil {
		return nil, err
	}
	token, err := idp.Exec(words[0], words[1:]...).Token(ctx)
	if err == nil {
		return []byte(token.Raw()), nil
	}
	if !errors.Is(err, claims.ErrExpired) {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, words[0], words[1:]...).Output() //nolint:gosec // to run the user's command is what the flag is for
}

// head reads as much of a file as a token can have, and a little more, so that what is too long is not taken for a token.
func head(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the path is the user's own
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, claims.MaxTokenSize+1024))
	if err == nil && len(text) == claims.MaxTokenSize+1024 {
		return nil, fmt.Errorf("%+q has more than %d bytes, which no ID token has", path, claims.MaxTokenSize)
	}
	return text, err
}
