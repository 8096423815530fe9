package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Keys of the shared files.
const (
	keyAccessKeyID  = "aws_access_key_id"
	keySecret       = "aws_secret_access_key"
	keySessionToken = "aws_session_token"
	keyOldToken     = "aws_security_token" // botocore reads it before aws_session_token
	keyAccount      = "aws_account_id"
	keyExpires      = "x_security_token_expires"
	keyProcess      = "credential_process"
)

// staticKeys returns the settings for static credentials. It also removes keys that this package or
// another tool wrote with earlier credentials, and that would show the wrong principal or
// expiration. Zero credentials give settings that remove everything.
func staticKeys(c aws.Credentials) []pair {
	expires := ""
	if !c.Expires.IsZero() {
		expires = timestamp(c.Expires)
	}
	return []pair{
		{keyAccessKeyID, c.AccessKeyID},
		{keySecret, c.SecretAccessKey},
		{keySessionToken, c.SessionToken},
		{keyExpires, expires},
		{keyAccount, c.AccountID},
		{key: keyOldToken},
		{key: "x_principal_arn"},
		{key: "aws_expiration"},
		{key: "aws_session_expiration"},
		{key: "expiration"},
	}
}

// WriteCredentials writes temporary credentials to a profile: the three keys, and their expiration
// as x_security_token_expires (RFC 3339, UTC), which other tools write and read too. It removes
// keys of earlier credentials that no longer fit: aws_security_token, other tools' expiration keys,
// x_principal_arn, and the aws_account_id of another account.
//
// A profile with long-term keys is refused with [ErrLongTerm] unless FileOptions.Overwrite is set.
// The same applies to a setting of the section that makes an SDK ignore the keys or refuse the
// profile: role_arn and the settings that belong to it, web identity, SSO accounts and roles; in
// the config file also credential_process and a login session. The error names the line; with
// Overwrite the setting is removed. Settings of the profile in the other file are not checked.
//
// SDKs read these keys once, when a program starts, and never refresh them. Prefer
// [File.WriteProcess] where it can be used.
func (f *File) WriteCredentials(ctx context.Context, profile string, c aws.Credentials) error {
	ch, err := f.credentials(profile, c)
	if err != nil {
		return err
	}
	return commit(ctx, fileEdit{file: f, changes: []change{ch}})
}

// credentials returns the change of [File.WriteCredentials].
func (f *File) credentials(profile string, c aws.Credentials) (change, error) {
	if err := checkCredentials(c, time.Now()); err != nil {
		return change{}, &FileError{Path: f.path, Reason: "credentials refused", Err: err}
	}
	return f.change(profile, func(s *section) ([]pair, *FileError) {
		if err := f.keepLongTerm(s); err != nil {
			return nil, err
		}
		kept := c
		if s.entry(keyAccount) == nil {
			kept.AccountID = "" // only an existing setting is kept correct
		}
		return f.removePreferred(staticKeys(kept), s, f.preferredToKeys, "these keys")
	})
}

// RemoveCredentials removes the temporary keys of a profile and the settings that
// [File.WriteCredentials] writes with them, and reports whether there were any. SDKs prefer such
// keys to a credential_process of the same profile. Long-term keys are refused with [ErrLongTerm]
// unless FileOptions.Overwrite is set.
func (f *File) RemoveCredentials(ctx context.Context, profile string) (removed bool, err error) {
	if f.isMissing() {
		return false, nil // without creating the folder
	}
	c, err := f.removal(profile, &removed)
	if err == nil {
		err = commit(ctx, fileEdit{file: f, changes: []change{c}})
	}
	return removed && err == nil, err
}

// isMissing reports whether there is no file, or the null device.
func (f *File) isMissing() bool {
	info, err := os.Stat(f.path)
	return errors.Is(err, fs.ErrNotExist) || err == nil && isNull(info)
}

// removal returns the change of [File.RemoveCredentials]. It sets removed.
func (f *File) removal(profile string, removed *bool) (change, error) {
	return f.change(profile, func(s *section) ([]pair, *FileError) {
		if err := f.keepLongTerm(s); err != nil {
			return nil, err
		}
		settings := staticKeys(aws.Credentials{})
		*removed = s.differs(settings)
		return settings, nil
	})
}

// keepLongTerm refuses a section with long-term keys, unless they may be overwritten.
func (f *File) keepLongTerm(s *section) *FileError {
	kind, e := keysOf(s)
	if kind != LongTermKeys || f.opts.Overwrite {
		return nil
	}
	return &FileError{
		Line:   e.line,
		Reason: "profile " + quoted(s.profile) + " contains keys that would be lost",
		Next:   "choose another profile, or allow overwriting",
		Err:    ErrLongTerm,
	}
}

// removePreferred adds settings that remove the old settings that SDKs prefer to the new ones.
// Without Overwrite it returns an error for the first of these.
func (f *File) removePreferred(settings []pair, s *section, isPreferred func(key string) bool, written string) ([]pair, *FileError) {
	for i := range s.entries {
		e := &s.entries[i]
		if e.nested || !isPreferred(e.key) {
			continue
		}
		if !f.opts.Overwrite {
			return nil, refuse(e.line, "profile "+quoted(s.profile)+" has "+e.key+", which SDKs prefer to "+written,
				"choose another profile, remove the setting, or allow overwriting")
		}
		settings = append(settings, pair{key: e.key})
	}
	return settings, nil
}

// preferredToKeys reports whether the setting makes the Go SDK or botocore ignore the static keys
// beside it, or refuse the profile. Both continue from the keys to role_arn. botocore uses web
// identity and SSO (if these two settings exist) before the keys of either file, and the login
// session and the process before the keys of the config file.
func (f *File) preferredToKeys(key string) bool {
	switch key {
	case "role_arn", "source_profile", "credential_source", "web_identity_token_file", "sso_account_id", "sso_role_name":
		return true
	case "login_session", keyProcess:
		return f.format == configFormat
	}
	return false
}

// isOtherSource reports whether the setting belongs to a source of credentials other than static
// keys and credential_process. SDKs prefer each of them to credential_process.
func isOtherSource(key string) bool {
	switch key {
	case "role_arn", "source_profile", "credential_source", "web_identity_token_file", "login_session",
		"sso_session", "sso_start_url", "sso_account_id", "sso_role_name", "sso_region":
		return true
	}
	return false
}
