// Package endpoint is the command "aws serve": the container endpoint of the AWS SDKs, on loopback.
package endpoint

import (
	"fmt"
	"net"
	"strings"

	"github.com/onafed/onafed/cmd/onafed/internal/terminal"
)

// Variable is an environment variable for other programs.
type Variable struct{ Name, Value string }

// Variables returns what clients of a container endpoint need.
func Variables(addr net.Addr, tokenFile string) []Variable {
	return []Variable{
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", URI(addr)},
		{"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", tokenFile},
	}
}

// Lines returns variables as lines for a shell, for the EnvironmentFile of a systemd unit and for
// the env_file of compose.
func Lines(vars []Variable) string {
	var b strings.Builder
	for _, v := range vars {
		fmt.Fprintf(&b, "%s=%s\n", v.Name, terminal.ShellWord(v.Value))
	}
	return b.String()
}

// Map returns variables for --json.
func Map(vars []Variable) map[string]string {
	m := make(map[string]string, len(vars))
	for _, v := range vars {
		m[v.Name] = v.Value
	}
	return m
}
