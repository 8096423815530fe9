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

// The provider of package awsfed is what this package is made for.
var _ export.CredentialsSource = (*awsfed.Provider)(nil)

// TestMain also plays the other processes of the tests that need some: the
// test binary is run again with childVariable set.
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

// children are the programs that the test binary can be.
func children() map[string]func(args []string) error {
	return map[string]func(args []string) error{
		"edit":  childEdit,
		"churn": childChurn,
		"hold":  childHold,
		"cache": childCache,
		"login": childLogin,
	}
}

// child is the test binary as another program.
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

// credentials are good for an hour; n tells them apart.
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
