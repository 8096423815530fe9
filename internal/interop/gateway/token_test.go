package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
)

// TestTokens sends the same tokens to the gateway and to the STS of awsfedtest, to show that the
// test double refuses what a real STS refuses.
func TestTokens(t *testing.T) {
	t.Parallel()
	const host = "tokens.example.com"
	w := newWorld(t, "https://"+host, "sts.amazonaws.com")
	document := strings.Replace(openToAll, "HOST", host, 1)
	role := w.role(t, "tokens", document)
	policy, err := trust.Parse([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	double, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient: w.Net.Client(),
		Providers:  []awsfedtest.Provider{{URL: w.URL, ClientIDs: []string{"sts.amazonaws.com"}, Account: account}},
		Roles:      []awsfedtest.Role{{ARN: role, TrustPolicy: policy}},
	})
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range tokenCases(t, w) {
		t.Run(c.name, func(t *testing.T) {
			if err := w.assume(t.Context(), role, c.token); (err == nil) != c.gateway {
				t.Errorf("the gateway: %v, want accepted = %v (%s)", err, c.gateway, c.why)
			}
			input := &sts.AssumeRoleWithWebIdentityInput{RoleArn: &role, RoleSessionName: aws.String("interop"), WebIdentityToken: &c.token}
			if _, err := double.AssumeRoleWithWebIdentity(t.Context(), input); (err == nil) != c.double {
				t.Errorf("awsfedtest: %v, want accepted = %v (%s)", err, c.double, c.why)
			}
		})
	}
}

// A tokenCase is one token, and which STS accepts it.
type tokenCase struct {
	name    string
	token   string
	gateway bool
	double  bool   // the STS of awsfedtest
	why     string // why they differ
}

func tokenCases(t *testing.T, w *world) []tokenCase {
	t.Helper()
	now := time.Now()
	sign := func(pairs ...any) string {
		raw, err := w.Ring.Sign(t.Context(), w.claims(pairs...))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	foreign := newSigner(t, "k0")
	forged, err := foreign.Sign(t.Context(), w.claims())
	if err != nil {
		t.Fatal(err)
	}
	good := sign()
	parts := strings.Split(good, ".")
	return []tokenCase{
		{name: "good", token: good, gateway: true, double: true},
		{name: "audience in a list", token: sign("aud", []string{"sts.amazonaws.com"}), gateway: true, double: true},
		{name: "signed by another key of the same kid", token: forged},
		{name: "payload of another token", token: parts[0] + "." + strings.Split(sign("sub", "org:x"), ".")[1] + "." + parts[2]},
		{name: "no signature", token: parts[0] + "." + parts[1] + "."},
		{name: "algorithm none", token: "eyJhbGciOiJub25lIn0." + parts[1] + "."},
		{name: "not a token", token: "not a token"},
		{name: "expired for longer than AWS's grace", token: sign("exp", now.Add(-10*time.Minute).Unix(), "iat", now.Add(-20*time.Minute).Unix())},
		{name: "expired for a minute", token: sign("exp", now.Add(-time.Minute).Unix(), "iat", now.Add(-20*time.Minute).Unix()), double: true, why: "AWS grants five minutes"},
		{name: "other audience", token: sign("aud", "other.example.com")},
		{name: "other issuer", token: sign("iss", "https://other.example.com")},
		{name: "issuer with a slash", token: sign("iss", w.URL+"/")},
		{name: "no issuer", token: sign("iss", nil)},
		{name: "no subject", token: sign("sub", nil)},
		{name: "no audience", token: sign("aud", nil)},
		{name: "no iat", token: sign("iat", nil), gateway: true, why: "the gateway does not require iat; AWS does"},
	}
}
