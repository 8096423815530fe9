package role

import (
	"log/slog"
	"strconv"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
)

// Arguments returns the arguments that choose the same role, session and token source, for a setting
// with which another program runs this one. See [source.Flags.Arguments].
func (f *Flags) Arguments(log *slog.Logger) (args []string, variable string, err error) {
	if args, err = f.RoleArguments(); err != nil {
		return nil, "", err
	}
	chosen, variable, err := f.Flags.Arguments(f.TokenAudience(), log)
	return append(args, chosen...), variable, err
}

// RoleArguments returns the arguments that choose the same role and session. Paths are absolute.
func (f *Flags) RoleArguments() (args []string, err error) {
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
	policy, err := source.LastingPath("--policy-file", f.PolicyFile)
	if err != nil {
		return nil, err
	}
	add("--policy-file", policy)
	for _, next := range f.NextRole {
		if next.PolicyFile, err = source.LastingPath("--next-role: policy-file", next.PolicyFile); err != nil {
			return nil, err
		}
		argument, err := next.Argument()
		if err != nil {
			return nil, err
		}
		add("--next-role", argument)
	}
	return args, nil
}
