package export

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FileOptions are the options of [NewCredentialsFile] and [NewConfigFile]. Nil means the defaults.
type FileOptions struct {
	// LockTimeout is how long to wait for other processes and goroutines that edit the same file.
	// Zero or less means 10 seconds.
	LockTimeout time.Duration
	// Overwrite allows an edit to replace settings that a person may have written: the long-term
	// access keys of the profile, a credential_process that runs another program, and other
	// credential settings that SDKs prefer to the new ones.
	Overwrite bool
	// TrustedOwner is the name or number of a user whose folders, links and files are accepted like
	// the user's own, such as 65534 for what a server of NFS or a user namespace shows as nobody's.
	// That user can then choose and read the file that is written. Empty means no such user. It has
	// no effect on Windows.
	TrustedOwner string
}

// File edits one of the two files that AWS SDKs and the AWS CLI share. Make one with
// [NewCredentialsFile] or [NewConfigFile]; the zero value is not usable. A File is safe for
// concurrent use, in one process and in many.
//
// An edit changes the lines of its own keys in one section. Every other byte stays as it is:
// comments, order, blank lines, CRLF, nested blocks, a missing final newline. The file is read as
// both aws-sdk-go-v2 and botocore (the AWS CLI) read it. A text that they read differently is
// refused with a [*FileError] that names the line, and the file stays untouched. Examples are a
// repeated section or key, a line without "=", a byte order mark, and an inline comment in the
// section to edit.
//
// An edit is safe against other writers and against being killed. It takes a lock (a file beside
// the edited one; the operating system releases it when its holder dies), reads the file again,
// writes a temporary file with mode 0600 in the same folder, flushes it to disk and renames it.
// Other tools do not know the lock; they see the old file or the new one, never a part.
//
// The folder is created with mode 0700, and a folder named ".aws" is set to that mode. The new file
// has mode 0600 whatever the old one had. Access control lists and extended attributes are not
// copied, and a hard link to the file keeps the old text. A file that belongs to another user, that
// is not a regular file, or that is or would become larger than 16 MiB is refused.
//
// Each folder and symbolic link in the path of the file must belong to the user or to root (or to
// TrustedOwner). If everybody can write in a folder of the path, it must have the sticky bit, as
// /tmp has, or the next folder must belong to the user. Folders in which a group can write are
// accepted. [File.SharedFolders] returns the accepted folders in which other users can write. A
// link to the file or to its folder is followed only if no other user can write in the folder that
// contains the link and in the folder that it leads to. The path is resolved once. The file is then
// replaced through the opened folder, which must be readable. On Windows owners and modes are not
// checked.
//
// The name of a profile has 1 to 256 printable ASCII characters and is not DEFAULT. Blanks,
// brackets, quotes, backslashes, "#" and ";" are refused, because SDKs read them differently.
type File struct {
	path   string
	format format
	opts   FileOptions
	owners owners
	locks  locks
}

// NewCredentialsFile returns the shared credentials file at path. If path is empty, it is the one
// that AWS_SHARED_CREDENTIALS_FILE names, else ~/.aws/credentials. The file need not exist. A
// variable that begins with "~" or contains a "$" is an error: botocore expands it and the Go SDK
// does not. A path that begins with "~/" is an error, too.
func NewCredentialsFile(path string, opts *FileOptions) (*File, error) {
	return newFile("NewCredentialsFile", path, "AWS_SHARED_CREDENTIALS_FILE", "credentials", credentialsFormat, opts)
}

// NewConfigFile returns the shared config file at path. If path is empty, it is the one that
// AWS_CONFIG_FILE names, else ~/.aws/config; see [NewCredentialsFile].
func NewConfigFile(path string, opts *FileOptions) (*File, error) {
	return newFile("NewConfigFile", path, "AWS_CONFIG_FILE", "config", configFormat, opts)
}

