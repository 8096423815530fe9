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
// is not a regular file, or that is or would become larger than 16 MiB is refused. A symbolic link
// is followed only if it is the user's own and nobody else can write on the way: its folder and the
// folder that it leads to belong to the user or to root.
//
// The name of a profile has 1 to 256 printable ASCII characters and is not DEFAULT. Blanks,
// brackets, quotes, backslashes, "#" and ";" are refused, because SDKs read them differently.
type File struct {
	path   string
	format format
	opts   FileOptions
	direct target // of path itself, if it is not a link
	locks  locks
}

// NewCredentialsFile returns the shared credentials file at path. If path is empty, it is the one
// that AWS_SHARED_CREDENTIALS_FILE names, else ~/.aws/credentials. The file need not exist. A
// variable that begins with "~" or contains a "$" is an error: botocore expands it and the Go SDK
// does not.
func NewCredentialsFile(path string, opts *FileOptions) (*File, error) {
	return newFile(path, "AWS_SHARED_CREDENTIALS_FILE", "credentials", credentialsFormat, opts)
}

// NewConfigFile returns the shared config file at path. If path is empty, it is the one that
// AWS_CONFIG_FILE names, else ~/.aws/config; see [NewCredentialsFile].
func NewConfigFile(path string, opts *FileOptions) (*File, error) {
	return newFile(path, "AWS_CONFIG_FILE", "config", configFormat, opts)
}

// newFile returns the file at path, else the one that the variable names, else the one with the
// name in ~/.aws. That is the order of the SDKs.
func newFile(path, variable, name string, form format, opts *FileOptions) (*File, error) {
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
	f := &File{path: abs, format: form, direct: targetAt(abs)}
	if opts != nil {
		f.opts = *opts
	}
	if f.opts.LockTimeout <= 0 {
		f.opts.LockTimeout = 10 * time.Second
	}
	return f, nil
}

func absolute(path string) (string, error) {
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
	text, _, err := readText(f.path, false)
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
// the file has none. Errors are [*FileError].
//
// Edit does not know what the keys mean. [File.WriteCredentials] and [File.WriteProcess] change the
// keys that belong together.
func (f *File) Edit(ctx context.Context, profile string, settings ...Setting) error {
	pairs := make([]pair, len(settings))
	for i, s := range settings {
		pairs[i] = s.pair()
	}
	if reason := checkSettings(pairs); reason != "" {
		return &FileError{Path: f.path, Reason: reason}
	}
	return f.edit(ctx, profile, func(*section) ([]pair, *FileError) { return pairs, nil })
}

// edit changes a profile under the lock. decide is called with the profile's section and returns
// the settings to write, or refuses.
func (f *File) edit(ctx context.Context, profile string, decide func(*section) ([]pair, *FileError)) error {
	if reason := checkProfile(profile); reason != "" {
		return &FileError{Path: f.path, Reason: reason}
	}
	at, err := f.resolve()
	if err != nil {
		return failAt(f.path, err)
	}
	lock, err := f.locks.take(ctx, at.lock, f.opts.LockTimeout)
	if err != nil {
		return failAt(f.path, err)
	}
	defer lock.release()
	if err := f.editLocked(ctx, at, profile, decide); err != nil {
		return failAt(f.path, err)
	}
	return nil
}

// editLocked reads the file again, because another writer may have replaced it before the lock was
// taken.
func (f *File) editLocked(ctx context.Context, at target, profile string, decide func(*section) ([]pair, *FileError)) error {
	replaced := false
	defer func() {
		if !replaced {
			at.removeTemp()
		}
	}()
	text, info, err := readText(at.path, true)
	if err != nil {
		return err
	}
	s, refused := scan(text, f.format, profile)
	if refused != nil {
		return refused
	}
	for i := range s.entries {
		if e := &s.entries[i]; e.differs != "" {
			return refuse(e.line, e.differs, "remove the quotes, or move the comment to a line of its own")
		}
	}
	settings, refused := decide(s)
	if refused != nil {
		return refused
	}
	head, old, tail := text[:s.start], text[s.start:s.end], text[s.end:]
	rewritten := s.rewrite(text, settings)
	if rewritten == old && (info == nil || !isLoose(info)) { // a loose mode is corrected even if the text stays
		return nil
	}
	if len(head)+len(rewritten)+len(tail) > maxFileSize {
		return refuse(0, "the change would make it larger than 16 MiB", "remove unused profiles")
	}
	if refused := s.verify(head, rewritten, settings); refused != nil {
		return refused
	}
	err = replaceFile(ctx, at, filePerm{mode: 0o600}, head, rewritten, tail)
	replaced = err == nil
	return err
}

// resolve returns the file to replace, after following links, and makes the folder.
func (f *File) resolve() (target, error) {
	info, err := os.Lstat(f.path)
	switch {
	case os.IsNotExist(err):
		return f.direct, makeFolder(f.direct.dir)
	case err != nil:
		return target{}, err
	case info.Mode()&os.ModeSymlink == 0:
		if err := checkRegular(info); err != nil {
			return target{}, err
		}
		return f.direct, tightenFolder(f.direct.dir)
	}
	path, err := followLinks(f.path)
	if err != nil {
		return target{}, err
	}
	return targetAt(path), checkReplaceable(path)
}
