package login

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/idp"
)

// login is the login of one profile: its flags, and the results of its steps.
type login struct {
	Command

	region            string // a setting to write to the profile, or ""
	files             files
	command, variable string // --mode process
	provider          *awsfed.Provider
	credentials       aws.Credentials
	identity          string   // the ARN of the session
	notes             []string // what the login replaced
}

// prepare checks everything that needs no request: the files and the settings that need
// --overwrite, and the line of --mode process.
func (l *login) prepare(t *terminal.Terminal, f files) (err error) {
	if l.Mode == "process" {
		if l.command, l.variable, err = l.commandLine(t); err != nil {
			return err
		}
	}
	if l.files, err = f.inspect(l.Profile); err != nil {
		return err
	}
	if l.Mode == "process" {
		err = l.checkProcess()
	} else {
		err = l.checkKeys()
	}
	if err != nil || l.region == "" {
		return err
	}
	old, _, err := l.files.config.Lookup(l.Profile, "region")
	if err == nil && old != "" && old != l.region {
		l.note("replaced the region of profile %+q in %s", l.Profile, at(l.files.config))
	}
	return err
}

func (l *login) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// checkKeys is the check of --mode file.
func (l *login) checkKeys() error {
	f := l.files
	if len(f.inConfig.Sources) > 0 {
		settings := strings.Join(f.inConfig.Sources, ", ")
		if !l.Overwrite {
			return fmt.Errorf("profile %+q in %s has %s, which the AWS CLI or an SDK prefers to keys: choose another --profile, or remove these settings with --overwrite",
				l.Profile, at(f.config), settings)
		}
		l.note("removed from profile %+q in %s, because SDKs would prefer it to the keys: %s", l.Profile, at(f.config), settings)
	}
	if f.inCredentials.Keys == export.LongTermKeys {
		l.notes = append([]string{fmt.Sprintf("replaced the long-term keys of profile %+q in %s", l.Profile, at(f.credentials))}, l.notes...)
	}
	return nil
}

// checkProcess is the check of --mode process.
func (l *login) checkProcess() error {
	f := l.files
	if f.inCredentials.Keys == export.LongTermKeys && !l.Overwrite {
		return fmt.Errorf("profile %+q in %s has %w, which SDKs prefer to credential_process: choose another --profile, or remove the keys with --overwrite",
			l.Profile, at(f.credentials), export.ErrLongTerm)
	}
	// Keys are removed from the credentials file, and other sources in it stay.
	if f.inCredentials.Ambiguous != nil && (len(f.inCredentials.Sources) > 0 || f.inCredentials.Process != "") {
		return f.inCredentials.Ambiguous
	}
	removed := slices.Clone(f.inConfig.Sources)
	if f.inConfig.Keys != export.NoKeys {
		removed = slices.Insert(removed, 0, string(f.inConfig.Keys)+" keys")
	}
	if len(removed) > 0 {
		l.note("removed from profile %+q in %s, because SDKs would prefer it to credential_process: %s", l.Profile, at(f.config), strings.Join(removed, ", "))
	}
	if old := f.inConfig.Process; old != "" && old != l.command {
		l.note("replaced the credential_process of profile %+q in %s", l.Profile, at(f.config))
	}
	if f.inCredentials.Keys != export.NoKeys {
		l.note("removed the %s keys of profile %+q from %s, because SDKs would prefer them to credential_process",
			f.inCredentials.Keys, l.Profile, at(f.credentials))
	}
	return nil
}

// load makes the provider of the role. AWS_PROFILE can name one of the profiles that this login is
// about to write. That must not prevent the login.
func (l *login) load(ctx context.Context, t *terminal.Terminal, src idp.TokenSource, profiles []string) error {
	_, p, err := l.Load(ctx, src, l.OneShotLogger(t))
	missing, isMissing := errors.AsType[config.SharedConfigProfileNotExistError](err)
	if isMissing && slices.Contains(profiles, missing.Profile) {
		if err := unsetProfile(); err != nil {
			return err
		}
		_, p, err = l.Load(ctx, src, l.OneShotLogger(t))
	}
	l.provider = p
	return err
}

// assume gets the credentials of the role.
func (l *login) assume(ctx context.Context) (err error) {
	if l.credentials, err = l.provider.Credentials(ctx); err == nil {
		l.identity = l.provider.Status().AssumedRoleARN
	}
	return err
}

// add adds the changes of the files to a batch.
func (l *login) add(b *export.Batch) {
	var settings []export.Setting
	if l.Mode == "process" {
		b.WriteProcess(l.files.config, l.Profile, l.command)
		b.RemoveCredentials(l.files.credentials, l.Profile)
	} else {
		b.WriteCredentials(l.files.credentials, l.Profile, l.credentials)
		for _, key := range l.files.inConfig.Sources { // SDKs prefer these settings to keys
			settings = append(settings, export.Setting{Key: key})
		}
	}
	if l.region != "" {
		settings = append(settings, export.Set("region", l.region))
	}
	if len(settings) > 0 {
		b.Edit(l.files.config, l.Profile, settings...)
	}
}

// check uses a profile of --mode process as an SDK does.
func (l *login) check(ctx context.Context) error {
	if l.Mode != "process" {
		return nil
	}
	credentials, identity, err := UseProfile(ctx, l.Profile, &l.Flags)
	if err != nil {
		return fmt.Errorf("profile %+q was written to %s, but an SDK that reads it gets no credentials: %w", l.Profile, at(l.files.config), err)
	}
	if !sameRole(identity, l.identity) {
		return fmt.Errorf("profile %+q was written to %s, but an SDK that reads it has the identity %s, not %s: it prefers another setting of the profile",
			l.Profile, at(l.files.config), identity, l.identity)
	}
	l.credentials, l.identity = credentials, identity
	return nil
}

// UseProfile loads a profile as a program does that uses the SDK without this library, and asks STS
// for its identity, which needs no permission. f chooses the region of STS.
func UseProfile(ctx context.Context, profile string, f *role.Flags) (aws.Credentials, string, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return aws.Credentials{}, "", err
	}
	credentials, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return aws.Credentials{}, "", err
	}
	identity, err := sts.NewFromConfig(cfg, func(o *sts.Options) {
		if f.Region != "" || o.Region == "" {
			o.Region = f.STSRegion()
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
