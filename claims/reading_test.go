package claims_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/claims"
)

// pairs returns the pairs of alternating names and values.
func pairs(nv ...string) []claims.Pair {
	var ps []claims.Pair
	for i := 0; i < len(nv); i += 2 {
		ps = append(ps, claims.Pair{Name: nv[i], Value: nv[i+1]})
	}
	return ps
}

// plainPairs returns pairs without methods, so that cmp shows their values.
func plainPairs(ps []claims.Pair) [][2]string {
	var out [][2]string
	for _, p := range ps {
		out = append(out, [2]string{p.Name, p.Value})
	}
	return out
}

var inProject = []string{"organization_id", orgID, "project_id", projID}

func withBase(nv ...string) []claims.Pair {
	return pairs(append(append([]string(nil), inProject...), nv...)...)
}

func TestLayoutParse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		extra []string
		sub   string
		kind  claims.Kind
		want  []claims.Pair
	}{
		{"environment in a project", nil, baseProject, claims.KindEnvironment, withBase()},
		{"environment without a project", nil, baseEnv, claims.KindEnvironment, pairs("organization_id", orgID, "environment_id", envID)},
		{"user", nil, baseUser, claims.KindUser, pairs("organization_id", orgID, "user_id", userID)},
		{"service account", nil, "organization_id:" + orgID + ":service_account_id:" + saID, claims.KindServiceAccount, pairs("organization_id", orgID, "service_account_id", saID)},
		{"account", nil, "account_id:" + acctID, claims.KindAccount, pairs("account_id", acctID)},
		{"runner", nil, "organization_id:" + orgID + ":runner_id:" + rnrID, claims.KindRunner, pairs("organization_id", orgID, "runner_id", rnrID)},
		{"extra fields missing", []string{"email", "environment_id"}, baseProject, claims.KindEnvironment, withBase()},
		{"ids after an e-mail address", []string{"creator_email", "environment_id"}, baseProject + ":creator_email:a@b:environment_id:" + envID, claims.KindEnvironment, withBase("creator_email", "a@b", "environment_id", envID)},
		{"e-mail address before a name", []string{"creator_email", "creator_name"}, baseProject + ":creator_email:a@b:creator_name:Jo: x", claims.KindEnvironment, withBase("creator_email", "a@b", "creator_name", "Jo: x")},
		{"URL before a name", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://accounts.google.com:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://accounts.google.com", "creator_name", "Jo")},
		{"URL with a port before a name", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://idp.example:8443:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://idp.example:8443", "creator_name", "Jo")},
		{"URL with a port of zeros and nines", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://idp.example:09:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://idp.example:09", "creator_name", "Jo")},
		{"URL with a port that begins with nine", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://idp.example.:90:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "https://idp.example.:90", "creator_name", "Jo")},
		{"URL with a path at the end", []string{"creator_idp"}, baseProject + ":creator_idp:https://[::1]:8443/a:b", claims.KindEnvironment, withBase("creator_idp", "https://[::1]:8443/a:b")},
		{"provider that is not a URL", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:okta:creator_name:Jo", claims.KindEnvironment, withBase("creator_idp", "okta", "creator_name", "Jo")},
		{"principal", []string{"creator_principal", "creator_name"}, baseProject + ":creator_principal:user:creator_name:Jo", claims.KindEnvironment, withBase("creator_principal", "user", "creator_name", "Jo")},
		{"empty value", []string{"creator_name"}, baseProject + ":creator_name:", claims.KindEnvironment, withBase("creator_name", "")},
		{"name that looks like a pair outside of the layout", []string{"creator_name"}, baseProject + ":creator_name:x:project_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:project_id:"+envID)},
		{"name that looks like an earlier pair", []string{"environment_id", "creator_name"}, baseProject + ":creator_name:x:environment_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:environment_id:"+envID)},
		{"name that looks like a later pair that is not an id", []string{"creator_name", "environment_id"}, baseProject + ":creator_name:x:environment_id:y", claims.KindEnvironment, withBase("creator_name", "x:environment_id:y")},
		{"base field as an extra one", []string{"project_id"}, baseProject + ":project_id:" + projID, claims.KindEnvironment, withBase("project_id", projID)},
		{"name that looks like another project", []string{"creator_name", "project_id"}, baseProject + ":creator_name:x:project_id:" + envID, claims.KindEnvironment, withBase("creator_name", "x:project_id:"+envID)},
		{"nested", []string{"creator_idp_claims.team"}, baseProject + ":creator_idp_claims.team:a:b", claims.KindEnvironment, withBase("creator_idp_claims.team", "a:b")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
			if err != nil {
				var ae *claims.AmbiguousSubjectError
				if errors.As(err, &ae) {
					for _, r := range ae.Readings {
						t.Log(plainPairs(r.Pairs))
					}
				}
				t.Fatalf("Parse(%q) = %v", tt.sub, err)
			}
			if got.Kind != tt.kind || got.Raw != tt.sub {
				t.Errorf("Parse(%q): kind %v, raw %q", tt.sub, got.Kind, got.Raw)
			}
			if diff := cmp.Diff(plainPairs(tt.want), plainPairs(got.Pairs)); diff != "" {
				t.Errorf("Parse(%q) (-want +got):\n%s", tt.sub, diff)
			}
		})
	}
}

func TestLayoutParseRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		extra  []string
		sub    string
		offset int
	}{
		{"empty", nil, "", 0},
		{"V2", nil, subV2, 0},
		{"V1", nil, "environment:" + orgID + ":" + envID, 0},
		{"name only", nil, "organization_id", 15},
		{"no id", nil, "organization_id:", 16},
		{"text that begins with the name of the next field", []string{"creator_name", "email"}, baseProject + ":creator_name", 100},
		{"organization only", nil, "organization_id:" + orgID, 52},
		{"organization that is not an id", nil, "organization_id:acme:project_id:" + projID, 18},
		{"upper-case id", nil, "organization_id:" + strings.ToUpper(orgID), 20},
		{"second pair is not a base field", nil, "organization_id:" + orgID + ":email:a@b", 53},
		{"second pair has no id", nil, "organization_id:" + orgID + ":project_id", 63},
		{"project that is not an id", nil, "organization_id:" + orgID + ":project_id:*", 64},
		{"text follows the id", nil, baseProject + "x", 100},
		{"trailing colon", nil, baseProject + ":", 100},
		{"extra field that is not in the layout", nil, baseProject + ":environment_id:" + envID, 100},
		{"extra fields in another order", []string{"environment_id", "creator_email"}, baseProject + ":creator_email:a@b:environment_id:" + envID, 118},
		{"extra field twice", []string{"environment_id"}, baseProject + ":environment_id:" + envID + ":environment_id:" + envID, 152},
		{"extra field that is not an id", []string{"environment_id"}, baseProject + ":environment_id:x", 100},
		{"another value for the same claim", []string{"project_id"}, baseProject + ":project_id:" + envID, 100},
		{"principal that is not a word", []string{"creator_principal"}, baseProject + ":creator_principal:U1", 100},
		{"empty principal", []string{"creator_principal"}, baseProject + ":creator_principal:", 100},
		{"URL with two ports", []string{"creator_idp", "creator_name"}, baseProject + ":creator_idp:https://h:80:90:creator_name:Jo", 125},
		{"too long", []string{"creator_name"}, baseProject + ":creator_name:" + strings.Repeat("x", claims.MaxTokenSize), claims.MaxTokenSize},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
			var se *claims.SubjectError
			if !errors.As(err, &se) || got.Pairs != nil {
				t.Fatalf("Parse(%q) = %v, %v, want a *SubjectError", tt.sub, got.Pairs, err)
			}
			if se.Offset != tt.offset || se.Input != tt.sub {
				t.Errorf("Parse(%q): %v, want offset %d", tt.sub, se, tt.offset)
			}
		})
	}
}

