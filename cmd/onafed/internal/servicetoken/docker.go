package servicetoken

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/authtoken/ecr"
	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/cmd/onafed/internal/version"
)

// helperName is the name by which Docker runs this program as a credential helper.
const helperName = "docker-credential-onafed"

// Messages of credential helpers that clients know (docker/docker-credential-helpers, package
// credentials). After the first, a client goes on without credentials.
const (
	notFound = "credentials not found in native keychain"
	noServer = "no credentials server URL"
)

// maxServer is the largest name of a registry in bytes. A host has at most 253.
const maxServer = 1024

// DockerCommand is "aws docker-credential". Docker runs it as docker-credential-onafed.
type DockerCommand struct {
	Action      string `arg:"" help:"What Docker asks for: ${enum}." enum:"get,list,store,erase,version"`
	role.Shared `embed:""`
}

// Help implements kong.HelpProvider.
func (c *DockerCommand) Help() string {
	return `The credential helper of Docker, and of programs with the same configuration, for private registries in ECR. It reads the name of
the registry from standard input. For other registries it has no credentials. It stores none: "docker login" is not needed.

A copy of this program, or a link to it, with the name docker-credential-onafed is this command:

    ln -s "$(command -v onafed)" ~/.local/bin/docker-credential-onafed

In ~/.docker/config.json, with the host of the registry:

    {"credHelpers": {"123456789012.dkr.ecr.eu-central-1.amazonaws.com": "onafed"}}

Docker passes no flags. The role comes from AWS_ROLE_ARN, and the ID token from the Ona environment or ONAFED_TOKEN_FILE. For
another choice, or for several roles, make a script docker-credential-NAME instead of the link, and write NAME in the
configuration:

    exec onafed aws docker-credential --role-arn arn:aws:iam::123456789012:role/build "$@"

Example:

    echo 123456789012.dkr.ecr.eu-central-1.amazonaws.com | onafed aws docker-credential get

The role needs the permission ecr:GetAuthorizationToken.`
}

// Arguments returns the arguments after the name of the program. If the name is that of the
// credential helper, the command is added before them.
func Arguments(started []string) []string {
	name := strings.TrimSuffix(filepath.Base(started[0]), ".exe")
	if name != helperName {
		return started[1:]
	}
	return append([]string{"aws", "docker-credential"}, started[1:]...)
}

// BeforeApply is called by kong. A registry outside of ECR needs no role.
func (c *DockerCommand) BeforeApply() error {
	c.CheckLater = true
	return nil
}

// Run implements the command. Clients read the reason of a failure from standard output.
func (c *DockerCommand) Run(ctx context.Context, t *terminal.Terminal) error {
	var text string
	var err error
	switch c.Action {
	case "get":
		text, err = c.get(ctx, t)
	case "list":
		text = "{}" // the names of the registries are only in the configuration of the client
	case "version":
		text = helperName + " (" + version.Text() + ")"
	default:
		err = fmt.Errorf("%s cannot %s credentials: it gets a password of ECR for each use, so docker login and docker logout are not needed", helperName, c.Action)
	}
	if err == nil {
		_, err = fmt.Fprintln(t.Out, text)
		return err
	}
	if _, err := fmt.Fprintln(t.Out, terminal.OneLine(flags.Error(err))); err != nil {
		return err
	}
	return exit.Silently(exit.No)
}

// get returns the answer for the registry that standard input names.
func (c *DockerCommand) get(ctx context.Context, t *terminal.Terminal) (string, error) {
	server, err := readServer(t.In)
	if err != nil {
		return "", err
	}
	_, err = ecr.New(aws.Config{Credentials: unused()}, server)
	if refused, ok := errors.AsType[*authtoken.OptionError](err); ok && refused.Option == "registry" {
		return "", errors.New(notFound)
	}
	if c.RoleARN == "" {
		return "", errors.New("no role is given: set AWS_ROLE_ARN in the environment of docker")
	}
	c.CheckLater = false
	if err := c.Validate(); err != nil {
		return "", err
	}
	cfg, err := c.Config(ctx, t)
	if err != nil {
		return "", err
	}
	tokens, err := ecr.New(cfg, server)
	if err != nil {
		return "", err
	}
	token, err := tokens.Token(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(struct{ ServerURL, Username, Secret string }{server, ecr.Username, token.Raw()}) //nolint:gosec // printing the password is the purpose
	return string(text), err
}

// readServer returns the name of the registry.
func readServer(in io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxServer+1))
	if err != nil {
		return "", err
	}
	server := strings.TrimSpace(string(text))
	switch {
	case len(text) > maxServer:
		return "", fmt.Errorf("the name of the registry has more than %d bytes", maxServer)
	case server == "":
		return "", errors.New(noServer)
	}
	return server, nil
}
