package version

import (
	"runtime/debug"
	"testing"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	module := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "1a2b3c"}
	modified := debug.BuildSetting{Key: "vcs.modified", Value: "true"}
	unmodified := debug.BuildSetting{Key: "vcs.modified", Value: "false"}
	for _, tt := range []struct {
		rule string
		info *debug.BuildInfo
		want string
	}{
		{"an installed module", module("v0.2.0"), "v0.2.0"},
		{"a clone", module("v0.2.0", revision, unmodified), "v0.2.0, revision 1a2b3c"},
		{"a modified clone", module("(devel)", revision, modified), "(devel), revision 1a2b3c, modified"},
		{"no version", module(""), "(unknown version)"},
	} {
		if got := describe(tt.info); got != tt.want {
			t.Errorf("%s: describe = %q, want %q", tt.rule, got, tt.want)
		}
	}
}
