package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

func TestTaskKeys(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/dev"
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role)
	t.Setenv("AWS_CA_BUNDLE", "") // the SDK accepts it only for its own client
	keys, err := taskKeys(t.Context(), role, iss.TokenSource(idp.AudienceAWS), func(o *awsfed.LoadOptions) {
		o.Config.HTTPClient = fake.HTTPClient()
		o.Policy, o.SessionName, o.Duration = `{"Version":"2012-10-17","Statement":[]}`, "task-42", time.Hour
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(keys) != 3 || !strings.HasPrefix(keys[0], "AWS_ACCESS_KEY_ID=ASIA") {
		t.Errorf("%d variables, want the three keys", len(keys))
	}
	if c := fake.Calls()[0]; c.SessionName != "task-42" || c.Seconds != 3600 {
		t.Errorf("session %q for %d s, want task-42 for an hour", c.SessionName, c.Seconds)
	}
}

func TestWithoutIdentity(t *testing.T) {
	env := []string{"PATH=/bin", "AWS_REGION=us-east-1", "AWS_PROFILE=admin", "AWS_ACCESS_KEY_ID=AKID", "ONA_TOKEN=secret", "GITPOD_API_KEY=secret"}
	if got, want := withoutIdentity(env), []string{"PATH=/bin", "AWS_REGION=us-east-1"}; !slices.Equal(got, want) {
		t.Errorf("withoutIdentity = %q, want %q", got, want)
	}
}
