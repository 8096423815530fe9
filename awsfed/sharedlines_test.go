package awsfed_test

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// lines are lines of shared files that the SDK reads in a special way.
var lines = []string{
	"region = eu-west-1", "  region = eu-west-1", "region =", "Region: us-west-2", "sdk_ua_app_id = two", "\tservices = other",
	"s3 =", "  max_concurrent_requests = 3", "  endpoint_url = https://two.example.com", "sdk_ua_app_id = app ; comment", "  more",
	"# comment", " ; comment", "", "[default]", "[profile other]", "services = dev", "sts =", "not a setting", "=", ":", "  = x",
	"ignore_configured_endpoint_urls = true", "[broken", "aws_account_id = 123456789012", "external_id =", "  mfa_serial = x", "x_token_expires = 2027",
}

// The SDK reads the same from the copies as from files without the invalid setting, also if the
// setting is between lines of any kind.
func TestLoadConfigKeepsOtherSettingsOfAnyFile(t *testing.T) {
	cleanEnv(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", "https://sts.example.com") // some files have an invalid one
	rnd := rand.New(rand.NewPCG(1, 2))                          // reproducible
	for range 60 {
		var b strings.Builder
		b.WriteString("[default]\n")
		for range 1 + rnd.IntN(8) {
			b.WriteString(lines[rnd.IntN(len(lines))] + "\n")
		}
		text := b.String()
		// The invalid setting begins a section of its own, so that no line continues it.
		compareSettings(t, text+"[default]\nignored = x\nSECTION\n[services dev]\ns3 =\n  endpoint_url = https://one.example.com\n")
		if t.Failed() {
			t.Fatalf("the file was\n%s", text)
		}
	}
}
