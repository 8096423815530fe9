package login

import (
	"context"
	"fmt"
	"strings"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// files are the two shared files, and what they hold for the profile before the login.
type files struct {
	credentials, config     *export.File
	inCredentials, inConfig export.Profile
}

func (c *Command) files() (f files, err error) {
	opts := &export.FileOptions{Overwrite: c.Overwrite, TrustedOwner: c.TrustedOwner}
	if f.credentials, err = export.NewCredentialsFile("", opts); err != nil {
		return f, err
	}
	if f.config, err = export.NewConfigFile("", opts); err != nil {
		return f, err
	}
	if f.inCredentials, err = f.credentials.Inspect(c.Profile); err != nil {
		return f, err
	}
	f.inConfig, err = f.config.Inspect(c.Profile)
	return f, err
}

// at returns the path of a file for messages.
func at(f *export.File) string { return terminal.WithoutHome(f.Path()) }

// writeKeys is --mode file.
func (c *Command) writeKeys(ctx context.Context, t *terminal.Terminal) (result, error) {
	f, err := c.files()
	if err != nil {
		return result{}, err
	}
	if len(f.inConfig.Sources) > 0 && !c.Overwrite {
		return result{}, fmt.Errorf("profile %+q in %s has %s, which the AWS CLI or an SDK prefers to keys: choose another --profile, or remove these settings with --overwrite",
			c.Profile, at(f.config), strings.Join(f.inConfig.Sources, ", "))
	}
	p, err := c.provider(ctx, t)
	if err != nil {
		return result{}, err
	}
	credentials, err := p.Credentials(ctx)
	if err != nil {
		return result{}, err
	}
	if err := f.credentials.WriteCredentials(ctx, c.Profile, credentials); err != nil {
		return result{}, err
	}
	if f.inCredentials.Keys == export.LongTermKeys {
		t.Say("replaced the long-term keys of profile %+q in %s", c.Profile, at(f.credentials))
	}
	if err := c.removeSources(ctx, t, f); err != nil {
		return result{}, err
	}
	return c.result(f.credentials, p.Status().AssumedRoleARN, credentials), nil
}

// removeSources removes the settings that SDKs prefer to keys from the config file.
func (c *Command) removeSources(ctx context.Context, t *terminal.Terminal, f files) error {
	if len(f.inConfig.Sources) == 0 {
		return nil
	}
	settings := make([]export.Setting, len(f.inConfig.Sources))
	for i, key := range f.inConfig.Sources {
		settings[i].Key = key
	}
	if err := f.config.Edit(ctx, c.Profile, settings...); err != nil {
		return fmt.Errorf("the keys of profile %+q were written to %s, but the settings that SDKs prefer to them could not be removed: %w", c.Profile, at(f.credentials), err)
	}
	t.Say("removed from profile %+q in %s, because SDKs would prefer it to the keys: %s", c.Profile, at(f.config), strings.Join(f.inConfig.Sources, ", "))
	return nil
}
