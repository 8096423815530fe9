package endpoint

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/textfile"
)

// Command is "aws serve".
type Command struct {
	Listen           string `help:"The loopback address to serve on. Default: ${default}, which takes a free port." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	TokenOut         string `help:"Write the authorization token, which is new at each start, to this file (mode 0600). The file is removed when the command ends. Default: onafed/endpoint-token-PORT in the user's runtime or cache folder." placeholder:"FILE"`
	EnvOut           string `help:"Also write the lines that clients need to this file (mode 0600), for the EnvironmentFile of a unit." placeholder:"FILE"`
	ShowToken        bool   `help:"Also print AWS_CONTAINER_AUTHORIZATION_TOKEN, for clients that cannot read it from a file, such as AWS CLI 2 before 2.15 and AWS CLI 1 before 1.30."`
	JSON             bool   `help:"Print the variables as JSON."`
	role.Flags       `embed:""`
	source.OwnerFlag `embed:""`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Serves credentials to every program that has the printed variables. The credentials are refreshed in the background, and the
clients get new ones before theirs expire. Requests without the authorization token, from a browser or through a proxy are refused.

Example:

    onafed aws serve --role-arn arn:aws:iam::123456789012:role/deploy > endpoint.env &
    set -a; . ./endpoint.env
    aws sts get-caller-identity`
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	ctx, stop := exit.UntilSignal(ctx)
	defer stop()
	outputs := []source.File{{Name: "--token-out", Path: c.TokenOut}, {Name: "--env-out", Path: c.EnvOut}}
	if err := cmp.Or(CheckListen(c.Listen), source.CheckOutputs(outputs, c.Inputs()...)); err != nil {
		return exit.Unanswered(err)
	}
	log := t.Logger(c.Verbose)
	src, err := c.Source(c.TokenAudience(), log)
	if err != nil {
		return err
	}
	_, p, err := c.Load(ctx, src, log)
	if err != nil {
		return err
	}
	if err := c.firstCredentials(ctx, t, p); err != nil {
		return err
	}
	token := export.NewHandlerToken()
	handler, err := export.NewHandler(p, token, &export.HandlerOptions{RoleARN: c.LastRole(), Logger: log})
	if err != nil {
		return err
	}
	// The listener comes before the file: while another onafed serves on this address, its token
	// file must stay.
	listener, err := Listen(ctx, c.Listen)
	if err != nil {
		return err
	}
	file, err := c.announce(ctx, t, listener.Addr(), token)
	if file != "" {
		defer removeToken(file, token) // so that a program that waits for the file does not read an old token
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return Serve(ctx, handler, listener, p)
}

// firstCredentials assumes the role once. A permanent refusal ends the command now and not at the
// first request of a client. After a temporary failure the command goes on.
func (c *Command) firstCredentials(ctx context.Context, t *terminal.Terminal, p *awsfed.Provider) error {
	_, err := p.Credentials(ctx)
	if err == nil {
		return nil
	}
	if failure, ok := errors.AsType[*awsfed.AssumeRoleError](err); !ok || !failure.Retryable() || ctx.Err() != nil {
		return err
	}
	t.Warn("clients get an error until this passes: %v", err)
	return nil
}

// announce writes the token file and tells clients the address. It returns the path of the file
// once that is written.
func (c *Command) announce(ctx context.Context, t *terminal.Terminal, addr net.Addr, token string) (file string, err error) {
	if file, err = tokenFile(c.TokenOut, addr); err != nil {
		return "", err
	}
	secret := &export.SecretOptions{TrustedOwner: c.TrustedOwner}
	if err := export.WriteSecret(ctx, file, token, secret); err != nil {
		return "", err
	}
	vars := Variables(addr, file)
	if c.ShowToken {
		vars = append(vars, Variable{"AWS_CONTAINER_AUTHORIZATION_TOKEN", token})
	}
	if c.EnvOut != "" {
		if err := export.WriteSecret(ctx, c.EnvOut, Lines(vars), secret); err != nil {
			return file, err
		}
	}
	if c.JSON {
		err = t.WriteJSON(Map(vars))
	} else {
		_, err = io.WriteString(t.Out, Lines(vars))
	}
	if err == nil {
		t.Say("serving %s on %s until interrupted", c.LastRole(), addr)
	}
	return file, err
}

// tokenFile returns the absolute path of the token file. The default name has the port, because two
// servers need two files.
func tokenFile(path string, addr net.Addr) (string, error) {
	if path != "" {
		return filepath.Abs(path)
	}
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "", err
	}
	base := os.Getenv("XDG_RUNTIME_DIR")
	if !filepath.IsAbs(base) { // the XDG Base Directory Specification says to ignore a relative path
		if base, err = os.UserCacheDir(); err == nil && !filepath.IsAbs(base) {
			err = fmt.Errorf("the cache folder %s is not absolute", quote.Path(base))
		}
		if err != nil {
			return "", fmt.Errorf("no folder for the authorization token: %w: name a file with --token-out", err)
		}
	}
	return filepath.Join(base, "onafed", "endpoint-token-"+port), nil
}

// removeToken removes the token file if it still contains the token of this process.
func removeToken(file, token string) {
	if text, err := textfile.ReadStart(file, len(token)+1); err == nil && string(text) == token {
		os.Remove(file) //nolint:errcheck // the token in it is useless now
	}
}
