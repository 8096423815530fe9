package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/onafed/onafed/awsfed/export"
)

// serveCommand is aws serve.
type serveCommand struct {
	Listen    string `help:"The loopback address to serve on." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	TokenOut  string `help:"Write the authorization token to this file (mode 0600), new at each start. Default: onafed/endpoint-token in the user's runtime or cache folder." placeholder:"FILE"`
	EnvOut    string `help:"Also write the lines that clients need to this file (mode 0600), for a unit's EnvironmentFile." placeholder:"FILE"`
	ShowToken bool   `help:"Print AWS_CONTAINER_AUTHORIZATION_TOKEN as well, for clients that cannot read it from a file."`
	awsFlags  `embed:""`
}

// Help implements kong.HelpProvider.
func (c *serveCommand) Help() string {
	return `Serves credentials to every program that is given the printed variables; each asks again before its credentials expire, and they are
refreshed behind it. Example:

    onafed aws serve --role-arn arn:aws:iam::123456789012:role/deploy --listen 127.0.0.1:9911 &
    export AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:9911/credentials
    export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=~/.cache/onafed/endpoint-token
    aws sts get-caller-identity`
}

// Run implements the command.
func (c *serveCommand) Run(ctx context.Context, t *terminal) error {
	p, err := c.provider(ctx, t)
	if err != nil {
		return err
	}
	// A role that cannot be assumed is said now, not to the first client.
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return err
	}
	token := export.NewHandlerToken()
	file, err := writeSecret(c.TokenOut, "endpoint-token", token)
	if err != nil {
		return err
	}
	handler, err := export.NewHandler(p, token, &export.HandlerOptions{RoleARN: c.RoleARN, Logger: logger(t, c.Verbose)})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	lines := endpointLines(listener.Addr(), file)
	if c.ShowToken {
		lines += "AWS_CONTAINER_AUTHORIZATION_TOKEN=" + token + "\n"
	}
	if c.EnvOut != "" {
		if _, err := writeSecret(c.EnvOut, "", lines); err != nil {
			listener.Close()
			return err
		}
	}
	if _, err := fmt.Fprint(t.out, lines); err != nil {
		listener.Close()
		return err
	}
	t.say("serving %s (account %s) until interrupted", c.RoleARN, credentials.AccountID)

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		p.Run(ctx) //nolint:errcheck // it ends with the context's error only
	}()
	err = handler.Serve(ctx, listener)
	stop()
	<-kept
	return err
}

// endpointLines are the variables of the container endpoint.
func endpointLines(addr net.Addr, tokenFile string) string {
	return fmt.Sprintf("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://%s/credentials\nAWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s\n", addr, tokenFile)
}

// writeSecret writes a file that only this user can read, by a rename so that no reader sees a part. An empty path is name in the
// user's runtime folder, or cache folder.
func writeSecret(path, name, content string) (string, error) {
	if path == "" {
		base := os.Getenv("XDG_RUNTIME_DIR")
		if base == "" {
			var err error
			if base, err = os.UserCacheDir(); err != nil {
				return "", err
			}
		}
		path = filepath.Join(base, "onafed", name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the path is the user's own
		return "", err
	}
	f, err := os.CreateTemp(dir, ".onafed-*") // created with mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path) //nolint:gosec // the path is the user's own
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck,gosec // the error that made it useless is the one to tell; the path is the user's own
		return "", err
	}
	return path, nil
}
