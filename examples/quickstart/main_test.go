package main

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/awsfed/trust"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
	"github.com/onafed/onafed/internal/fakenet"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quickstart": fakenet.Trusting(main)})
}

func TestScripts(t *testing.T) {
	world := newWorld(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			for name, value := range world {
				e.Setenv(name, value)
			}
			for name, content := range map[string]string{
				"token": world["TOKEN"], "v3-token": world["V3_TOKEN"], "other-token": world["OTHER_TOKEN"], "foreign-token": world["FOREIGN_TOKEN"],
				"ca.pem": world["CA"],
			} {
				if err := os.WriteFile(filepath.Join(e.WorkDir, name), []byte(content), 0o600); err != nil {
					return err
				}
			}
			e.Setenv("SSL_CERT_FILE", filepath.Join(e.WorkDir, "ca.pem"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	})
}

// AWS does not accept a port in an issuer, so the program uses a proxy to reach it.
const issuerURL = "https://example.com"

// newKeyRing returns the key of the issuer, and a handler for its documents.
func newKeyRing(t *testing.T) (*issuer.KeyRing, http.Handler) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Publish(signer); err != nil {
		t.Fatal(err)
	}
	handler, err := issuer.NewHandler(issuerURL, ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ring, handler
}

// newSTS returns an STS with the role, which allows the organization.
func newSTS(t *testing.T, client *http.Client) *awsfedtest.STS {
	t.Helper()
	policy, err := trust.Build(trust.Rule{Account: account, Issuer: issuerURL, Organization: organizationID, Format: trust.FormatBoth})
	if err != nil {
		t.Fatal(err)
	}
	fake, err := awsfedtest.NewSTS(&awsfedtest.STSOptions{
		HTTPClient: client,
		Providers:  []awsfedtest.Provider{{URL: issuerURL, ClientIDs: []string{idp.AudienceAWS}, Account: account}},
		Roles:      []awsfedtest.Role{{ARN: roleARN, TrustPolicy: policy}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fake
}

// newWorld starts an issuer and an STS outside of the program, and returns the variables for it.
func newWorld(t *testing.T) map[string]string {
	t.Helper()
	ring, handler := newKeyRing(t)
	host := strings.TrimPrefix(issuerURL, "https://")
	internet, err := fakenet.New(t.TempDir(), map[string]http.Handler{host: handler})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(internet.Close)
	ca, err := os.ReadFile(internet.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(claims map[string]any) string {
		now := time.Now()
		claims["iss"], claims["aud"] = issuerURL, idp.AudienceAWS
		claims["iat"], claims["exp"] = now.Unix(), now.Add(time.Hour).Unix()
		raw, err := ring.Sign(t.Context(), claims)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	v2 := func(organization string) map[string]any {
		return map[string]any{"org": organization, "sub": "org:" + organization + "/env:" + environmentID}
	}
	return map[string]string{
		"HTTPS_PROXY": internet.Proxy,
		"ISSUER":      issuerURL,
		"STS":         awsfedtest.Start(t, newSTS(t, internet.Client())),
		"ROLE":        roleARN,
		"ORG":         organizationID,
		"TOKEN":       sign(v2(organizationID)),
		"OTHER_TOKEN": sign(v2("01960000-0000-7000-8000-00000000000a")),
		"V3_TOKEN": sign(map[string]any{
			"organization_id": organizationID, "project_id": projectID, "environment_id": environmentID, "creator_email": "jo@example.com",
			"sub": "organization_id:" + organizationID + ":project_id:" + projectID + ":creator_email:jo@example.com",
		}),
		"FOREIGN_TOKEN": sign(map[string]any{"sub": "repo:someone/something", "org": organizationID}),
		"CA":            string(ca),
	}
}
