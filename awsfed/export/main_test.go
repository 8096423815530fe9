package export_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"go.uber.org/goleak"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/export"
)

// Package export is made for the provider of package awsfed.
var _ export.CredentialsSource = (*awsfed.Provider)(nil)

// TestMain also runs as the other processes of tests: they start the test binary with childVariable
// set.
func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		if err := children()[name](os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const childVariable = "ONAFED_EXPORT_TEST_CHILD"

// children returns the programs that the test binary can run as.
func children() map[string]func(args []string) error {
	return map[string]func(args []string) error{
		"edit":    childEdit,
		"churn":   childChurn,
		"hold":    childHold,
		"cache":   childCache,
		"login":   childLogin,
		"secret":  childSecret,
		"token":   childToken,
		"unnamed": childUnnamed,
	}
}

// child returns the command that runs the test binary as another program.
func child(ctx context.Context, tb testing.TB, name string, args ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	return cmd
}

// credentials returns credentials that are valid for an hour and differ by n.
func credentials(n int) aws.Credentials {
	return aws.Credentials{
		AccessKeyID:     fmt.Sprintf("ASIATESTONAFED%06d", n),
		SecretAccessKey: fmt.Sprintf("%040d", n),
		SessionToken:    fmt.Sprintf("FwoGZXIvYXdzE%080d//+=", n),
		Source:          "test",
		CanExpire:       true,
		Expires:         time.Now().Add(time.Hour),
		AccountID:       "123456789012",
	}
}
