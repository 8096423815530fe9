package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// variable is an environment variable for other programs.
type variable struct{ name, value string }

// endpointVariables are what clients of the container endpoint need.
func endpointVariables(addr net.Addr, tokenFile string) []variable {
	return []variable{
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", fmt.Sprintf("http://%s/credentials", addr)},
		{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", tokenFile},
	}
}

// lines are the variables as a shell, a unit's EnvironmentFile and a compose env_file read them.
func lines(vars []variable) string {
	var b strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&b, "%s=%s\n", v.name, shellWord(v.value))
	}
	return b.String()
}

// object is the variables for --json.
func object(vars []variable) map[string]string {
	o := make(map[string]string, len(vars))
	for _, v := range vars {
		o[v.name] = v.value
	}
	return o
}

// shellWord is s as one word of a POSIX shell: as it is, or in single quotes.
func shellWord(s string) string {
	ordinary := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.TrimFunc(s, ordinary) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// checkLoopback refuses an address to listen on that others can reach, before anything is started.
func checkLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	if !isLoopback(host) {
		return fmt.Errorf("--listen %+q: credentials are served on loopback only, as on 127.0.0.1:9911", addr)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// writeSecret writes a file that only this user can read, by a rename so that no reader sees a part. An empty path is name in the
// user's runtime folder, or cache folder.
func writeSecret(path, name, content string) (string, error) {
	if path == "" {
		base := os.Getenv("XDG_RUNTIME_DIR")
		if base == "" {
			var err error
			if base, err = os.UserCacheDir(); err != nil {
				return "", err
			}
		}
		path = filepath.Join(base, "onafed", name)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if err := checkTarget(path); err != nil {
		return "", err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil { //nolint:gosec // the path is the user's own
		return "", err
	}
	f, err := os.CreateTemp(dir, ".onafed-*") // created with mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(content)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path) //nolint:gosec // the path is the user's own
	}
	if err != nil {
		os.Remove(f.Name()) //nolint:errcheck,gosec // the error that made it useless is the one to tell; the path is the user's own
		return "", err
	}
	return path, nil
}

// checkTarget refuses to put a file in the place of what is none, such as /dev/stdout: a rename would replace the device or the link itself.
func checkTarget(path string) error {
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() { //nolint:gosec // the path is the user's own
		return fmt.Errorf("%+q is no regular file (%s), and a file would replace it: name one, or a place where none is", path, info.Mode().Type())
	}
	return nil
}

// removeSecret removes a file of writeSecret, if it is still the one that was written.
func removeSecret(path, content string) {
	if text, err := os.ReadFile(path); err == nil && string(text) == content {
		os.Remove(path) //nolint:errcheck // what is in it is of no more use
	}
}
