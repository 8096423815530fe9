package export

import (
	"errors"
	"io/fs"
	"strconv"

	"github.com/onafed/onafed/internal/quote"
)

// ErrLongTerm is wrapped by the error for a profile that holds long-term access keys. They are
// replaced only with FileOptions.Overwrite.
var ErrLongTerm = errors.New("long-term access keys")

// ErrLocked is wrapped by the error for a file whose lock another process, or another goroutine of
// this process, did not release in time.
var ErrLocked = errors.New("still locked")

// FileError reports why a file was not read or not changed. It contains no value from the file.
type FileError struct {
	// Path is the file.
	Path string
	// Line is the line with the reason, from 1. It is 0 if the reason is about the whole file.
	Line int
	// Reason says what is wrong.
	Reason string
	// Next says what to do. It is empty if Reason is enough.
	Next string
	// Err is the cause: [ErrLongTerm], [ErrLocked], an error of the operating system or of the
	// context. It is nil if the reason is the text of the file.
	Err error
}

// refuse returns an error whose path is not known yet; see failAt.
func refuse(line int, reason, next string) *FileError {
	return &FileError{Line: line, Reason: reason, Next: next}
}

// failAt returns err as a FileError with the path.
func failAt(path string, err error) error {
	if fe, ok := errors.AsType[*FileError](err); ok {
		fe.Path = path
		return fe
	}
	if pe, ok := errors.AsType[*fs.PathError](err); ok && pe.Path == path {
		return &FileError{Path: path, Reason: pe.Op, Err: pe.Err}
	}
	return &FileError{Path: path, Err: err}
}

// Error returns one line: path, line, reason, next step.
func (e *FileError) Error() string {
	s := "export: " + quote.Path(e.Path)
	if e.Line > 0 {
		s += " line " + strconv.Itoa(e.Line)
	}
	s += ": " + e.Reason
	if e.Err != nil {
		if e.Reason != "" {
			s += ": "
		}
		s += quote.PathError(e.Err)
	}
	if e.Next != "" {
		s += "; " + e.Next
	}
	return s
}

// Unwrap returns Err.
func (e *FileError) Unwrap() error { return e.Err }
