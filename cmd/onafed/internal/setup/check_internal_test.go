package setup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/cmd/onafed/internal/policyfile"
)

// repeat returns n different texts.
func repeat(n int, format string) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(format, i)
	}
	return all
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	for path, good := range map[string]bool{
		"": true, "/": true, "/ci/": true, "/a/b/": true, `/$(id)'"/`: true, "/" + strings.Repeat("a", 510) + "/": true,
		"/" + strings.Repeat("a", 511) + "/": false,
		"//":                                 false, "ci": false, "/ci": false, "ci/": false, "/a b/": false, "/a\n/": false, "/ä/": false, "/\x1b/": false,
	} {
		if err := checkPath(path); (err == nil) != good {
			t.Errorf("checkPath(%q) = %v", path, err)
		}
	}
}

func TestCheckPolicies(t *testing.T) {
	t.Parallel()
	const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	for name, test := range map[string]struct {
		partition string
		arns      []string
		good      bool
	}{
		"none":                    {"aws", nil, true},
		"of AWS":                  {"aws", []string{readOnly, "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"}, true},
		"of the account":          {"aws", []string{"arn:aws:iam::123456789012:policy/ci/deploy"}, true},
		"in China":                {"aws-cn", []string{"arn:aws-cn:iam::aws:policy/ReadOnlyAccess"}, true},
		"of another account":      {"aws", []string{"arn:aws:iam::210987654321:policy/deploy"}, false},
		"of another partition":    {"aws-us-gov", []string{readOnly}, false},
		"repeated":                {"aws", []string{readOnly, readOnly}, false},
		"a name":                  {"aws", []string{"ReadOnlyAccess"}, false},
		"a role":                  {"aws", []string{"arn:aws:iam::123456789012:role/deploy"}, false},
		"of another service":      {"aws", []string{"arn:aws:s3::aws:policy/ReadOnlyAccess"}, false},
		"with a region":           {"aws", []string{"arn:aws:iam:us-east-1:aws:policy/ReadOnlyAccess"}, false},
		"without a name":          {"aws", []string{"arn:aws:iam::aws:policy/a/"}, false},
		"with a quote":            {"aws", []string{readOnly + "'"}, false},
		"with a newline":          {"aws", []string{readOnly + "\n"}, false},
		"longer than IAM accepts": {"aws", []string{readOnly + strings.Repeat("a", maxPolicyARN)}, false},
	} {
		if err := checkPolicies(test.partition, "123456789012", test.arns); (err == nil) != test.good {
			t.Errorf("%s: checkPolicies = %v", name, err)
		}
	}
}

func TestThumbprints(t *testing.T) {
	t.Parallel()
	a := strings.Repeat("aB", 20)
	got, err := thumbprints([]string{a, strings.Repeat("0", 40)})
	if diff := cmp.Diff([]string{strings.ToLower(a), strings.Repeat("0", 40)}, got); err != nil || diff != "" {
		t.Errorf("thumbprints: %v (-want +got):\n%s", err, diff)
	}
	for name, given := range map[string][]string{
		"short": {a[1:]}, "long": {a + "0"}, "with colons": {strings.Repeat("aa:", 13) + "a"}, "not hexadecimal": {strings.Repeat("g", 40)},
		"SHA-256": {strings.Repeat("a", 64)}, "repeated": {a, strings.ToUpper(a)}, "six": repeat(6, "%040d"), "a newline": {a[1:] + "\n"},
	} {
		if got, err := thumbprints(given); err == nil {
			t.Errorf("%s: thumbprints = %v, want an error", name, got)
		}
	}
	if _, err := thumbprints(repeat(5, "%040d")); err != nil {
		t.Errorf("five thumbprints: %v", err)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	got, err := tags([]string{"team=ci", "a b=c=d/e:f+g-h@i.j_k", "schlüssel=größe 10", "empty="})
	want := []policyfile.Tag{{Key: "team", Value: "ci"}, {Key: "a b", Value: "c=d/e:f+g-h@i.j_k"}, {Key: "schlüssel", Value: "größe 10"}, {Key: "empty"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("tags: %v (-want +got):\n%s", err, diff)
	}
	for name, given := range map[string][]string{
		"no value": {"team"}, "no key": {"=ci"}, "repeated": {"team=a", "Team=b"}, "of AWS": {"aws:team=ci"}, "of AWS in capitals": {"AWS:team=ci"},
		"a long key": {strings.Repeat("a", 129) + "=b"}, "a long value": {"a=" + strings.Repeat("b", 257)}, "51": repeat(51, "k%d=v"),
		"a quote": {`team="ci"`}, "an apostrophe": {"team=o'brien"}, "a dollar": {"team=$HOME"}, "a template": {"team=${x}"},
		"a newline": {"team=a\nb"}, "a tab": {"team=a\tb"}, "an escape": {"team=\x1b[2J"}, "a direction mark": {"team=\u202ea"}, "not UTF-8": {"team=\xff"},
		"a backtick in the key": {"te`id`am=ci"}, "a zero byte": {"te\x00am=ci"},
	} {
		if got, err := tags(given); err == nil {
			t.Errorf("%s: tags = %v, want an error", name, got)
		}
	}
	if _, err := tags(repeat(50, "k%d=v")); err != nil {
		t.Errorf("50 tags: %v", err)
	}
}
