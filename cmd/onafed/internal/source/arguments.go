package source

import (
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/quote"
)

// Arguments returns the arguments that choose the same source in any folder, for a setting with
// which another program runs this one. They contain no secret. If the source reads a variable, which
// the other program must have then, it is returned too.
//
// A token file that AWS_WEB_IDENTITY_TOKEN_FILE names becomes an argument. SDKs prefer the variable
// to a profile, so it must be unset before they use the setting.
func (f *Flags) Arguments(audience string, log *slog.Logger) (args []string, variable string, err error) {
	file, variable, err := f.pinned(audience, log)
	if err != nil {
		return nil, "", err
	}
	add := func(flag, value string) {
		if value != "" {
			args = append(args, flag, value)
		}
	}
	for _, path := range []struct{ flag, path string }{{"--token-file", file}, {"--api-token-file", f.APITokenFile}} {
		abs, err := LastingPath(path.flag, path.path)
		if err != nil {
			return nil, "", err
		}
		add(path.flag, abs)
	}
	add("--token-env", f.TokenEnv)
	if f.TokenCommand != "" {
		words, err := f.Words()
		if err != nil {
			return nil, "", err
		}
		if len(strings.Fields(words[0])) != 1 {
			return nil, "", fmt.Errorf("--token-command: %s has a space, at which onafed would split it: use a path without spaces, or put the program on PATH", quote.Path(words[0]))
		}
		add("--token-command", strings.Join(words, " "))
	}
	add("--api-token-env", f.APITokenEnv)
	add("--api-url", f.APIURL)
	if f.AllowExec {
		args = append(args, "--allow-exec")
	}
	return args, variable, nil
}

// pinned returns the token file that the flags or AWS_WEB_IDENTITY_TOKEN_FILE name, and the first
// variable with a secret that the source reads.
func (f *Flags) pinned(audience string, log *slog.Logger) (file, variable string, err error) {
	if f.Chosen() {
		return f.TokenFile, f.TokenEnv + f.APITokenEnv, nil
	}
	src, err := f.Source(audience, log)
	if err != nil {
		return "", "", err
	}
	name := Name(src)
	chosen, _, _ := strings.Cut(name, " ")
	for _, v := range idp.EnvironmentVariables() {
		switch {
		case v.Name != chosen:
		case v.File:
			return strings.TrimSpace(os.Getenv(chosen)), "", nil // as the source reads it
		case v.Secret:
			return "", name, nil
		}
	}
	return "", "", nil
}
