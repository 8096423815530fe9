package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// TestWork runs the program with the real SDK against an STS in the test's own process, which checks token and trust policy as AWS does.
func TestWork(t *testing.T) {
	t.Setenv("AWS_CA_BUNDLE", "") // it would be read into the HTTP client, and here that is none of the SDK's own
	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss.URL, iss.Client(), role)

	var logged, out bytes.Buffer
	seen := make(chan struct{})
	cfg, err := awsfed.LoadConfig(t.Context(), role, iss.TokenSource(idp.AudienceAWS), func(o *awsfed.LoadOptions) {
		o.Config = append(o.Config, config.WithRegion("us-east-1"), config.WithHTTPClient(fake.HTTPClient()))
		o.Provider = append(o.Provider, watch(slog.New(slog.NewTextHandler(&logged, nil))), func(o *awsfed.Options) {
			log := o.OnRefresh
			o.OnRefresh = func(e awsfed.RefreshEvent) {
				log(e)
				close(seen) // callers do not wait for it, so the test does
			}
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := work(t.Context(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "arn:aws:sts::123456789012:assumed-role/deploy/env-"+idptest.EnvironmentID+"\n"; got != want {
		t.Errorf("work printed %q, want %q", got, want)
	}
	<-seen
	if !strings.Contains(logged.String(), "msg=refreshed session=arn:aws:sts::123456789012:assumed-role/deploy/env-") {
		t.Errorf("the log does not name the session:\n%s", logged.String())
	}
	for _, c := range fake.Calls() {
		if !c.OK() {
			t.Errorf("call %d, %s, failed: %s", c.Number, c.Action, c.Reason)
		}
	}
}
