package export

import "strings"

// header is the section header that both readers take for the profile.
func (f format) header(profile string) string {
	if f == configFormat && profile != "default" {
		return "[profile " + profile + "]"
	}
	return "[" + profile + "]"
}

// names tells whether the Go SDK and botocore take the section for the
// profile. The profile's name has no blank in it (checkProfile).
func (f format) names(section, profile string) (inGo, inPython bool) {
	if profile == "" {
		return false, false
	}
	trimmed, _ := trimBlank(section)
	if f == credentialsFormat {
		return trimmed == profile, section == profile
	}
	if profile == "default" {
		inGo, inPython = trimmed == profile, section == profile
	}
	if rest, ok := strings.CutPrefix(trimmed, "profile"); ok && rest != "" && (rest[0] == ' ' || rest[0] == '\t') {
		inGo = inGo || strings.TrimLeft(rest, " \t") == profile
	}
	// botocore splits every header that begins with "profile" as a shell would
	// and takes the second word. Quotes and backslashes are taken off roughly:
	// that can only find more than botocore does, and what only one reader
	// finds is refused.
	if strings.HasPrefix(section, "profile") {
		if i := strings.IndexAny(trimmed, " \t"); i >= 0 {
			second, _ := trimBlank(trimmed[i:])
			if strings.ContainsAny(second, `"'\`) {
				second = strings.NewReplacer(`"`, "", `'`, "", `\`, "").Replace(second)
			}
			inPython = inPython || second == profile
		}
	}
	return inGo, inPython
}

// checkProfile refuses names that cannot be written so that every SDK reads
// the same. The reason is empty for a good one.
//
// AWS documents letters, digits, "-" and "_"; the characters that people use
// beyond that and that no reader treats specially pass too.
func checkProfile(name string) string {
	switch {
	case name == "":
		return "the profile's name is empty"
	case len(name) > 256:
		return "the profile's name is longer than 256 characters"
	case name == "DEFAULT":
		return "a profile named DEFAULT would be added to every other one by botocore"
	}
	for i := range len(name) {
		c := name[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("[]#;\"'\\", c) >= 0 {
			return "profile name " + quoted(name) + " has a blank, a bracket, a quote, a comment sign, a backslash or a character beyond ASCII, which SDKs read differently"
		}
	}
	return ""
}
