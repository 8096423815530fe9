//go:build !windows

package export_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/onafed/onafed/awsfed/export"
)

// On Windows the path of the program begins with a drive.
func ExampleFile_WriteProcess() {
	dir, err := os.MkdirTemp("", "onafed")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer os.RemoveAll(dir)
	command, err := export.CommandLine("/usr/local/bin/onafed", "aws", "credential-process", "--role-arn", "arn:aws:iam::123456789012:role/deploy")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	f, err := export.NewConfigFile(filepath.Join(dir, "config"), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	if err := f.WriteProcess(context.Background(), "deploy", command); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	text, err := os.ReadFile(f.Path())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	fmt.Print(string(text))
	// Output:
	// [profile deploy]
	// credential_process = /usr/local/bin/onafed aws credential-process --role-arn arn:aws:iam::123456789012:role/deploy
}
