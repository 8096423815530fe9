// Package eks_test uses tokens for EKS with the verifier of aws-iam-authenticator, kubectl and
// client-go.
package eks_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/aws-iam-authenticator/pkg/token"

	"github.com/onafed/onafed/awsfed/authtoken"
	"github.com/onafed/onafed/internal/interop/program"
)

func TestVerifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		raw := w.raw(t)
		id, err := w.Verifier.Verify(raw)
		if err != nil {
			t.Fatal(err)
		}
		if id.CanonicalARN != roleARN || id.AccountID != "123456789012" {
			t.Errorf("identity %+v, want the role %s", id, roleARN)
		}
		refused := map[string]string{
			"an altered signature": alter(t, raw, func(q url.Values) { q.Set("X-Amz-Signature", strings.Repeat("0", 64)) }),
			"another access key":   alter(t, raw, func(q url.Values) { q.Set("X-Amz-Credential", "AKID"+q.Get("X-Amz-Credential")) }),
			"a later date":         alter(t, raw, func(q url.Values) { q.Set("X-Amz-Date", time.Now().Add(time.Minute).UTC().Format("20060102T150405Z")) }),
		}
		for name, raw := range refused {
			if _, err := w.Verifier.Verify(raw); err == nil {
				t.Errorf("%s: the token is accepted", name)
			}
		}
		if _, err := token.NewVerifier("other-cluster", "aws", region).Verify(raw); err == nil {
			t.Error("another cluster accepts the token")
		}
		time.Sleep(14 * time.Minute)
		if _, err := w.Verifier.Verify(raw); err != nil {
			t.Errorf("the token is refused at its expiry, which is a minute early: %v", err)
		}
		time.Sleep(time.Minute + time.Second)
		if _, err := w.Verifier.Verify(raw); err == nil {
			t.Error("an expired token is accepted")
		}
		raw = w.raw(t)
		c, err := w.Provider.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w.STS.ExpireCredentials(c.AccessKeyID)
		if _, err := w.Verifier.Verify(raw); err == nil {
			t.Error("a token of expired credentials is accepted")
		}
	})
}

// alter changes the parameters of a token.
func alter(t *testing.T, raw string, change func(url.Values)) string {
	t.Helper()
	u, query := decode(t, raw)
	change(query)
	u.RawQuery = query.Encode()
	return "k8s-aws-v1." + base64.RawURLEncoding.EncodeToString([]byte(u.String()))
}

// decode returns the URL in a token and its parameters.
func decode(t *testing.T, raw string) (*url.URL, url.Values) {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(raw, "k8s-aws-v1."))
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return u, u.Query()
}

// The largest token that this library returns is the largest that the verifier reads.
func TestSizeLimit(t *testing.T) {
	w := newWorld(t)
	accepted, refused := 0, 0
	for size := 2400; size < 3200 && refused == 0; size++ {
		cfg := aws.Config{Region: region, Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: strings.Repeat("a", size)}, nil
		})}
		tokens, err := authtoken.EKS(cfg, cluster)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := tokens.Token(t.Context())
		if err != nil {
			refused = size
			continue
		}
		accepted = size
		if _, err := w.Verifier.Verify(tok.Raw()); err == nil || strings.Contains(err.Error(), "too large") {
			t.Fatalf("a session token of %d bytes: %v, want that STS refuses it", size, err)
		}
	}
	if refused != accepted+1 {
		t.Errorf("session tokens of %d bytes are accepted and of %d bytes refused", accepted, refused)
	}
	if _, err := w.Verifier.Verify("k8s-aws-v1." + strings.Repeat("a", 4096-len("k8s-aws-v1.")+1)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("a token of 4,097 bytes: %v, want that it is too large", err)
	}
}

// Our token and JSON have the fields of those of "aws eks get-token".
func TestSameFieldsAsTheCLI(t *testing.T) {
	const aws = "/usr/bin/aws" // Debian's
	program.Need(t, aws)
	w := newWorld(t)
	cmd := exec.CommandContext(t.Context(), aws, "eks", "get-token", "--cluster-name", cluster)
	cmd.Env = w.environment(t)
	out, err := program.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := authtoken.EKS(w.Config, cluster)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokens.Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := authtoken.ExecCredential(tok, "")
	if err != nil {
		t.Fatal(err)
	}
	sameFields(t, out, ours)
}

// sameFields compares the JSON of the CLI and ours, and the requests in their tokens.
func sameFields(t *testing.T, theirText, ourText []byte) {
	t.Helper()
	type credential struct {
		Kind, APIVersion string
		Spec             map[string]any
		Status           map[string]string
	}
	var theirs, ours credential
	if err := json.Unmarshal(theirText, &theirs); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ourText, &ours); err != nil {
		t.Fatal(err)
	}
	end := "expirationTimestamp"
	at, err := time.Parse(time.RFC3339, theirs.Status[end])
	expiry, ourErr := time.Parse(time.RFC3339, ours.Status[end])
	if d := expiry.Sub(at); err != nil || ourErr != nil || d < -time.Minute || d > time.Minute {
		t.Errorf("their token expires at %s, ours at %s", theirs.Status[end], ours.Status[end])
	}
	theirURL, theirParams := decode(t, theirs.Status["token"])
	ourURL, ourParams := decode(t, ours.Status["token"])
	if diff := cmp.Diff(theirURL.Scheme+"://"+theirURL.Host+theirURL.Path, ourURL.Scheme+"://"+ourURL.Host+ourURL.Path); diff != "" {
		t.Errorf("URL (-theirs +ours):\n%s", diff)
	}
	for _, q := range []url.Values{theirParams, ourParams} {
		for _, name := range []string{"X-Amz-Date", "X-Amz-Signature"} {
			if q.Get(name) == "" {
				t.Errorf("no %s", name)
			}
			q.Set(name, "")
		}
	}
	if diff := cmp.Diff(theirParams, ourParams); diff != "" {
		t.Errorf("parameters (-theirs +ours):\n%s", diff)
	}
	for _, c := range []*credential{&theirs, &ours} {
		c.Status["token"], c.Status[end] = "", ""
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("JSON (-theirs +ours):\n%s", diff)
	}
}
