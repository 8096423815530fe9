// Command agent runs a coding agent with credentials for one task: a session policy limits the role
// to what the task needs, and the credentials end after a time.
//
//	go run ./examples/agent --role-arn arn:aws:iam::123456789012:role/dev --policy-file task.json -- agent --task 42
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/idp"
)

func main() {
	role := flag.String("role-arn", "", "the `role` to assume")
	file := flag.String("policy-file", "", "the `file` with the session policy of the task")
	name := flag.String("session-name", "agent", "the `name` of the session in CloudTrail")
	life := flag.Duration("duration", time.Hour, "how long the credentials are valid")
	flag.Parse()
	if err := start(context.Background(), *role, *file, *name, *life, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "agent:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context, role, file, name string, life time.Duration, command []string) error {
	if len(command) == 0 {
		return errors.New("give a command after --")
	}
	policy, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	src, err := idp.FromEnvironment(idp.AudienceAWS, nil)
	if err != nil {
		return err
	}
	keys, err := taskKeys(ctx, role, src, func(o *awsfed.LoadOptions) {
		o.Policy, o.SessionName, o.Duration = string(policy), name, life
	})
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the command is what the user asked for
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(withoutIdentity(os.Environ()), keys...)
	return cmd.Run()
}

// taskKeys returns the variables with the credentials of one session.
func taskKeys(ctx context.Context, role string, src idp.TokenSource, options func(*awsfed.LoadOptions)) ([]string, error) {
	cfg, err := awsfed.LoadConfig(ctx, role, src, options)
	if err != nil {
		return nil, err
	}
	c, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	return []string{
		"AWS_ACCESS_KEY_ID=" + c.AccessKeyID,
		"AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey,
		"AWS_SESSION_TOKEN=" + c.SessionToken,
	}, nil
}

// withoutIdentity removes the variables from which the agent could get another identity.
func withoutIdentity(env []string) (kept []string) {
	for _, variable := range env {
		name, _, _ := strings.Cut(variable, "=")
		region := name == "AWS_REGION" || name == "AWS_DEFAULT_REGION"
		if region || !strings.HasPrefix(name, "AWS_") && !strings.HasPrefix(name, "ONA_") && !strings.HasPrefix(name, "GITPOD_") && name != "ONAFED_TOKEN_FILE" {
			kept = append(kept, variable)
		}
	}
	return kept
}
