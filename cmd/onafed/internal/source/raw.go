package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// maxTokenFile is more bytes than the file of a token or an API token can have.
const maxTokenFile = claims.MaxTokenSize + 1024

// commandTimeout bounds the second run of a token command.
const commandTimeout = 30 * time.Second

// Raw returns the text of the token that a flag names, and whether a flag names one. The token may
// have expired. A token source never returns an expired token, but it is often the one that a
// person wants to decode.
func (f *Flags) Raw(ctx context.Context) (raw string, found bool, err error) {
	var text []byte
	switch {
	case f.TokenFile != "":
		text, err = ReadFile(f.TokenFile)
	case f.TokenEnv != "":
		if text = []byte(os.Getenv(f.TokenEnv)); len(text) == 0 {
			err = fmt.Errorf("the environment variable %+q is not set", f.TokenEnv)
		}
	case f.TokenCommand != "":
		text, err = f.output(ctx)
	default:
		return "", false, nil
	}
	return string(bytes.TrimSpace(text)), true, err
}

// RawName returns the flag that [Flags.Raw] uses, with its value unless it is a command, which may
// contain a secret.
func (f *Flags) RawName() string {
	switch {
	case f.TokenFile != "":
		return "--token-file " + quote.Path(f.TokenFile)
	case f.TokenEnv != "":
		return "--token-env " + f.TokenEnv
	}
	return "--token-command"
}

// output returns the output of --token-command. The token source runs it first, because the source
// has the error messages for commands. Only for an expired token it runs again, for the text.
func (f *Flags) output(ctx context.Context) ([]byte, error) {
	words, err := f.Words()
	if err != nil {
		return nil, err
	}
	token, err := idp.Exec(words[0], words[1:]...).Token(ctx)
	if err == nil {
		return []byte(token.Raw()), nil
	}
	if !errors.Is(err, claims.ErrExpired) {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	return exec.CommandContext(ctx, words[0], words[1:]...).Output() //nolint:gosec // the flag exists to run the user's command
}

// ReadFile reads the file of a token. It reads a little more than a token can have, so that the
// beginning of a longer file is not taken for a token.
func ReadFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxTokenFile))
	if err == nil && len(text) == maxTokenFile {
		return nil, fmt.Errorf("%s has more than %d bytes, the most that an ID token has", quote.Path(path), claims.MaxTokenSize)
	}
	return text, err
}
