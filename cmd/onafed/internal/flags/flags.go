// Package flags rewrites errors of the library for the command line: an error that names an option
// of the Go API names the flag instead.
package flags

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

// Error returns the text of err for a person at the command line: an error about an option, or about
// settings that would be overwritten, names the flag, and a refusal by STS has its next step.
func Error(err error) string {
	if environment, ok := errors.AsType[*idp.EnvironmentError](err); ok {
		return withFlags(environment).Error()
	}
	if refused, ok := errors.AsType[*awsfed.AssumeRoleError](err); ok {
		return withNextStep(err, refused)
	}
	if name, reason, ok := option(err); ok {
		if i, member, ok := inChain(name); ok {
			return fmt.Sprintf("--next-role (number %d): %s: %v", i, member, reason)
		}
		if flag := flagOf(name); flag != "" {
			return "--" + flag + ": " + reason.Error()
		}
		if name == "Config" { // the endpoint in the settings of the SDK
			return "AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL or the profile: " + reason.Error()
		}
	}
	if file, ok := errors.AsType[*export.FileError](err); ok {
		next := strings.Replace(file.Next, "allow overwriting", "use --overwrite", 1)
		return strings.Replace(err.Error(), file.Next, next, 1)
	}
	return err.Error()
}

// IsOption reports whether the library refuses an option, and so a flag or a setting of the user.
func IsOption(err error) bool {
	_, _, ok := option(err)
	return ok
}

// option returns the option that the library refuses, by its name in Go, and the reason. It reports
// whether err is such an error.
func option(err error) (name string, reason error, ok bool) {
	if e, ok := errors.AsType[*idp.OptionError](err); ok {
		return e.Option, e.Err, true
	}
	if e, ok := errors.AsType[*issuer.OptionError](err); ok {
		return e.Option, e.Err, true
	}
	if e, ok := errors.AsType[*export.OptionError](err); ok {
		return e.Option, e.Err, true
	}
	if e, ok := errors.AsType[*awsfed.OptionError](err); ok {
		return e.Option, e.Err, true
	}
	if e, ok := errors.AsType[*authtoken.OptionError](err); ok {
		return e.Option, e.Err, true
	}
	return "", nil, false
}

// flagOf returns the flag for an option of the library, or "" if no flag sets the option.
func flagOf(option string) string {
	switch option {
	case "roleARN", "RoleARN":
		return "role-arn"
	case "SessionName":
		return "role-session-name"
	case "Duration":
		return "duration-seconds"
	case "Chain":
		return "next-role"
	case "Policy":
		return "policy-file"
	case "PolicyARNs":
		return "policy-arn"
	case "audience", "audiences", "Audience", "Audiences":
		return "audience"
	case "BaseURL":
		return "api-url"
	case "AllowExec":
		return "allow-exec"
	case "issuer", "issuerURL", "Issuer":
		return "issuer"
	case "Organizations", "Organization":
		return "organization"
	case "path":
		return "output"
	case "Group":
		return "group"
	case "TrustedOwner":
		return "trusted-owner"
	case "cluster":
		return "cluster"
	case "endpoint":
		return "host"
	case "user":
		return "user"
	case "cfg":
		return "region"
	}
	return ""
}

// inChain returns the number of the --next-role that an option is about, from 1, and the name of its
// part in the flag.
func inChain(option string) (number int, part string, ok bool) {
	index, member, ok := strings.Cut(strings.TrimPrefix(option, "Chain["), "].")
	i, err := strconv.Atoi(index)
	if !ok || err != nil {
		return 0, "", false
	}
	switch member {
	case "RoleARN":
		part = "the ARN"
	case "ExternalID":
		part = "external-id"
	case "SessionName":
		part = "session-name"
	case "Duration":
		part = "duration-seconds"
	case "SourceIdentity":
		part = "source-identity"
	case "Tags", "TransitiveTagKeys":
		part = "tag"
	case "Policy":
		part = "policy-file"
	case "PolicyARNs":
		part = "policy-arn"
	default:
		part = member
	}
	return i + 1, part, true
}

// withFlags returns the error with the flags that would allow the sources that were skipped.
func withFlags(e *idp.EnvironmentError) *idp.EnvironmentError {
	skipped := slices.Clone(e.Skipped)
	for i, s := range skipped {
		if flag := flagOf(s.Option); flag != "" {
			skipped[i].Option = "--" + flag
		}
	}
	return &idp.EnvironmentError{Audience: e.Audience, Skipped: skipped}
}

// withNextStep returns the text of err with what to do next, each step in a line of its own. This
// program, unlike one that uses the library, does not try again.
func withNextStep(err error, refused *awsfed.AssumeRoleError) string {
	text := err.Error()
	if next := refused.NextStep(); next != "" {
		// The white space before a numbered step, or before a command of this program.
		stepStart := regexp.MustCompile(`([:;]) (\d+\) |onafed )`)
		text += ";\n  " + stepStart.ReplaceAllString(next, "$1\n  $2")
	}
	if refused.Retryable() {
		text += "; try again"
	}
	return text
}