// newFile returns the file at path, else the one that the variable names, else the one with the
// name in ~/.aws. That is the order of the SDKs.
func newFile(function, path, variable, name string, form format, opts *FileOptions) (*File, error) {
	if path == "" {
		path = os.Getenv(variable)
		if strings.HasPrefix(path, "~") || strings.Contains(path, "$") {
			return nil, &FileError{Path: path, Reason: variable + " contains \"~\" or \"$\", which botocore expands and the Go SDK does not", Next: "set it to the full path"}
		}
	}
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, &FileError{Path: name, Reason: "there is no home folder", Err: err, Next: "set HOME or " + variable}
		}
		path = filepath.Join(home, ".aws", name)
	}
	abs, err := absolute(path)
	if err != nil {
		return nil, err
	}
	f := &File{path: abs, format: form}
	if opts != nil {
		f.opts = *opts
	}
	if f.opts.LockTimeout <= 0 {
		f.opts.LockTimeout = 10 * time.Second
	}
	f.owners, err = newOwners(function, f.opts.TrustedOwner)
	return f, err
}

// absolute returns the absolute path. It refuses an empty path, and "~", which only shells expand:
// a flag such as --file=~/x reaches a program unchanged.
func absolute(path string) (string, error) {
	if path == "" {
		return "", &FileError{Path: path, Reason: "the path is empty", Next: "name a file"}
	}
	if first, _, _ := strings.Cut(filepath.ToSlash(path), "/"); first == "~" {
		return "", &FileError{Path: path, Reason: "only shells replace \"~\" by the home folder", Next: "write the full path"}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", &FileError{Path: path, Reason: "the path is relative and the current folder is unknown", Err: err}
	}
	return abs, nil
}

// Path returns the file's absolute path.
func (f *File) Path() string { return f.path }

// Lookup returns the value of a profile's key if all SDKs read the same value. The letter case of
// the key does not matter. A missing file, profile or key is not an error, and the null device is
// an empty file. Lookup takes no lock, because a file is replaced as a whole.
func (f *File) Lookup(profile, key string) (value string, ok bool, err error) {
	s, err := f.read(profile)
	if err != nil {
		return "", false, err
	}
	e := s.entry(strings.ToLower(key))
	if e == nil {
		return "", false, nil
	}
	if reason := e.ambiguity(); reason != "" {
		return "", false, &FileError{Path: f.path, Line: e.line, Reason: reason}
	}
	return e.value, true, nil
}

// read returns the profile's section of the current file.
func (f *File) read(profile string) (*section, error) {
	if reason := checkProfile(profile); reason != "" {
		return nil, &FileError{Path: f.path, Reason: reason}
	}
	text, err := readText(f.path)
	if err != nil {
		return nil, failAt(f.path, err)
	}
	s, refused := scan(text, f.format, profile)
	if refused != nil {
		return nil, failAt(f.path, refused)
	}
	return s, nil
}

// Edit sets keys of one profile, and removes those whose value is empty. The section is appended if
// the file has none. A line of the section that stays must be read the same by all SDKs. Errors are
// [*FileError].
//
// Edit does not know what the keys mean. [File.WriteCredentials] and [File.WriteProcess] change the
// keys that belong together.
func (f *File) Edit(ctx context.Context, profile string, settings ...Setting) error {
	c, err := f.settings(profile, settings)
	if err != nil {
		return err
	}
	return commit(ctx, fileEdit{file: f, changes: []change{c}})
}

// settings returns the change of [File.Edit].
func (f *File) settings(profile string, settings []Setting) (change, error) {
	pairs := make([]pair, len(settings))
	for i, s := range settings {
		pairs[i] = s.pair()
	}
	if reason := checkSettings(pairs); reason != "" {
		return change{}, &FileError{Path: f.path, Reason: reason}
	}
	return f.change(profile, func(*section) ([]pair, *FileError) { return pairs, nil })
}

// A change is what an edit does to one profile. decide is called with the profile's section and
// returns the settings to write, or refuses. It may be called several times.
type change struct {
	profile string
	decide  func(*section) ([]pair, *FileError)
}

// change returns a change of a profile of the file.
func (f *File) change(profile string, decide func(*section) ([]pair, *FileError)) (change, error) {
	if reason := checkProfile(profile); reason != "" {
		return change{}, &FileError{Path: f.path, Reason: reason}
	}
	return change{profile, decide}, nil
}
