package terminal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/textfile"
)

// maxInput is the largest input in bytes. An account with 5,000 roles, the most that AWS allows,
// makes about 30 MB.
const maxInput = 256 << 20

// ReadFile returns the text of a file, or of standard input for the path "-". A text of more than
// 256 MiB is an error, and so is UTF-16. Standard input can be read once.
func (t *Terminal) ReadFile(path string) (string, error) {
	in := t.In
	var b strings.Builder
	if path == "-" {
		if t.inputIsRead {
			return "", errors.New("two inputs cannot both be standard input: name a file for one of them")
		}
		t.inputIsRead = true
	} else {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() < maxInput {
			b.Grow(int(info.Size()))
		}
	}
	n, err := io.Copy(&b, io.LimitReader(in, maxInput+1))
	if err != nil {
		return "", err
	}
	if n > maxInput {
		return "", fmt.Errorf("%s is larger than %d MiB", quote.Path(path), maxInput>>20)
	}
	if err := textfile.CheckJSON(b.String()); err != nil {
		return "", fmt.Errorf("%s: %w", quote.Path(path), err)
	}
	return b.String(), nil
}
