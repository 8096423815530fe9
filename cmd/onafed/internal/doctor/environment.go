package doctor

import (
	"fmt"
	"os"
	"time"

	"github.com/onafed/onafed/cmd/onafed/internal/source"
)

// environment reports the variables that SDKs prefer to the profile, in the order in which SDKs
// read them.
func (e *examination) environment() {
	const name = "environment"
	before := len(e.checks)
	if isSet("AWS_ACCESS_KEY_ID") {
		detail := "AWS_ACCESS_KEY_ID is set: SDKs prefer keys in the environment to every profile and role, and nothing refreshes them"
		if at, err := time.Parse(time.RFC3339, os.Getenv("AWS_CREDENTIAL_EXPIRATION")); err == nil && time.Now().After(at) {
			detail = fmt.Sprintf("SDKs prefer the keys in the environment to every profile and role, and they expired at %s", at.UTC().Format(time.RFC3339))
		}
		e.problem(name, detail, "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN")
	}
	if isSet("AWS_SECURITY_TOKEN") {
		e.problem(name, "AWS_SECURITY_TOKEN is set: the AWS CLI prefers it to AWS_SESSION_TOKEN", "unset AWS_SECURITY_TOKEN")
	}
	if file := os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE"); file != "" {
		if _, err := os.Stat(file); err != nil { //nolint:gosec // the path is the user's own
			e.problem(name, "AWS_WEB_IDENTITY_TOKEN_FILE is set, and the file does not exist: SDKs prefer it to every profile", "unset AWS_WEB_IDENTITY_TOKEN_FILE, or write the file with onafed idp token --output FILE --watch")
		} else {
			e.note(name, "AWS_WEB_IDENTITY_TOKEN_FILE is set: SDKs prefer it to a profile")
		}
	}
	if file := os.Getenv(source.TokenFileVariable); file != "" && file == e.command.TokenFile {
		e.note(name, "%s is set: onafed reads the ID token from that file", source.TokenFileVariable)
	}
	if profile := os.Getenv("AWS_PROFILE"); profile != "" && profile != e.command.Profile && e.command.File == "" {
		e.note(name, "AWS_PROFILE is %+q: SDKs use that profile, not %+q", profile, e.command.Profile)
	}
	for _, v := range []string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		if isSet(v) {
			e.note(name, "%s is set: SDKs use the container endpoint if no profile has credentials", v)
		}
	}
	for _, v := range []string{"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"} {
		if isSet(v) {
			e.note(name, "%s is set: requests for STS go there", v)
		}
	}
	if len(e.checks) == before {
		e.ok(name, "no variable is set that SDKs prefer to the profile")
	}
}

func isSet(name string) bool { return os.Getenv(name) != "" }
