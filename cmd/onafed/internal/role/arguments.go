package role

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"

	"github.com/onafed/onafed/internal/quote"
)

// Arguments returns the arguments that choose the same role, session and token source, for a setting
// with which another program runs this one. See [source.Flags.Arguments].
func (f *Flags) Arguments(log *slog.Logger) (args []string, variable string, err error) {
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	add("--role-arn", f.RoleARN)
	add("--audience", f.Audience)
	add("--role-session-name", f.RoleSessionName)
	if f.DurationSeconds != 0 {
		add("--duration-seconds", strconv.Itoa(f.DurationSeconds))
	}
	add("--region", f.Region)
	for _, arn := range f.PolicyARNs {
		add("--policy-arn", arn)
	}
	if f.PolicyFile != "" {
		path, err := policyPath(f.PolicyFile)
		if err != nil {
			return nil, "", err
		}
		add("--policy-file", path)
	}
	chosen, variable, err := f.Flags.Arguments(f.TokenAudience(), log)
	return append(args, chosen...), variable, err
}

// policyPath returns the absolute path of a policy file, which must still exist when the setting is
// used.
func policyPath(path string) (string, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", fmt.Errorf("--policy-file: %s is not a regular file, so other programs could not read the policy again later", quote.Path(path))
	}
	return filepath.Abs(path)
}
