package export

import (
	"os"
	"runtime"
)

// ContainerEnviron returns base with the variables of a container endpoint, such as a [Handler]'s,
// added, in the form "NAME=value" of [os/exec.Cmd.Env]. The SDK of a program with this environment
// gets its credentials from that endpoint only, and again before they expire. SDKs prefer every
// other source to a container endpoint, so ContainerEnviron removes the variables of [Env], those of
// other endpoints and of bearer tokens, and ONAFED_TOKEN_FILE of the command line onafed. It sets
// AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to the null device. The settings in the shared
// files, such as the region, are lost too: set their variables.
func ContainerEnviron(base []string, uri, token string) []string {
	return containerEnviron(runtime.GOOS, base, uri, token)
}

// containerEnviron is ContainerEnviron for an operating system, so that tests cover all of them.
func containerEnviron(goos string, base []string, uri, token string) []string {
	set := []variable{
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri},
		{"AWS_CONTAINER_AUTHORIZATION_TOKEN", token},
		{"AWS_CONFIG_FILE", os.DevNull},
		{"AWS_SHARED_CREDENTIALS_FILE", os.DevNull},
	}
	unset := append(otherIdentities(),
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_ACCOUNT_ID",
		"AWS_ACCESS_KEY", "AWS_SECRET_KEY", // the SDK for Java 1
		"AWS_CREDENTIAL_FILE",                    // botocore
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", // SDKs prefer it to the full URI
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", // SDKs prefer it to the token
		"AWS_BEARER_TOKEN_*",                     // such as AWS_BEARER_TOKEN_BEDROCK
		"ONAFED_TOKEN_FILE",                      // the command line onafed would assume the role without its limits
	)
	return replaced(goos, base, set, unset)
}
