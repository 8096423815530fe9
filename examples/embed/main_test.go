package main

import (
	"bytes"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// TestWork runs the program with the real SDK and an STS in the same process, which checks the
// token and the trust policy as AWS does.
func TestWork(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/deploy"
	iss := idptest.NewIssuer(t, nil)
	fake := awsfedtest.New(t, iss, role)
	t.Setenv("AWS_CA_BUNDLE", "") // the SDK accepts it only for its own client
	inMemory := func(o *awsfed.LoadOptions) {
		o.Config.Region, o.Config.HTTPClient = "us-east-1", fake.HTTPClient()
	}

	var logged, out bytes.Buffer
	seen := make(chan struct{})
	cfg, err := awsfed.LoadConfig(t.Context(), role, iss.TokenSource(idp.AudienceAWS), inMemory, func(o *awsfed.LoadOptions) {
		logger := slog.New(slog.NewTextHandler(&logged, nil))
		o.Logger = logger
		o.OnRefresh = func(e awsfed.RefreshEvent) {
			logRefresh(logger)(e)
			close(seen) // calls do not wait for it, but the test does
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := work(t.Context(), cfg, &out); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```text\n(.*?)```").FindAllSubmatch(readme, -1)
	if len(shown) != 2 {
		t.Fatalf("README.md shows %d outputs, want the output and the log", len(shown))
	}
	if got, want := out.String(), string(shown[0][1]); got != want {
		t.Errorf("work printed %q, README.md shows %q", got, want)
	}
	<-seen
	if got, want := logged.String(), string(shown[1][1]); !similar(got, want) {
		t.Errorf("work logged\n%s\nREADME.md shows\n%s", got, want)
	}
	for _, c := range fake.Calls() {
		if !c.OK() {
			t.Errorf("call %d, %s, failed: %s", c.Number, c.Action, c.Reason)
		}
	}
}

// similar reports whether text matches pattern, in which "..." matches any text.
func similar(text, pattern string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\.\.\.`, ".*") + "$").MatchString(text)
}
