package export

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"github.com/onafed/onafed/internal/quote"
)

// ErrLongTerm is wrapped by the error for a profile that holds long-term
// access keys, which are overwritten only with FileOptions.Overwrite.
var ErrLongTerm = errors.New("long-term access keys")

// ErrLocked is wrapped by the error for a file whose lock another process, or
// another goroutine of this one, did not give up in time.
var ErrLocked = errors.New("still locked")

// FileError tells why a file was left as it was. It never holds a value that
// stood in the file.
type FileError struct {
	// Path is the file.
	Path string
	// Line is the line that the reason is about, from 1; 0 for the whole file.
	Line int
	// Reason says what is wrong with it.
	Reason string
	// Next says what a person can do, empty when the reason says it already.
	Next string
	// Err is what lies under it: [ErrLongTerm], [ErrLocked], an error of the
	// operating system or the context; nil when it is about the text.
	Err error
}

// Error is one line: path, line, reason, next step.
func (e *FileError) Error() string {
	var b strings.Builder
	b.WriteString("export: ")
	b.WriteString(quote.Text(e.Path, 4096))
	if e.Line > 0 {
		b.WriteString(" line ")
		b.WriteString(strconv.Itoa(e.Line))
	}
	b.WriteString(": ")
	b.WriteString(e.Reason)
	if e.Err != nil {
		if e.Reason != "" {
			b.WriteString(": ")
		}
		b.WriteString(quote.Clean(e.Err.Error(), 4096)) // it may name a folder, and a name may hold anything
	}
	if e.Next != "" {
		b.WriteString("; ")
		b.WriteString(e.Next)
	}
	return b.String()
}

// failAt puts the path to an error of the operating system or a refusal.
func failAt(path string, err error) error {
	var fe *FileError
	if errors.As(err, &fe) {
		fe.Path = path
		return fe
	}
	var pe *fs.PathError
	if errors.As(err, &pe) && pe.Path == path {
		return &FileError{Path: path, Reason: pe.Op, Err: pe.Err}
	}
	return &FileError{Path: path, Err: err}
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }
