package source

import (
	"fmt"
	"os"
	"strings"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/textfile"
)

// Fingerprint returns the kind of the source and a fingerprint that differs between two sources of
// one kind. It does not ask the source for a token.
func (f *Flags) Fingerprint(src idp.TokenSource) (kind, mark string) {
	switch {
	case f.TokenFile != "":
		return "token file", export.Fingerprint(pathAndContent(f.TokenFile))
	case f.TokenEnv != "":
		return "token variable", export.Fingerprint(f.TokenEnv + "\x00" + os.Getenv(f.TokenEnv))
	case f.TokenCommand != "":
		return "token command", export.Fingerprint(f.TokenCommand)
	case f.APITokenFile != "":
		return "API token file", export.Fingerprint(pathAndContent(f.APITokenFile))
	case f.APITokenEnv != "":
		return "API token variable", export.Fingerprint(f.APITokenEnv + "\x00" + os.Getenv(f.APITokenEnv))
	}
	return "environment: " + Name(src), export.Fingerprint(environment())
}

// environment returns everything that idp.FromEnvironment reads, as one text.
func environment() string {
	var all strings.Builder
	all.WriteString(pathAndContent(idp.DefaultSecretsFile))
	for _, v := range idp.EnvironmentVariables() {
		value := os.Getenv(v.Name)
		fmt.Fprintf(&all, "\x00%s=%s", v.Name, value)
		if v.File && value != "" {
			all.WriteString("\x00" + pathAndContent(value))
		}
	}
	return all.String()
}

// pathAndContent returns a path and what its file begins with. The beginning is all that a source
// reads: it refuses longer files, and other files than regular ones.
func pathAndContent(path string) string {
	text, err := textfile.ReadStart(path, maxTokenFile)
	if err != nil {
		return path
	}
	return path + "\x00" + string(text)
}
