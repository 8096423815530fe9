// Package token is the command "idp token": it prints, decodes and verifies ID tokens, and keeps
// one in a file.
package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/verify"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// Command is "idp token".
type Command struct {
	Audience         []string `required:"" help:"The audience of the token; repeat the flag for several. AWS accepts one." placeholder:"AUDIENCE" sep:"none"`
	Decode           bool     `help:"Print header and claims as JSON instead of the token. Nothing is verified." xor:"form"`
	Verify           bool     `help:"First check the signature against the issuer's published keys, the audience and the times."`
	Issuer           string   `help:"With --verify: the issuer that must have signed the token. Default: ${issuer}." placeholder:"URL"`
	IssuerAt         string   `help:"With --verify: the address on this host that serves the documents of the issuer, such as the address of onafed dev." placeholder:"URL"`
	Organization     string   `help:"With --verify: the organization that the token must belong to." placeholder:"ID"`
	Output           string   `help:"Write the token to this file, without a newline, for AWS_WEB_IDENTITY_TOKEN_FILE. Choose a folder that contains nothing else." placeholder:"FILE" xor:"form"`
	Group            string   `help:"With --output: a group of this user that can also read the file. The group must have access to a folder that exists." placeholder:"GROUP"`
	Watch            bool     `help:"With --output: replace the file each time before the token expires. The command runs until it gets a signal."`
	Verbose          bool     `short:"v" help:"Log each step on standard error."`
	source.Flags     `embed:""`
	source.OwnerFlag `embed:""`
}

// Help implements kong.HelpProvider.
func (c *Command) Help() string {
	return `Examples:

    onafed idp token --audience sts.amazonaws.com
    onafed idp token --audience sts.amazonaws.com --decode
    onafed idp token --audience sts.amazonaws.com --verify --organization 0191e223-1c3c-7607-badf-303c98b52d2f
    onafed idp token --audience sts.amazonaws.com --output /run/onafed/token --watch

--decode also prints a token that has expired. If a flag names the token, --decode also prints it if it is for another
audience. In both cases a warning is printed.

Without a flag for the source, the token comes from the first of these: the Ona API with the secrets file of the environment or
with ONA_API_KEY, GITPOD_API_KEY or ONA_TOKEN; the file in AWS_WEB_IDENTITY_TOKEN_FILE; and with --allow-exec the ona or gitpod
command. "onafed doctor" shows the source that is used, and those that are set and ignored.

--output writes the file with mode 0600 and replaces it by a rename. For a container, mount the folder, not the file.`
}

// Validate is called by kong.
func (c *Command) Validate() error {
	switch {
	case c.Output == "" && (c.Watch || c.Group != ""):
		return errors.New("--watch and --group need --output FILE")
	case c.Organization+c.Issuer+c.IssuerAt != "" && !c.Verify:
		return errors.New("--organization, --issuer and --issuer-at need --verify")
	case c.Watch && c.Verify:
		return errors.New("--verify checks one token and cannot be used with --watch")
	case c.Watch && len(c.Audience) > 1:
		return errors.New("--watch takes one --audience")
	}
	return cmp.Or(c.at().Check(), c.Check())
}

// Run implements the command.
func (c *Command) Run(ctx context.Context, t *terminal.Terminal) error {
	switch {
	case c.Watch:
		return c.watch(ctx, t)
	case c.Decode && !c.Verify:
		raw, err := c.anyRaw(ctx, t)
		if err != nil {
			return err
		}
		return decode(t, raw, c.Audience)
	}
	token, err := c.token(ctx, t)
	if err != nil {
		return err
	}
	if c.Verify {
		if err := c.verify(ctx, t, token); err != nil {
			return err
		}
	}
	if !c.Decode { // decode warns too
		warnOfSeveralAudiences(t, token)
	}
	switch {
	case c.Decode:
		return decode(t, token.Raw(), c.Audience)
	case c.Output != "":
		file, err := c.file(idp.Static(token), t)
		if err != nil {
			return err
		}
		_, err = file.Write(ctx)
		return err
	}
	_, err = fmt.Fprintln(t.Out, token.Raw())
	return err
}

func (c *Command) verify(ctx context.Context, t *terminal.Terminal, token *idp.Token) error {
	opts := issuer.VerifierOptions{Audiences: c.Audience, AnyOrganization: c.Organization == ""}
	if c.Organization != "" {
		opts.Organizations = []string{c.Organization}
	}
	err := c.at().Verify(ctx, token, opts)
	if refused, ok := errors.AsType[*issuer.VerifyError](err); ok && refused.Reason == issuer.ReasonKeysUnavailable {
		return exit.Unanswered(err)
	}
	if err != nil {
		return err
	}
	t.Say("verified: signed by %s", c.at().URL)
	return nil
}

// at returns the issuer and the address of its documents.
func (c *Command) at() verify.Issuer {
	return verify.Issuer{URL: cmp.Or(c.Issuer, idp.Issuer), At: c.IssuerAt}
}
