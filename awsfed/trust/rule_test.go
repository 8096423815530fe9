package trust_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

// refusal changes a correct rule into one that Build rejects. want is a part of the error.
type refusal struct {
	name   string
	change func(*trust.Rule)
	want   string
}

func TestBuildRejectsFields(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"no organization", func(r *trust.Rule) { r.Organization = "" }, "Organization: is required"},
		{"an organization that is a wildcard", func(r *trust.Rule) { r.Organization = "*" }, "Organization"},
		{"an organization that is a prefix", func(r *trust.Rule) { r.Organization = org[:35] + "*" }, "Organization"},
		{"an organization in capitals", func(r *trust.Rule) { r.Organization = strings.ToUpper(org) }, "Organization"},
		{"a project that is a wildcard", func(r *trust.Rule) { r.Project = "*" }, "Project"},
		{"an environment with a slash", func(r *trust.Rule) { r.Environment = env + "/" }, "Environment"},
		{"a user that is a variable", func(r *trust.Rule) { r.User = "${aws:username}" }, "User"},
		{"a user and a project", func(r *trust.Rule) { r.User, r.Project = user, project }, "User: cannot be combined"},
		{"a user and a creator", func(r *trust.Rule) { r.User, r.Creator, r.Format = user, user, trust.FormatV3 }, "User: cannot be combined"},
		{"no account", func(r *trust.Rule) { r.Account = "" }, "12 digits"},
		{"an account of wildcards", func(r *trust.Rule) { r.Account = "????????????" }, "12 digits"},
		{"another partition", func(r *trust.Rule) { r.Partition = "*" }, "partition"},
		{"an issuer over http", func(r *trust.Rule) { r.Issuer = "http://app.gitpod.io" }, "https://"},
		{"an issuer with a port", func(r *trust.Rule) { r.Issuer = "https://app.gitpod.io:8443" }, "port"},
		{"an issuer with a wildcard", func(r *trust.Rule) { r.Issuer = "https://*.gitpod.io" }, "host"},
		{"an audience with a wildcard", func(r *trust.Rule) { r.Audience = "sts*" }, "wildcard"},
		{"an audience with a variable", func(r *trust.Rule) { r.Audience = "${app.gitpod.io:aud}" }, "variable"},
		{"a Sid with a hyphen", func(r *trust.Rule) { r.Sid = "a-b" }, "Sid"},
		{"a Sid with a period", func(r *trust.Rule) { r.Sid = "a.b" }, "Sid"},
		{"a Sid with an underscore", func(r *trust.Rule) { r.Sid = "a_b" }, "Sid"},
		{"an audience with a space", func(r *trust.Rule) { r.Audience = "a b" }, "not printable"},
		{"an audience with a delete character", func(r *trust.Rule) { r.Audience = "a\x7f" }, "not printable"},
		{"an audience with a space that does not break", func(r *trust.Rule) { r.Audience = "a\u00a0" }, "not printable"},
		{"an audience with a character that IAM does not accept", func(r *trust.Rule) { r.Audience = "a\u0100" }, "not printable"},
		{"an action of another kind", func(r *trust.Rule) { r.MoreActions = []string{"sts:*"} }, "MoreActions"},
		{"an unknown format", func(r *trust.Rule) { r.Format = 9 }, "Format"},
	})
}

