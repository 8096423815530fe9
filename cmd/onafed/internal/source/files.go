package source

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/internal/quote"
)

// File is a file with its name for messages, such as a flag. The path is empty for none.
type File struct{ Name, Path string }

// Inputs returns the files that the source of the flags reads.
func (f *Flags) Inputs(audience string) []File {
	if f.fromVariable {
		return []File{{TokenFileVariable, f.TokenFile}}
	}
	if f.Chosen() {
		return []File{{"--token-file", f.TokenFile}, {"--api-token-file", f.APITokenFile}}
	}
	file, _, err := f.pinned(audience, slog.New(slog.DiscardHandler))
	if err != nil { // without a source the command fails
		return nil
	}
	return []File{{"the token file", file}}
}

// LastingPath returns the absolute path of a file that other programs must be able to read later,
// or "" for none. Standard input and other files that this process has open are not such files,
// whatever they are: their paths name something else in another process.
func LastingPath(flag, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err == nil && (!info.Mode().IsRegular() || isOpenFile(abs)) {
		return "", exit.Unanswered(fmt.Errorf("%s: %s is not a regular file that other programs can read again later: name one", flag, quote.Path(path)))
	}
	return abs, nil
}

// isOpenFile reports whether a path names a file that this process has open.
func isOpenFile(abs string) bool {
	folder, name := filepath.Split(inFolder(abs))
	return folder == "/dev/" && name == "stdin" || folder == "/dev/fd/" || strings.HasPrefix(folder, "/proc/")
}

// CheckOutputs returns an error if a command would replace one of its inputs, or another output.
func CheckOutputs(outputs []File, inputs ...File) error {
	for i, out := range outputs {
		for _, other := range append(outputs[i+1:len(outputs):len(outputs)], inputs...) {
			if sameFile(out.Path, other.Path) {
				return fmt.Errorf("%s and %s are both %s: name two files", out.Name, other.Name, quote.Path(out.Path))
			}
		}
	}
	return nil
}

// sameFile reports whether out, which need not exist, is the file at path. A symbolic link at out
// itself is not followed: it is refused as an output.
func sameFile(out, path string) bool {
	if out == "" || path == "" {
		return false
	}
	if a, err := os.Lstat(out); err == nil {
		b, err := os.Stat(path)
		return err == nil && os.SameFile(a, b)
	}
	return inFolder(out) == inFolder(path)
}

// inFolder returns the absolute path of a file, with the links in its folder resolved.
func inFolder(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(abs))
	if err != nil {
		return abs
	}
	return filepath.Join(dir, filepath.Base(abs))
}
