// Package source has the flags that choose where the ID token comes from.
package source

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
)

// TokenFileVariable is the variable with the path of a token file. It is for this program: SDKs do
// not read it, so it does not replace the profile of a login as AWS_WEB_IDENTITY_TOKEN_FILE does.
const TokenFileVariable = "ONAFED_TOKEN_FILE"

// Flags choose the token source. At most one of the first five is set. Without any of them it is
// the file in [TokenFileVariable]. If that is not set either, the source is searched in the
// environment, in the order that idp.FromEnvironment documents.
type Flags struct {
	TokenFile    string `help:"Read the ID token from this file, again for each use. Default: the file in ONAFED_TOKEN_FILE, if no other source is given." placeholder:"FILE" group:"Where the ID token comes from" xor:"token"`
	TokenEnv     string `help:"Read the ID token from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token"`
	TokenCommand string `help:"Run this command and read the ID token from its output. It is split at spaces; no shell runs it." placeholder:"COMMAND" group:"Where the ID token comes from" xor:"token"`

	APITokenFile string `help:"Read the bearer token of the Ona API from this file." placeholder:"FILE" group:"Where the ID token comes from" xor:"token"`
	APITokenEnv  string `help:"Read the bearer token of the Ona API from this environment variable." placeholder:"NAME" group:"Where the ID token comes from" xor:"token"`
	APIURL       string `name:"api-url" help:"The address of the Ona API. Default: the one that belongs to the API token, or ${api}." placeholder:"URL" group:"Where the ID token comes from"`
	AllowExec    bool   `help:"As a last resort, get the token from the ona or gitpod command." group:"Where the ID token comes from"`

	fromVariable bool // TokenFile is from TokenFileVariable
}

// OwnerFlag is the flag of the commands that write files with secrets.
type OwnerFlag struct {
	TrustedOwner string `help:"Accept the folders, links and files of this user (a name or number) like your own. NFS and user namespaces can need this." placeholder:"USER"`
}

// CheckOwner returns an error if there is no such user. The error is an *export.OptionError.
func (f *OwnerFlag) CheckOwner() error {
	if f.TrustedOwner == "" { // saves time in credential-process
		return nil
	}
	_, err := export.NewConfigFile(os.DevNull, &export.FileOptions{TrustedOwner: f.TrustedOwner})
	return err
}

// AfterApply is called by kong after it set the flags. It applies [TokenFileVariable].
func (f *Flags) AfterApply() error {
	if !f.Chosen() {
		f.TokenFile = os.Getenv(TokenFileVariable)
		f.fromVariable = f.TokenFile != ""
	}
	return nil
}

// variableFile is the file in [TokenFileVariable]. Its name has the variable, for the error about a
// file that the user did not name in the command.
type variableFile struct{ idp.TokenSource }

// Source returns the name of the source for messages.
func (s variableFile) Source() string { return Name(s.TokenSource) + " of " + TokenFileVariable }

// Check returns an error if the flags are wrong. It reads no file and sends nothing.
func (f *Flags) Check() error {
	for _, v := range []struct{ flag, name string }{{"token-env", f.TokenEnv}, {"api-token-env", f.APITokenEnv}} {
		if strings.ContainsFunc(v.name, func(r rune) bool {
			return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
		}) {
			// The value may be the token itself, so the message does not repeat it.
			return fmt.Errorf("--%s takes the name of a variable, which consists of letters, digits and _, and not its value", v.flag)
		}
	}
	if f.TokenCommand != "" {
		if _, err := f.Words(); err != nil {
			return err
		}
	}
	if f.APIURL != "" {
		_, err := idp.NewClient(&idp.ClientOptions{Bearer: idp.BearerEnv(""), BaseURL: f.APIURL})
		return err
	}
	return nil
}

// Chosen reports whether a flag names the source.
func (f *Flags) Chosen() bool {
	return f.TokenFile+f.TokenEnv+f.TokenCommand+f.APITokenFile+f.APITokenEnv != ""
}

// Source returns the token source that the flags choose, for one audience.
func (f *Flags) Source(audience string, log *slog.Logger) (idp.TokenSource, error) {
	switch {
	case f.fromVariable:
		return variableFile{idp.File(f.TokenFile)}, nil
	case f.TokenFile != "":
		return idp.File(f.TokenFile), nil
	case f.TokenEnv != "":
		return idp.Env(f.TokenEnv), nil
	case f.TokenCommand != "":
		words, err := f.Words()
		if err != nil {
			return nil, err
		}
		return idp.Exec(words[0], words[1:]...), nil
	case f.APITokenFile != "" || f.APITokenEnv != "":
		client, err := f.Client(log)
		if err != nil {
			return nil, err
		}
		return client.Source(audience), nil
	}
	return idp.FromEnvironment(audience, &idp.EnvironmentOptions{BaseURL: f.APIURL, AllowExec: f.AllowExec, Logger: log})
}

// Client returns a client of the Ona API with the bearer token of the flags, or else of the Ona
// environment in which this program runs.
func (f *Flags) Client(log *slog.Logger) (*idp.Client, error) {
	opts := &idp.ClientOptions{BaseURL: f.APIURL, Logger: log}
	switch {
	case f.APITokenFile != "":
		opts.Bearer = idp.BearerFile(f.APITokenFile)
	case f.APITokenEnv != "":
		opts.Bearer = idp.BearerEnv(f.APITokenEnv)
	default:
		if _, err := os.Stat(idp.DefaultSecretsFile); err != nil || !filepath.IsAbs(idp.DefaultSecretsFile) { // on Windows the path would be relative to the current drive
			return nil, errors.New("only the Ona API issues such a token, and this is not an Ona environment: use --api-token-file or --api-token-env")
		}
		opts.Bearer = idp.BearerFile(idp.DefaultSecretsFile)
	}
	return idp.NewClient(opts)
}

// Words returns the words of --token-command. A relative path to the program becomes absolute, so
// that the command works in every folder from which an SDK runs it.
func (f *Flags) Words() ([]string, error) {
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

// Name returns the name of a source for messages.
func Name(src idp.TokenSource) string {
	if s, ok := src.(interface{ Source() string }); ok {
		return s.Source()
	}
	return fmt.Sprintf("%T", src)
}
