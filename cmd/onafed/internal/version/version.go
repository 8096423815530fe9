// Package version is the version of this program, from the build information that Go adds to it.
package version

import (
	"cmp"
	"runtime/debug"
)

// Text returns the name of the program, the version of the module and, if the program was built in
// a clone, the revision: "onafed v0.2.0, revision 1a2b3c, modified".
func Text() string { return "onafed " + Number() }

// Number returns the version and the revision.
func Number() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown version)"
	}
	return describe(info)
}

func describe(info *debug.BuildInfo) string {
	text := cmp.Or(info.Main.Version, "(unknown version)")
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if revision := settings["vcs.revision"]; revision != "" {
		text += ", revision " + revision
		if settings["vcs.modified"] == "true" {
			text += ", modified"
		}
	}
	return text
}
