package login

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// writeProcess is --mode process. It writes a credential_process line that runs this program, and
// then uses the profile as an SDK does.
func (c *Command) writeProcess(ctx context.Context, t *terminal.Terminal) (result, error) {
	command, variable, err := c.commandLine(t)
	if err != nil {
		return result{}, err
	}
	// Before a file is changed, check the settings that need --overwrite, the role and the token
	// source.
	f, err := c.files()
	if err != nil {
		return result{}, err
	}
	if f.inCredentials.Keys == export.LongTermKeys && !c.Overwrite {
		return result{}, fmt.Errorf("profile %+q in %s has %w, which SDKs prefer to credential_process: choose another --profile, or remove the keys with --overwrite",
			c.Profile, at(f.credentials), export.ErrLongTerm)
	}
	// Keys are removed from the credentials file, and other sources in it stay.
	if f.inCredentials.Ambiguous != nil && (len(f.inCredentials.Sources) > 0 || f.inCredentials.Process != "") {
		return result{}, f.inCredentials.Ambiguous
	}
	p, err := c.provider(ctx, t)
	if err != nil {
		return result{}, err
	}
	if _, err := p.Credentials(ctx); err != nil {
		return result{}, err
	}
	if err := c.replaceSource(ctx, t, f, command); err != nil {
		return result{}, err
	}
	credentials, identity, err := c.useProfile(ctx)
	if err != nil {
		return result{}, fmt.Errorf("profile %+q was written to %s, but an SDK that reads it gets no credentials: %w", c.Profile, at(f.config), err)
	}
	if want := p.Status().AssumedRoleARN; !sameRole(identity, want) {
		return result{}, fmt.Errorf("profile %+q was written to %s, but an SDK that reads it is %s, not %s: the SDK prefers another setting of the profile",
			c.Profile, at(f.config), identity, want)
	}
	if variable != "" {
		t.Say("the profile reads %s: only programs that have it get credentials", variable)
	}
	return c.result(f.config, identity, credentials), nil
}

// replaceSource writes the line, and then removes the keys of the profile. If the config file
// refuses the line, the keys are still there.
func (c *Command) replaceSource(ctx context.Context, t *terminal.Terminal, f files, command string) error {
	if err := f.config.WriteProcess(ctx, c.Profile, command); err != nil {
		return err
	}
	removed := slices.Clone(f.inConfig.Sources)
	if f.inConfig.Keys != export.NoKeys {
		removed = slices.Insert(removed, 0, string(f.inConfig.Keys)+" keys")
	}
	if len(removed) > 0 {
		t.Say("removed from profile %+q in %s, because SDKs would prefer it to credential_process: %s", c.Profile, at(f.config), strings.Join(removed, ", "))
	}
	if old := f.inConfig.Process; old != "" && old != command {
		t.Say("replaced the credential_process of profile %+q in %s", c.Profile, at(f.config))
	}
	removedKeys, err := f.credentials.RemoveCredentials(ctx, c.Profile)
	if err != nil {
		return fmt.Errorf("profile %+q was written to %s, but its keys in the credentials file, which SDKs prefer, could not be removed: %w", c.Profile, at(f.config), err)
	}
	if removedKeys {
		t.Say("removed the %s keys of profile %+q from %s, because SDKs would prefer them to credential_process",
			f.inCredentials.Keys, c.Profile, at(f.credentials))
	}
	return nil
}

// useProfile loads the profile as a program does that uses the SDK without this library, and asks
// STS for its identity. STS answers that to every caller.
func (c *Command) useProfile(ctx context.Context) (aws.Credentials, string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(c.Profile))
	if err != nil {
		return aws.Credentials{}, "", err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, "", err
	}
	identity, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if c.Region != "" || o.Region == "" {
			o.Region = c.STSRegion()
		}
	}).GetCallerIdentity(ctx, nil)
	if err != nil {
		return aws.Credentials{}, "", err
	}
	return credentials, aws.ToString(identity.Arn), nil
}

// sameRole reports whether two sessions have the same role. Their names may differ: without
// --role-session-name each token has a name of its own.
func sameRole(a, b string) bool {
	role := func(session string) string { return session[:max(strings.LastIndexByte(session, '/'), 0)] }
	return role(a) == role(b) && role(a) != ""
}
