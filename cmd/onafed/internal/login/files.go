package login

import (
	"os"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// files are the two shared files, and what they hold for a profile before the login.
type files struct {
	credentials, config     *export.File
	inCredentials, inConfig export.Profile
}

func (c *Command) openFiles() (f files, err error) {
	opts := &export.FileOptions{Overwrite: c.Overwrite, TrustedOwner: c.TrustedOwner}
	if f.credentials, err = export.NewCredentialsFile("", opts); err != nil {
		return f, err
	}
	f.config, err = export.NewConfigFile("", opts)
	return f, err
}

// inspect returns the files with what they hold for a profile.
func (f files) inspect(profile string) (files, error) {
	var err error
	if f.inCredentials, err = f.credentials.Inspect(profile); err != nil {
		return f, err
	}
	f.inConfig, err = f.config.Inspect(profile)
	return f, err
}

// at returns the path of a file for messages.
func at(f *export.File) string { return terminal.WithoutHome(f.Path()) }

// unsetProfile removes the variables that choose a profile. The SDK has no option to ignore them.
func unsetProfile() error {
	for _, name := range []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"} {
		if err := os.Unsetenv(name); err != nil {
			return err
		}
	}
	return nil
}
