package export

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// maxFileSize is more than ten thousand profiles with session tokens.
const maxFileSize = 16 << 20

// FileOptions are the options of [NewCredentialsFile] and [NewConfigFile]. Nil
// means all defaults.
type FileOptions struct {
	// LockTimeout is how long to wait for other processes and goroutines that
	// edit the same file. Zero or less means 10 seconds.
	LockTimeout time.Duration
	// Overwrite lets an edit replace what a person may have put there: the
	// long-term access keys of the profile, the credential_process of another
	// program, and other credential settings that the SDKs would prefer to what
	// is written.
	Overwrite bool
}

// File edits one of the two files that AWS's SDKs and command line share. The
// zero value is not usable; make one with [NewCredentialsFile] or
// [NewConfigFile]. It is safe for concurrent use, in one process and in many.
//
// An edit changes the lines of its own keys in one section. Every other byte
// stays: comments, order, blank lines, CRLF, nested blocks, a missing final
// newline. The file is read as aws-sdk-go-v2 and botocore (the AWS CLI) both
// read it. What they read differently - a duplicate section or key, a line
// without "=", a byte order mark, an inline comment in the section to be
// edited - is refused with a [*FileError] that names the line, and the file is
// left untouched.
//
// An edit is safe against other writers and against being killed: it takes a
// lock (a file beside it, released by the operating system when its holder
// dies), reads the file again under it, writes a temporary file with mode
// 0600 in the same folder, flushes it to disk and renames it. Other tools
// do not know the lock; they see the old file or the new one, never a part.
//
// The folder is created with mode 0700, and one named ".aws" is set to it.
// The new file has the mode 0600 whatever the old one had; access control
// lists and extended attributes are not carried over, and a hard link of the
// file keeps the old text. A file that belongs to another user, that is no
// regular file, or that is or would become larger than 16 MiB is refused. A
// symbolic link of the user's is followed only where nobody else can write: its
// folder and the folder it leads to belong to the user or to root.
//
// A profile's name has 1 to 256 characters of printable ASCII, none of which is
// a blank, a bracket, a quote, a backslash, "#" or ";", and is not DEFAULT: what
// is beyond that, SDKs read differently.
type File struct {
	path   string
	format format
	opts   FileOptions
	real   place // of path itself, when it is no link
	locks  locks
}

// NewCredentialsFile is the shared credentials file at path. An empty path is
// what AWS_SHARED_CREDENTIALS_FILE names, else ~/.aws/credentials. It need not
// exist. A variable with "~" at its beginning or a "$" is an error: botocore
// expands it and the Go SDK does not.
func NewCredentialsFile(path string, opts *FileOptions) (*File, error) {
	return newFile(path, "AWS_SHARED_CREDENTIALS_FILE", "credentials", credentialsFormat, opts)
}

// NewConfigFile is the shared config file at path. An empty path is what
// AWS_CONFIG_FILE names, else ~/.aws/config, as for [NewCredentialsFile].
func NewConfigFile(path string, opts *FileOptions) (*File, error) {
	return newFile(path, "AWS_CONFIG_FILE", "config", configFormat, opts)
}

func newFile(path, variable, name string, form format, opts *FileOptions) (*File, error) {
	if path == "" {
		path = os.Getenv(variable)
		if strings.HasPrefix(path, "~") || strings.Contains(path, "$") {
			return nil, &FileError{Path: path, Reason: variable + " has a \"~\" or \"$\", which botocore expands and the Go SDK does not", Next: "set it to the whole path"}
		}
	}
	if path == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, &FileError{Path: name, Reason: "no home folder to find it in", Err: err, Next: "set HOME or " + variable}
		}
		path = filepath.Join(home, ".aws", name)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, &FileError{Path: path, Reason: "it is relative to a folder that cannot be found", Err: err}
	}
	f := &File{path: abs, format: form, real: placeOf(abs)}
	if opts != nil {
		f.opts = *opts
	}
	if f.opts.LockTimeout <= 0 {
		f.opts.LockTimeout = 10 * time.Second
	}
	return f, nil
}

// Path is the file's absolute path.
func (f *File) Path() string { return f.path }

