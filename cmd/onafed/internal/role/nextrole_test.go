package role_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/cmd/onafed/internal/role"
)

const nextARN = "arn:aws:iam::210987654321:role/next"

func TestNextRole(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]role.NextRole{
		nextARN: {NextRole: awsfed.NextRole{RoleARN: nextARN}},
		nextARN + ",external-id=a,,b=c,session-name=ci,duration-seconds=900,source-identity=me": {NextRole: awsfed.NextRole{
			RoleARN: nextARN, ExternalID: "a,b=c", SessionName: "ci", Duration: 15 * time.Minute, SourceIdentity: "me",
		}},
		nextARN + ",,x,tag=team=a=b,transitive-tag=cost=,policy-file=/p,,q.json,policy-arn=1,policy-arn=2": {NextRole: awsfed.NextRole{
			RoleARN: nextARN + ",x", Tags: map[string]string{"team": "a=b", "cost": ""}, TransitiveTagKeys: []string{"cost"},
			PolicyARNs: []string{"1", "2"},
		}, PolicyFile: "/p,q.json"},
	} {
		var got role.NextRole
		if err := got.UnmarshalText([]byte(text)); err != nil || !cmp.Equal(got, want) {
			t.Errorf("UnmarshalText(%q) = %v, error %v, want %v", text, got, err, want)
		}
	}
}

func TestNextRoleRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                 "the ARN of the role is empty",
		",external-id=a":                   "the ARN of the role is empty",
		nextARN + ",":                      `"" is not NAME=VALUE`,
		nextARN + ",x":                     `"x" is not NAME=VALUE: write a comma in a value twice`,
		nextARN + ",externalid=a":          `"externalid" is not one of external-id, session-name`,
		nextARN + ",external-id=":          `"external-id" is empty`,
		nextARN + ",tag=a":                 "",
		nextARN + ",tag==a":                "tag: want tag=KEY=VALUE",
		nextARN + ",tag=a=1,tag=a=2":       `the tag "a" is given twice`,
		nextARN + ",duration-seconds=":     `"duration-seconds" is empty`,
		nextARN + ",duration-seconds=0":    "want a number from 1 to 3600",
		nextARN + ",duration-seconds=1h":   "want a number from 1 to 3600",
		nextARN + ",duration-seconds=3601": "want a number from 1 to 3600",
		nextARN + ",duration-seconds=900,duration-seconds=900": "duration-seconds is given twice",
		nextARN + ",session-name=a,session-name=a":             "session-name is given twice",
	} {
		var got role.NextRole
		err := got.UnmarshalText([]byte(text))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("UnmarshalText(%q) = %v, want an error with %q", text, err, want)
		}
		if err != nil && !cmp.Equal(got, role.NextRole{}) {
			t.Errorf("UnmarshalText(%q) sets %v and returns an error", text, got)
		}
	}
}

func TestNextRoleArgument(t *testing.T) {
	t.Parallel()
	r := role.NextRole{NextRole: awsfed.NextRole{RoleARN: nextARN, Tags: map[string]string{"a=b": "c"}}}
	if got, err := r.Argument(); err == nil || !strings.Contains(err.Error(), `the tag key "a=b" has a "="`) {
		t.Errorf("Argument() = %q, %v, want an error", got, err)
	}
}

// FuzzNextRole checks that an argument that is read and written again is the same role.
func FuzzNextRole(f *testing.F) {
	f.Add(nextARN)
	f.Add(nextARN + ",external-id=a,,b,tag=a=b,transitive-tag=c=d,policy-arn=x,policy-file=y,duration-seconds=900")
	f.Add(nextARN + ",,,external-id=,,")
	f.Fuzz(func(t *testing.T, text string) {
		var r, again role.NextRole
		if err := r.UnmarshalText([]byte(text)); err != nil {
			if !cmp.Equal(r, role.NextRole{}) {
				t.Errorf("UnmarshalText(%q) = %v and the error %v", text, r, err)
			}
			return
		}
		slices.Sort(r.TransitiveTagKeys)
		argument, err := r.Argument()
		if err != nil {
			t.Fatalf("Argument of %q: %v", text, err)
		}
		if err := again.UnmarshalText([]byte(argument)); err != nil || !cmp.Equal(r, again) {
			t.Errorf("%q is written as %q and read as %v, error %v, want %v", text, argument, again, err, r)
		}
	})
}
