package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Keys of the shared files that this package knows.
const (
	keyAccessKeyID  = "aws_access_key_id"
	keySecret       = "aws_secret_access_key"
	keySessionToken = "aws_session_token"
	keyOldToken     = "aws_security_token" // botocore reads it before aws_session_token
	keyAccount      = "aws_account_id"
	keyExpires      = "x_security_token_expires"
	keyProcess      = "credential_process"
)

// staleKeys are written by other tools beside keys that are now replaced. They
// would tell the wrong principal or the wrong end.
func staleKeys() [4]string {
	return [...]string{"x_principal_arn", "aws_expiration", "aws_session_expiration", "expiration"}
}

// WriteCredentials writes temporary credentials to a profile: the three keys,
// and when they expire as x_security_token_expires (RFC 3339, UTC), which other
// tools write and read too. Keys of earlier credentials that would spoil them
// go: aws_security_token, other tools' expiry keys, x_principal_arn, and an
// aws_account_id that is not this one's.
//
// A profile with long-term keys is refused with [ErrLongTerm] unless
// FileOptions.Overwrite is set. So are settings of the section for which an SDK
// would pass over the keys, or refuse the profile (role_arn and what goes with
// it, web identity, SSO accounts and roles; in the config file credential_process
// and a login session too): the error names the line, and with Overwrite they are
// removed. Those that the other file has for the profile are not looked at.
//
// SDKs read these keys once when a program starts and never refresh them;
// prefer [File.WriteProcess] where it can be used.
func (f *File) WriteCredentials(ctx context.Context, profile string, c aws.Credentials) error {
	if err := checkCredentials(c, time.Now()); err != nil {
		return &FileError{Path: f.path, Reason: "credentials refused", Err: err}
	}
	return f.edit(ctx, profile, nil, func(s *scanner) ([]Setting, *FileError) {
		if e := longTerm(s); e != nil && !f.opts.Overwrite {
			return nil, refuseLongTerm(profile, e)
		}
		stale := staleKeys()
		settings := make([]Setting, 0, 6+len(stale))
		settings, refused := f.removeWinners(settings, s, f.beatsKeys, "these keys")
		if refused != nil {
			return nil, refused
		}
		settings = append(settings,
			Setting{keyAccessKeyID, c.AccessKeyID},
			Setting{keySecret, c.SecretAccessKey},
			Setting{keySessionToken, c.SessionToken},
			Setting{keyExpires, timestamp(c.Expires)},
			Setting{Key: keyOldToken},
		)
		if s.has(keyAccount) {
			settings = append(settings, Setting{keyAccount, c.AccountID})
		}
		for _, key := range stale {
			settings = append(settings, Setting{Key: key})
		}
		return settings, nil
	})
}

// RemoveCredentials removes the temporary keys of a profile, and what
// [File.WriteCredentials] writes with them, and tells whether there were any.
// They would win over a credential_process of the same profile. Long-term keys
// are refused with [ErrLongTerm] unless FileOptions.Overwrite is set.
func (f *File) RemoveCredentials(ctx context.Context, profile string) (removed bool, err error) {
	if info, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) || err == nil && isNull(info) {
		return false, nil // and nothing is made
	}
	err = f.edit(ctx, profile, nil, func(s *scanner) ([]Setting, *FileError) {
		if e := longTerm(s); e != nil && !f.opts.Overwrite {
			return nil, refuseLongTerm(profile, e)
		}
		settings := removals()
		removed = s.changes(settings)
		return settings, nil
	})
	return removed && err == nil, err
}

// removals takes every key of static credentials out of a section.
func removals() []Setting {
	settings := []Setting{
		{Key: keyAccessKeyID},
		{Key: keySecret},
		{Key: keySessionToken},
		{Key: keyOldToken},
		{Key: keyAccount},
		{Key: keyExpires},
	}
	for _, key := range staleKeys() {
		settings = append(settings, Setting{Key: key})
	}
	return settings
}

// WriteProcess writes credential_process = command to a profile of the config
// file, so that every SDK runs the command whenever it needs credentials. Make
// the command with [CommandLine].
//
// The SDKs prefer other settings of the same profile to credential_process.
// Those (static keys, role_arn, web identity, SSO, login session) are refused
// with the line they stand on, and removed with FileOptions.Overwrite;
// temporary keys are removed in any case. A credential_process of another
// program than the command's, by the name of its file, is refused likewise.
// Keys in the credentials file win too: see [File.RemoveCredentials].
func (f *File) WriteProcess(ctx context.Context, profile, command string) error {
	if f.format != configFormat {
		return &FileError{Path: f.path, Reason: "credential_process is a setting of the config file", Next: "use NewConfigFile"}
	}
	if command == "" {
		return &FileError{Path: f.path, Reason: "the command is empty"}
	}
	if reason := checkValue(command); reason != "" {
		return &FileError{Path: f.path, Reason: "the command " + reason, Next: "make it with CommandLine"}
	}
	return f.edit(ctx, profile, nil, func(s *scanner) ([]Setting, *FileError) {
		settings := append(removals(), Setting{keyProcess, command})
		if e := s.entry(keyProcess); e != nil && !f.opts.Overwrite && e.value != "" && programOf(e.value) != programOf(command) {
			return nil, &FileError{
				Line:   e.line,
				Reason: "profile " + quoted(profile) + " has a credential_process of another program",
				Next:   "choose another profile, or allow to overwrite it",
			}
		}
		if e := longTerm(s); e != nil && !f.opts.Overwrite {
			return nil, refuseLongTerm(profile, e)
		}
		return f.removeWinners(settings, s, beatsProcess, "credential_process")
	})
}

// removeWinners adds to settings the removal of those in the section that SDKs
// prefer to what is written. Unless it may overwrite, the first is refused.
func (f *File) removeWinners(settings []Setting, s *scanner, wins func(key string) bool, written string) ([]Setting, *FileError) {
	for i := range s.entries {
		e := &s.entries[i]
		if e.cont || !wins(e.key) {
			continue
		}
		if !f.opts.Overwrite {
			return nil, &FileError{
				Line:   e.line,
				Reason: "profile " + quoted(s.profile) + " has " + e.key + ", which SDKs prefer to " + written,
				Next:   "choose another profile, remove the setting, or allow to overwrite it",
			}
		}
		settings = append(settings, Setting{Key: e.key})
	}
	return settings, nil
}

// beatsKeys tells the settings for which the Go SDK or botocore would pass over
// the static keys beside them, or refuse the profile. Both go on from the keys to
// role_arn; botocore looks at web identity and SSO (by these two settings) before
// the keys of either file, and at the login session and the process before those
// of the config file.
func (f *File) beatsKeys(key string) bool {
	switch key {
	case "role_arn", "source_profile", "credential_source", "web_identity_token_file", "sso_account_id", "sso_role_name":
		return true
	case "login_session", keyProcess:
		return f.format == configFormat
	}
	return false
}

// beatsProcess tells the settings of another source of credentials.
func beatsProcess(key string) bool {
	switch key {
	case "role_arn", "source_profile", "credential_source", "web_identity_token_file", "login_session",
		"sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region":
		return true
	}
	return false
}

// longTerm returns the line of the section's long-term key, nil if it has none.
func longTerm(s *scanner) *entry {
	if kind, e := keysOf(s); kind == LongTermKeys {
		return e
	}
	return nil
}

func refuseLongTerm(profile string, e *entry) *FileError {
	return &FileError{
		Line:   e.line,
		Reason: "profile " + quoted(profile) + " holds keys that would be lost",
		Next:   "choose another profile, or allow to overwrite it",
		Err:    ErrLongTerm,
	}
}
