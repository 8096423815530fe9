package role

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/onafed/onafed/cmd/onafed/internal/exit"
	"github.com/onafed/onafed/cmd/onafed/internal/source"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/textfile"
)

// maxPolicyFile is the largest policy file in bytes. STS accepts 2,048 characters, and white space
// around the parts of a policy is removed before.
const maxPolicyFile = 64 << 10

// Policy returns the session policy in the file of the flags, "" if there is no file, and reads the
// files of the chain. It reads each file once, so that all uses have the same policy, and because a
// pipe such as <(...) of a shell has its text only once. The library checks the policies.
func (f *Flags) Policy() (string, error) {
	read := f.policy == "" && f.PolicyFile != ""
	if read {
		var err error
		if f.policy, err = ReadPolicy(f.PolicyFile); err != nil {
			return "", exit.Unanswered(fmt.Errorf("--policy-file: %w", err))
		}
	}
	chain := slices.Clone(f.NextRole)
	for i := range chain {
		next := &chain[i]
		if next.PolicyFile == "" || next.Policy != "" {
			continue
		}
		var err error
		if next.Policy, err = ReadPolicy(next.PolicyFile); err != nil {
			return "", exit.Unanswered(fmt.Errorf("--next-role: policy-file: %w", err))
		}
		read = true
	}
	old := f.NextRole
	f.NextRole = chain
	if !read {
		return f.policy, nil
	}
	if err := f.check(); err != nil {
		f.policy, f.NextRole = "", old
		return "", exit.Unanswered(err)
	}
	return f.policy, nil
}

// Inputs returns the files that a command with the flags reads.
func (f *Flags) Inputs() []source.File {
	files := append(f.Flags.Inputs(f.TokenAudience()), source.File{Name: "--policy-file", Path: f.PolicyFile})
	for _, next := range f.NextRole {
		files = append(files, source.File{Name: "--next-role: policy-file", Path: next.PolicyFile})
	}
	return files
}

// ReadPolicy returns the policy in a file, without white space around its parts. Text that is not
// JSON is returned as it is: the library refuses it.
func ReadPolicy(path string) (string, error) {
	if path == "-" {
		return "", errors.New("a session policy is not read from standard input: name a file")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxPolicyFile+1))
	if err != nil {
		return "", err
	}
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return "", fmt.Errorf("%s is empty: without a policy, the credentials would have all permissions of the role", quote.Path(path))
	case len(text) > maxPolicyFile:
		return "", fmt.Errorf("%s has more than %d bytes; AWS STS accepts a policy of 2,048 characters", quote.Path(path), maxPolicyFile)
	}
	if err := textfile.CheckJSON(string(text)); err != nil {
		return "", fmt.Errorf("%s: %w", quote.Path(path), err)
	}
	var compact bytes.Buffer
	if json.Compact(&compact, text) != nil {
		return string(text), nil
	}
	return compact.String(), nil
}