type ambiguousTest struct {
	name  string
	extra []string
	sub   string
	want  [][]claims.Pair
}

func ambiguousTests() []ambiguousTest {
	victim := "0190bbbb-0000-7000-8000-000000000bad"
	return []ambiguousTest{
		{
			"display name that names a project",
			[]string{"creator_name", "project_id"},
			baseEnv + ":creator_name:x:project_id:" + victim,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x:project_id:"+victim),
				pairs("organization_id", orgID, "environment_id", envID, "creator_name", "x", "project_id", victim),
			},
		},
		{
			"two texts",
			[]string{"creator_name", "runner_name"},
			baseProject + ":creator_name:a:runner_name:b:runner_name:c",
			[][]claims.Pair{
				withBase("creator_name", "a:runner_name:b:runner_name:c"),
				withBase("creator_name", "a", "runner_name", "b:runner_name:c"),
				withBase("creator_name", "a:runner_name:b", "runner_name", "c"),
			},
		},
		{
			"e-mail address with a quoted colon",
			[]string{"creator_email", "project_id", "creator_name"},
			baseEnv + `:creator_email:"a@x:project_id:` + victim + `:creator_name:"@y`,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x:project_id:`+victim+`:creator_name:"@y`),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x`, "project_id", victim, "creator_name", `"@y`),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", `"a@x:project_id:`+victim, "creator_name", `"@y`),
			},
		},
		{
			"e-mail address without a domain",
			[]string{"creator_email", "project_id"},
			baseEnv + ":creator_email:a:project_id:" + victim,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a:project_id:"+victim),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a", "project_id", victim),
			},
		},
		{
			"e-mail address with two signs in a row",
			[]string{"creator_email", "project_id"},
			baseEnv + ":creator_email:a@@x:project_id:" + victim,
			[][]claims.Pair{
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a@@x:project_id:"+victim),
				pairs("organization_id", orgID, "environment_id", envID, "creator_email", "a@@x", "project_id", victim),
			},
		},
		{
			"URL whose path has a colon",
			[]string{"idp", "name"},
			baseUser + ":idp:https://x/y:name:z",
			[][]claims.Pair{
				pairs("organization_id", orgID, "user_id", userID, "idp", "https://x/y:name:z"),
				pairs("organization_id", orgID, "user_id", userID, "idp", "https://x/y", "name", "z"),
			},
		},
	}
}

func TestLayoutParseAmbiguous(t *testing.T) {
	t.Parallel()
	for _, tt := range ambiguousTests() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkAmbiguous(t, tt)
		})
	}
}

func checkAmbiguous(t *testing.T, tt ambiguousTest) {
	t.Helper()
	got, err := mustLayout(t, tt.extra...).Parse(tt.sub)
	var ae *claims.AmbiguousSubjectError
	if !errors.As(err, &ae) || got.Pairs != nil {
		t.Fatalf("Parse(%q) = %v, %v, want an *AmbiguousSubjectError", tt.sub, got.Pairs, err)
	}
	var want, readings [][][2]string
	for _, ps := range tt.want {
		want = append(want, plainPairs(ps))
	}
	for _, r := range ae.Readings {
		readings = append(readings, plainPairs(r.Pairs))
	}
	if diff := cmp.Diff(want, readings); diff != "" || ae.More || ae.Input != tt.sub {
		t.Errorf("Parse(%q), more %v (-want +got):\n%s", tt.sub, ae.More, diff)
	}
}

func TestLayoutParseReasons(t *testing.T) {
	t.Parallel()
	for sub, want := range map[string]string{
		"organization_id":  "no value",
		"organization_id:": "too short",
	} {
		var se *claims.SubjectError
		if _, err := mustLayout(t).Parse(sub); !errors.As(err, &se) || !strings.Contains(se.Reason, want) {
			t.Errorf("Parse(%q): %v, want a reason with %q", sub, err, want)
		}
	}
}

func TestParseSubjectV3(t *testing.T) {
	t.Parallel()
	sub := baseProject + ":creator_email:a@b:environment_id:" + envID + ":creator_principal:user"
	got, err := claims.ParseSubjectV3(sub)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainPairs(withBase("creator_email", "a@b", "environment_id", envID, "creator_principal", "user")), plainPairs(got.Pairs)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if v, ok := got.Lookup("environment_id"); !ok || v != envID {
		t.Errorf("Lookup = %q, %v", v, ok)
	}
	if v, ok := got.Lookup("email"); ok || v != "" {
		t.Errorf("Lookup of an absent field = %q, %v", v, ok)
	}
	// A value may be the name of a field. It is not a field then, because a text cannot end before it
	// begins.
	for _, name := range []string{"email:x", "email:", "email"} {
		got, err := claims.ParseSubjectV3(baseProject + ":creator_name:" + name)
		if diff := cmp.Diff(plainPairs(withBase("creator_name", name)), plainPairs(got.Pairs)); err != nil || diff != "" {
			t.Errorf("the name %q: %v (-want +got):\n%s", name, err, diff)
		}
	}
	long := baseProject + ":email:a@"
	long += strings.Repeat("b", claims.MaxTokenSize-len(long))
	if _, err := claims.ParseSubjectV3(long); err != nil {
		t.Errorf("a subject of %d bytes: %v", len(long), err)
	}
	var ae *claims.AmbiguousSubjectError
	if _, err := claims.ParseSubjectV3(baseProject + ":creator_name:x:environment_id:" + envID); !errors.As(err, &ae) || len(ae.Readings) != 2 {
		t.Errorf("a name and an environment: %v", err)
	}
	var se *claims.SubjectError
	if _, err := claims.ParseSubjectV3(baseProject + ":email:a@x:email:b"); !errors.As(err, &se) {
		t.Errorf("a field twice: %v", err)
	}
}

// Hostile subjects take little time and have few readings. A search that tries everything would not
// end.
func TestLayoutParseHostile(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 46 {
		many = append(many, fmt.Sprintf("idp_claims.%c%c", 'a'+i%26, 'a'+i/26))
	}
	all := mustLayout(t, append(many, "creator_name", "project_id", "creator_idp", "name")...)
	for _, piece := range []string{
		":project_id:", ":project_id:" + projID, ":creator_idp:https://", ":creator_idp:", ":creator_idp:https://x/",
		":creator_name:", ":name:", ":idp_claims.aa:", ":idp_claims.aa:x:idp_claims.ba:y:idp_claims.ca:z",
		":", "::", ":a:", "x", ":creator_idp:x://h:1", ":creator_idp:x://[", ":email:", ":creator_email:",
	} {
		for _, prefix := range []string{"", ":idp_claims.aa:"} {
			sub := baseProject + prefix
			sub += strings.Repeat(piece, (claims.MaxTokenSize-len(sub))/len(piece))
			for name, parse := range map[string]func(string) (claims.SubjectV3, error){"Parse": all.Parse, "ParseSubjectV3": claims.ParseSubjectV3} {
				got, err := parse(sub)
				var ae *claims.AmbiguousSubjectError
				if errors.As(err, &ae) {
					if n := len(ae.Readings); n < 2 || n > maxReadings || ae.More && n != maxReadings {
						t.Errorf("%d readings, more %v", n, ae.More)
					}
					if v, ok := got.Lookup("project_id"); ok {
						t.Errorf("an ambiguous subject has project %q", v)
					}
				}
				if err != nil && len(err.Error()) > 2000 {
					t.Errorf("%s of %q and many %q: message of %d bytes", name, prefix, piece, len(err.Error()))
				}
			}
		}
	}
}