// Lookup returns the value of a key of a profile, as all SDKs read it; upper and
// lower case of the key are the same. A missing file, profile or key is no error,
// and the null device is an empty file. It takes no lock: a file is replaced as
// a whole.
func (f *File) Lookup(profile, key string) (value string, ok bool, err error) {
	s, err := f.readProfile(profile)
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

func (f *File) readProfile(profile string) (*scanner, error) {
	if reason := checkProfile(profile); reason != "" {
		return nil, &FileError{Path: f.path, Reason: reason}
	}
	text, _, err := readText(f.path, false)
	if err != nil {
		return nil, failAt(f.path, err)
	}
	s := &scanner{format: f.format, profile: profile}
	if p := s.scan(text); p != nil {
		return nil, p.at(f.path)
	}
	return s, nil
}

// Edit sets keys of one profile, or removes those whose value is empty. The
// section is appended when the file has none. Errors are [*FileError].
//
// Edit knows nothing of what the keys mean; see [File.WriteCredentials] and
// [File.WriteProcess] for those that must be changed together.
func (f *File) Edit(ctx context.Context, profile string, settings ...Setting) error {
	return f.edit(ctx, profile, settings, nil)
}

// edit is Edit; decide, if not nil, looks at the section under the lock and
// may refuse or return other settings.
func (f *File) edit(ctx context.Context, profile string, settings []Setting, decide func(*scanner) ([]Setting, *FileError)) error {
	if reason := checkProfile(profile); reason != "" {
		return &FileError{Path: f.path, Reason: reason}
	}
	if reason := checkSettings(settings); reason != "" {
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
	replaced := false
	defer func() {
		if !replaced {
			_ = os.Remove(at.temp) // of a killed writer; a change replaces it
		}
		lock.release()
	}()

	text, info, err := readText(at.path, true)
	if err != nil {
		return failAt(f.path, err)
	}
	s := &scanner{format: f.format, profile: profile}
	if p := s.scan(text); p != nil {
		return p.at(f.path)
	}
	for i := range s.entries {
		if e := &s.entries[i]; e.differs != "" {
			return &FileError{Path: f.path, Line: e.line, Reason: e.differs, Next: "remove the quotes, or put the comment on a line of its own"}
		}
	}
	if decide != nil {
		var refused *FileError
		if settings, refused = decide(s); refused != nil {
			refused.Path = f.path
			return refused
		}
	}
	head, was, tail := text[:s.start], text[s.start:s.end], text[s.end:]
	section := s.rewrite(text, settings)
	if section == was && (info == nil || !isLoose(info)) { // a loose mode is mended even when the text is right
		return nil
	}
	if len(head)+len(section)+len(tail) > maxFileSize {
		return &FileError{Path: f.path, Reason: "the change would make it larger than 16 MiB", Next: "remove profiles that nobody uses"}
	}
	if p := s.verify(head, section, settings); p != nil {
		return p.at(f.path)
	}
	if err := replaceFile(ctx, at, filePerm{mode: 0o600}, head, section, tail); err != nil {
		return failAt(f.path, err)
	}
	replaced = true
	return nil
}

// resolve finds where to write, following links that are ours, and makes the
// folder.
func (f *File) resolve() (place, error) {
	info, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.real, makeFolder(f.real.dir)
	}
	if err != nil {
		return place{}, err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		if err := checkReplaceable(f.path); err != nil {
			return place{}, err
		}
		return f.real, tightenFolder(f.real.dir)
	}
	path, err := followLinks(f.path)
	if err != nil {
		return place{}, err
	}
	return placeOf(path), checkReplaceable(path)
}

// readText reads a whole file and tells what it is, "" and nil for one that does
// not exist, "" for the null device. For a writer it refuses what it could not
// put back: another user's file, a device.
func readText(path string, write bool) (text string, info fs.FileInfo, err error) {
	flag := os.O_RDONLY
	if write {
		flag |= openNoFollow
	}
	file, err := os.OpenFile(path, flag|openNonblock, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	defer file.Close()
	info, err = file.Stat()
	switch {
	case err != nil:
		return "", nil, err
	case !write && isNull(info):
		return "", info, nil
	case !info.Mode().IsRegular():
		return "", nil, &FileError{Reason: notRegular}
	case info.Size() > maxFileSize:
		return "", nil, &FileError{Reason: "larger than 16 MiB"}
	case write && !isOwn(info):
		return "", nil, &FileError{Reason: "the file belongs to another user", Next: "run as that user, or name another file"}
	}
	var buf strings.Builder
	buf.Grow(int(info.Size()))
	n, err := io.Copy(&buf, io.LimitReader(file, info.Size()+1)) // one more: then the file grew
	switch {
	case err != nil:
		return "", nil, err
	case n > info.Size():
		return "", nil, &FileError{Reason: "the file changed while it was read", Next: "try again"}
	}
	return buf.String(), info, nil
}

const notRegular = "not a regular file"

// checkReplaceable refuses what a new file must not take the place of, before a
// lock is made beside it: /dev is no place for one.
func checkReplaceable(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &FileError{Reason: notRegular, Next: "name another file"}
	}
	return nil
}

// isNull tells the null device, which people name for "no file".
func isNull(info fs.FileInfo) bool {
	if info.Mode()&fs.ModeDevice == 0 {
		return false
	}
	null, err := os.Stat(os.DevNull)
	return err == nil && os.SameFile(info, null)
}
