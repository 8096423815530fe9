package export

import "strings"

// format is the format of one of the two shared files. They name their sections differently.
type format uint8

const (
	credentialsFormat format = iota // [name]
	configFormat                    // [default], [profile name], [sso-session name], ...
)

// header returns the section header that both readers accept for the profile.
func (f format) header(profile string) string {
	if f == configFormat && profile != "default" {
		return "[profile " + profile + "]"
	}
	return "[" + profile + "]"
}

// names reports whether the Go SDK and botocore read the section as the profile. The profile's
// name contains no blank (checkProfile).
func (f format) names(section, profile string) (inGo, inPython bool) {
	if profile == "" {
		return false, false
	}
	trimmed := trim(section)
	if f == credentialsFormat {
		return trimmed == profile, section == profile
	}
	if profile == "default" {
		inGo, inPython = trimmed == profile, section == profile
	}
	if rest, ok := strings.CutPrefix(trimmed, "profile"); ok && rest != "" && isBlank(rest[0]) {
		inGo = inGo || trim(rest) == profile
	}
	// botocore splits each header that begins with "profile" as a shell does, and takes the second
	// word. Here quotes and backslashes are only removed. That finds at least what botocore finds,
	// and a section that only one reader finds is refused.
	if strings.HasPrefix(section, "profile") {
		if i := strings.IndexAny(trimmed, " \t"); i >= 0 {
			second := strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(trim(trimmed[i:]))
			inPython = inPython || second == profile
		}
	}
	return inGo, inPython
}

// checkProfile returns why the name cannot be written so that every SDK reads it alike, "" if it
// can.
//
// AWS documents letters, digits, "-" and "_". Other characters that people use and that no reader
// treats specially are allowed too.
func checkProfile(name string) string {
	switch {
	case name == "":
		return "the profile name is empty"
	case len(name) > 256:
		return "the profile name is longer than 256 characters"
	case name == "DEFAULT":
		return "botocore adds the keys of a profile named DEFAULT to every profile"
	case strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune("[]#;\"'\\", c) }):
		return "profile name " + quoted(name) + " contains a character that SDKs read differently: a blank, a bracket, a quote, a comment sign, a backslash, or one outside ASCII"
	}
	return ""
}
