package subject_test

import (
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/subject"
)

func TestRespell(t *testing.T) {
	t.Parallel()
	upper := strings.ToUpper(prj)
	for _, tt := range []struct{ text, want string }{
		{"org:" + org + "/project:" + prj + "/", "org:" + org + "/prj:" + prj + "/"},
		{"org:" + org + "/project_id:" + prj, "org:" + org + "/prj:" + prj},
		{"org:" + org + "/environment:" + env, "org:" + org + "/env:" + env},
		{"organization:" + org + "/", "org:" + org + "/"},
		{"organization:" + org + "/project:", "org:" + org + "/prj:"},
		{"org:" + org + "/prj:" + upper, "org:" + org + "/prj:" + prj},
		{"org:" + strings.ToUpper(org), "org:" + org},
		{"organization:X", "org:X"}, // only IDs become lower case
		{"organization_id:" + org + ":prj:" + prj, "organization_id:" + org + ":project_id:" + prj},
		{"organization_id:" + org + ":project_id:" + upper + ":name:X", "organization_id:" + org + ":project_id:" + prj + ":name:X"},
	} {
		if got, why := subject.Respell(tt.text, false); got != tt.want || why == "" {
			t.Errorf("Respell(%q) = %q, %q, want %q", tt.text, got, why, tt.want)
		}
	}
	for _, s := range []string{
		"", "org:", "org:" + org, "org:" + org + "/prj:" + prj + "/env:" + env, "org:" + org + "/usr:" + env,
		"organization_id:" + org + ":creator_name:project:" + upper, "organization_id:" + org + ":project_id:" + prj + ":name:prj:" + upper,
		"repo:octo-org/octo-repo:environment:prod", "project", "org:x/project:y",
		"org:" + strings.Repeat("x", subject.UUIDLen) + "/project:" + prj, // the text after a value that is not an ID stays as it is
	} {
		if got, why := subject.Respell(s, false); got != s || why != "" {
			t.Errorf("Respell(%q) = %q, %q, want no change", s, got, why)
		}
	}
	if got, why := subject.Respell("org:"+strings.ToUpper(org), true); why != "" {
		t.Errorf("Respell with any case = %q, %q", got, why)
	}
	if got, why := subject.Respell("organization:"+strings.ToUpper(org), true); got != "org:"+strings.ToUpper(org) || why == "" {
		t.Errorf("Respell with any case = %q, %q, want only another name", got, why)
	}
}

func TestWithoutNumbers(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"repo:octo-org@1/octo-repo@2:ref:refs/heads/a@b": "repo:octo-org/octo-repo:ref:refs/heads/a@b",
		"repo:octo-org@1/octo-repo@2":                    "repo:octo-org/octo-repo",
		"repo:octo-org@*/octo-repo@*:*":                  "repo:octo-org/octo-repo:*",
		"repo:octo-org@1/octo-repo@2:":                   "repo:octo-org/octo-repo:",
		"repo:octo-org@1/*":                              "repo:octo-org/*",
		"repo:octo-org@1/octo-*:ref:refs/heads/main":     "repo:octo-org/octo-*:ref:refs/heads/main",
		"repo:octo-org/octo-repo:ref:refs/heads/main":    "",
		"repo:octo-org@1/octo-repo:environment:prod":     "",
		"repo:octo-org/octo-repo:environment:a@b/c@d":    "",
		"project_path:a@1/b@2:ref:x":                     "",
		"octo-org@1/octo-repo@2:ref:x":                   "",
		"repo:octo-org/octo-repo@2:ref:x":                "",
		"":                                               "",
	} {
		got, ok := subject.WithoutNumbers(s)
		if ok != (want != "") || ok && got != want || !ok && got != s {
			t.Errorf("WithoutNumbers(%q) = %q, %v, want %q", s, got, ok, want)
		}
	}
}