func TestBuildRejectsWhatTheSubjectCannotShow(t *testing.T) {
	t.Parallel()
	testRefusals(t, []refusal{
		{"a creator in V2", func(r *trust.Rule) { r.Creator = user }, "V2"},
		{"a creator in both formats", func(r *trust.Rule) { r.Creator, r.Format = user, trust.FormatBoth }, "V2"},
		{"a creator that is neither ID nor address", func(r *trust.Rule) { r.Creator, r.Format = "me", trust.FormatV3 }, "neither"},
		{"a creator with a wildcard", func(r *trust.Rule) { r.Creator, r.Format = "*@example.com", trust.FormatV3 }, "meaning"},
		{"a creator with a colon", func(r *trust.Rule) { r.Creator, r.Format = "x:creator_id:y@example.com", trust.FormatV3 }, "meaning"},
		{"a creator with a variable", func(r *trust.Rule) { r.Creator, r.Format = "${a}@example.com", trust.FormatV3 }, "meaning"},
		{"a creator without the extra field", func(r *trust.Rule) { r.Creator, r.Format = user, trust.FormatV3 }, "does not contain creator_id"},
		{"an e-mail without the extra field", func(r *trust.Rule) {
			r.Creator, r.Format, r.Layout = "a@example.com", trust.FormatV3, layout(t, "creator_id")
		}, "does not contain creator_email"},
		{"an environment in a project without the extra field", func(r *trust.Rule) {
			r.Project, r.Environment, r.Format = project, env, trust.FormatV3
		}, "does not contain environment_id"},
		{"free text before the creator", func(r *trust.Rule) {
			r.Creator, r.Format, r.Layout = user, trust.FormatV3, layout(t, "creator_name", "creator_id")
		}, "creator_name precedes"},
		{"a URL before the environment", func(r *trust.Rule) {
			r.Project, r.Environment, r.Format, r.Layout = project, env, trust.FormatBoth, layout(t, "environment_initializers.context_url", "environment_id")
		}, "precedes"},
	})
}

func testRefusals(t *testing.T, cases []refusal) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			good := trust.Rule{Account: "123456789012", Organization: org}
			r := good
			tt.change(&r)
			p, err := trust.Build(good, r)
			re, ok := errors.AsType[*trust.RuleError](err)
			if !ok || re.Rule != 1 || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "trust: rule 1: "+re.Field+": ") {
				t.Fatalf("Build = %v, %v, want a *RuleError with %q", p, err, tt.want)
			}
			if !p.Equal(trust.Policy{}) {
				t.Errorf("Build returns a policy with its error: %v", p)
			}
			if strings.Contains(err.Error(), "@") {
				t.Errorf("the error contains an e-mail address: %v", err)
			}
		})
	}
}

func TestBuildAcceptsAudiences(t *testing.T) {
	t.Parallel()
	for _, audience := range []string{"!", "~", "\u00a1", "\u00ff"} {
		if _, err := trust.Build(trust.Rule{Account: "123456789012", Organization: org, Audience: audience}); err != nil {
			t.Errorf("Build with the audience %q: %v", audience, err)
		}
	}
}

func TestBuildRejectsRules(t *testing.T) {
	t.Parallel()
	good := trust.Rule{Account: "123456789012", Organization: org}
	if _, err := trust.Build(); err == nil {
		t.Error("Build without a rule returns no error")
	}
	one, two := good, good
	one.Sid, two.Sid, two.Audience = "A", "A", "b"
	if _, err := trust.Build(one, two); err == nil {
		t.Error("Build accepts two statements with one Sid")
	}
}

func TestFormatText(t *testing.T) {
	t.Parallel()
	for f, want := range map[trust.Format]string{trust.FormatV2: "V2", trust.FormatV3: "V3", trust.FormatBoth: "V2 and V3"} {
		text, err := f.MarshalText()
		if err != nil || string(text) != want || f.String() != want {
			t.Errorf("Format %d: String %q, MarshalText %q, %v, want %q", uint8(f), f, text, err, want)
		}
		back := trust.Format(9)
		if err := back.UnmarshalText(text); err != nil || back != f {
			t.Errorf("UnmarshalText(%q): %v, %v", text, back, err)
		}
	}
	unknown := trust.Format(9)
	if text, err := unknown.MarshalText(); err == nil || unknown.String() != "Format(9)" {
		t.Errorf("Format 9: String %q, MarshalText %q, %v", unknown, text, err)
	}
	for _, text := range []string{"", "v2", "both", "V2 ", "Format(9)", "\x1b[31m"} {
		if err := unknown.UnmarshalText([]byte(text)); err == nil || unknown != 9 || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("UnmarshalText(%q): %v, %v", text, unknown, err)
		}
	}
}
