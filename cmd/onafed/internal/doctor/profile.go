package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/cmd/onafed/internal/flags"
	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
	"github.com/onafed/onafed/internal/quote"
)

const (
	credentialsFile = "credentials file"
	configFile      = "config file"

	processLogin = "onafed idp login aws --mode process makes SDKs get new ones themselves"
)

// credentialsFile checks the file with keys.
func (e *examination) credentialsFile() {
	if file, profile, ok := e.sharedFile(credentialsFile, export.NewCredentialsFile); ok {
		e.keys(credentialsFile, file, profile)
	}
}

// configFile checks the file with settings.
func (e *examination) configFile() {
	file, profile, ok := e.sharedFile(configFile, export.NewConfigFile)
	if !ok {
		return
	}
	e.keys(configFile, file, profile)
	if len(profile.Sources) > 0 {
		e.problem(configFile, fmt.Sprintf("profile %+q has %s: the AWS CLI or an SDK uses that, not the profile that onafed idp login aws writes", e.command.Profile, strings.Join(profile.Sources, ", ")),
			"use another profile with --profile, or remove the settings with onafed idp login aws --overwrite")
	}
}

// keys reports the keys of the profile in a file.
func (e *examination) keys(name string, file *export.File, p export.Profile) {
	if p.Keys == export.NoKeys {
		return
	}
	profile, path := e.command.Profile, terminal.WithoutHome(file.Path())
	switch {
	case e.hasProcess():
		e.problem(name, fmt.Sprintf("SDKs prefer the keys of profile %+q to its credential_process", profile), "onafed idp login aws --mode process removes temporary keys; remove long-term keys yourself from "+path)
	case p.Keys == export.LongTermKeys:
		e.problem(name, fmt.Sprintf("profile %+q has long-term keys: SDKs use them, not the role", profile), "remove them from "+path+", or use another profile with --profile")
	case !p.Expires.IsZero() && time.Now().After(p.Expires):
		e.problem(name, fmt.Sprintf("the keys of profile %+q expired at %s", profile, p.Expires.UTC().Format(time.RFC3339)), processLogin)
	default:
		e.note(name, "the keys of profile %+q are not refreshed: %s", profile, processLogin)
	}
}

// hasProcess reports whether the profile has a credential_process.
func (e *examination) hasProcess() bool {
	file, err := export.NewConfigFile("", e.fileOptions())
	if err != nil {
		return false
	}
	p, err := file.Inspect(e.command.Profile)
	return err == nil && p.Process != "" && p.Ambiguous == nil
}

// sharedFile checks that SDKs can read a file and other users cannot. It returns the file and the
// profile in it, and reports whether the file could be read.
func (e *examination) sharedFile(name string, open func(string, *export.FileOptions) (*export.File, error)) (*export.File, export.Profile, bool) {
	file, err := open("", e.fileOptions())
	if err != nil {
		e.problem(name, flags.Error(err), "correct the flag, or set HOME, or AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE")
		return nil, export.Profile{}, false
	}
	e.sharedFolders(name, file)
	path := terminal.WithoutHome(file.Path())
	info, err := os.Stat(file.Path())
	switch {
	case os.IsNotExist(err):
		e.note(name, "%s does not exist", path)
		return nil, export.Profile{}, false
	case err != nil:
		e.problem(name, err.Error(), "make it readable for this user")
		return nil, export.Profile{}, false
	case path == os.DevNull:
		e.note(name, "%s means that SDKs read no such file", path)
		return nil, export.Profile{}, false
	}
	profile, err := file.Inspect(e.command.Profile)
	if err == nil && profile.Ambiguous != nil {
		err = profile.Ambiguous
	}
	if err != nil {
		e.problem(name, err.Error(), fileFix(err, path))
		return nil, export.Profile{}, false
	}
	secret := name == credentialsFile || profile.Keys != export.NoKeys
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 && secret {
		e.problem(name, fmt.Sprintf("other users can read %s (mode %04o)", path, mode), "chmod 600 "+path)
	} else {
		e.ok(name, "all SDKs read %s in the same way", path)
	}
	return file, profile, true
}

func (e *examination) fileOptions() *export.FileOptions {
	return &export.FileOptions{TrustedOwner: e.command.TrustedOwner}
}

// sharedFolders warns of folders in the path of a file in which other users can write.
func (e *examination) sharedFolders(name string, file *export.File) {
	folders, err := file.SharedFolders()
	if err != nil {
		e.problem(name, "onafed does not write it: "+err.Error(), "remove the links and folders of other users from the path, or accept their owner with --trusted-owner")
		return
	}
	for _, f := range folders {
		if f.Everybody {
			e.note(name, "every user can replace it, because everybody can write in %s: chmod o-w or chmod +t the folder", quote.Path(f.Path))
		} else {
			e.note(name, "a group can replace it, because it can write in %s: chmod g-w the folder if you do not trust the group", quote.Path(f.Path))
		}
	}
}

// fileFix returns the fix for a file that cannot be read.
func fileFix(err error, path string) string {
	refused, ok := errors.AsType[*export.FileError](err)
	switch {
	case ok && refused.Line > 0:
		return "correct the line: SDKs read it in different ways, or refuse the whole file"
	case errors.Is(err, fs.ErrPermission):
		return "make it readable for this user: chmod u+r " + path + ", as its owner"
	}
	return "make " + path + " a regular file of this user that SDKs can read, or use another profile with --profile"
}
