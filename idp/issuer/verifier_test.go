package issuer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

const audience = "sts.amazonaws.com"

func newVerifier(tb testing.TB, url string, keys issuer.KeySet, o issuer.VerifierOptions) *issuer.Verifier {
	tb.Helper()
	v, err := issuer.NewVerifier(url, keys, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func reasonOf(err error) issuer.Reason {
	if v, ok := errors.AsType[*issuer.VerifyError](err); ok {
		return v.Reason
	}
	return ""
}

func TestNewVerifierRequiresAudienceAndOrganization(t *testing.T) {
	t.Parallel()
	keys := issuer.StaticKeySet()
	org := []string{idptest.OrganizationID}
	tests := []struct {
		rule   string
		issuer string
		keys   issuer.KeySet
		opts   *issuer.VerifierOptions
		ok     bool
	}{
		{"nil options", idp.Issuer, keys, nil, false},
		{"zero options", idp.Issuer, keys, &issuer.VerifierOptions{}, false},
		{"no issuer", "", keys, &issuer.VerifierOptions{AnyAudience: true}, false},
		{"no keys", "https://a.example", nil, &issuer.VerifierOptions{AnyAudience: true}, false},
		{"audience only, shared issuer", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}}, false},
		{"any audience only, shared issuer", idp.Issuer, keys, &issuer.VerifierOptions{AnyAudience: true}, false},
		{"audience only, shared issuer with a slash", idp.Issuer + "/", keys, &issuer.VerifierOptions{Audiences: []string{"a"}}, false},
		{"audience only, shared issuer in capitals", "https://APP.gitpod.io", keys, &issuer.VerifierOptions{Audiences: []string{"a"}}, false},
		{"organization only", idp.Issuer, keys, &issuer.VerifierOptions{Organizations: org}, false},
		{"empty audience", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{""}, Organizations: org}, false},
		{"organization that is not an ID", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{"nope"}}, false},
		{"organization in capitals", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{strings.ToUpper(idptest.OrganizationID)}}, false},
		{"organization with a space", "https://a.example", keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{idptest.OrganizationID + " "}}, false},
		{"project that is not an ID", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Projects: []string{idptest.ProjectID, "nope"}}, false},
		{"empty project", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Projects: []string{""}}, false},
		{"environment that is not an ID", "https://a.example", keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Environments: []string{"env:" + idptest.EnvironmentID}}, false},
		{"project only, shared issuer", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Projects: []string{idptest.ProjectID}}, false},
		{"empty organization", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{""}}, false},
		{"audience and any", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, AnyAudience: true, Organizations: org}, false},
		{"organization and any", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, AnyOrganization: true}, false},
		{"alg none", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Algorithms: []string{"none"}}, false},
		{"alg HS256", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Algorithms: []string{"RS256", "HS256"}}, false},
		{"alg PS256", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Algorithms: []string{"PS256"}}, false},
		{"alg in lower case", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Algorithms: []string{"rs256"}}, false},
		{"leeway of an hour", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, Leeway: time.Hour}, false},
		{"negative lifetime", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, MaxLifetime: -7}, false},
		{"both", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org}, true},
		{"any organization", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, AnyOrganization: true}, true},
		{"any audience and any organization", idp.Issuer, keys, &issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true}, true},
		{"own issuer, audience only", "https://a.example", keys, &issuer.VerifierOptions{Audiences: []string{"a"}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			v, err := issuer.NewVerifier(tt.issuer, tt.keys, tt.opts)
			if (err == nil) != tt.ok || (v != nil) != tt.ok {
				t.Errorf("NewVerifier = %v, %v; want ok %v", v, err, tt.ok)
			}
			if tt.opts != nil && tt.opts.MaxLifetime < 0 && !strings.Contains(err.Error(), "got -7ns") {
				t.Errorf("the error %q does not show the value", err)
			}
		})
	}
}

// An ECDSA signature is r and s in full length, and nothing else (RFC 7518 section 3.4).
func TestECDSASignatureForms(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
	v := iss.Verifier(audience)
	good := iss.Sign(iss.Claims(audience))
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	cut := strings.LastIndexByte(good, '.') + 1
	sig, err := base64.RawURLEncoding.DecodeString(good[cut:])
	if err != nil {
		t.Fatal(err)
	}
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	n := iss.PrivateKey().Public().(*ecdsa.PublicKey).Params().N
	for name, b := range map[string][]byte{
		"ASN.1":             der,
		"zeros":             make([]byte, 64), // CVE-2022-21449
		"r zero":            append(make([]byte, 32), sig[32:]...),
		"s zero":            append(sig[:32:32], make([]byte, 32)...),
		"the order twice":   append(n.Bytes(), n.Bytes()...),
		"r and s swapped":   append(sig[32:64:64], sig[:32]...),
		"one byte more":     append(sig[:64:64], 0),
		"one byte less":     sig[:63],
		"wide r and s":      append(append(make([]byte, 1), sig[:32]...), append(make([]byte, 1), sig[32:]...)...),
		"length of ES384":   make([]byte, 96),
		"only r":            sig[:32],
		"longer than a key": make([]byte, 4096),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := good[:cut] + base64.RawURLEncoding.EncodeToString(b)
			if _, err := v.Verify(t.Context(), raw); reasonOf(err) != issuer.ReasonSignature {
				t.Errorf("Verify = %v, want reason %q", err, issuer.ReasonSignature)
			}
		})
	}
}

// A key is used only for its algorithm, its use and its kind.
func TestKeysThatDoNotFit(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	raw := iss.Sign(iss.Claims("a"))
	pub := iss.PrivateKey().Public()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		keys []issuer.Key
		want issuer.Reason
	}{
		"for encryption":      {[]issuer.Key{{ID: "k0", Use: "enc", Public: pub}}, issuer.ReasonKey},
		"for RS512":           {[]issuer.Key{{ID: "k0", Algorithm: "RS512", Public: pub}}, issuer.ReasonKey},
		"for PS256":           {[]issuer.Key{{ID: "k0", Algorithm: "PS256", Public: pub}}, issuer.ReasonKey},
		"a secret":            {[]issuer.Key{{ID: "k0", Public: []byte("secret")}}, issuer.ReasonKey},
		"Ed25519":             {[]issuer.Key{{ID: "k0", Public: ed}}, issuer.ReasonKey},
		"1024 bits":           {[]issuer.Key{{ID: "k0", Public: &small.PublicKey}}, issuer.ReasonKey},
		"exponent 1":          {[]issuer.Key{{ID: "k0", Public: &rsa.PublicKey{N: pub.(*rsa.PublicKey).N, E: 1}}}, issuer.ReasonKey},
		"nil":                 {[]issuer.Key{{ID: "k0"}}, issuer.ReasonKey},
		"nil RSA":             {[]issuer.Key{{ID: "k0", Public: (*rsa.PublicKey)(nil)}}, issuer.ReasonKey},
		"empty ECDSA":         {[]issuer.Key{{ID: "k0", Public: &ecdsa.PublicKey{}}}, issuer.ReasonKey},
		"another kid":         {[]issuer.Key{{ID: "k1", Public: pub}}, issuer.ReasonKey},
		"no kid":              {[]issuer.Key{{Public: pub}}, issuer.ReasonKey},
		"two with one kid":    {[]issuer.Key{{ID: "k0", Public: pub}, {ID: "k0", Public: ecKey(t).Public()}}, issuer.ReasonKey},
		"the same key twice":  {[]issuer.Key{{ID: "k0", Public: pub}, {ID: "k0", Public: pub}}, ""},
		"with alg and use":    {[]issuer.Key{{ID: "k0", Algorithm: "RS256", Use: "sig", Public: pub}}, ""},
		"without alg and use": {[]issuer.Key{{ID: "k0", Public: pub}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, iss.URL, issuer.StaticKeySet(tt.keys...), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
			if _, err := v.Verify(t.Context(), raw); reasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("Verify = %v, want reason %q", err, tt.want)
			}
		})
	}
}

// A kid may be absent if there is one key (OpenID Connect Core 1.0, section 10.1).
func TestTokenWithoutKid(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	payload, err := json.Marshal(iss.Claims("a"))
	if err != nil {
		t.Fatal(err)
	}
	raw := iss.SignRaw([]byte(`{"alg":"RS256"}`), payload)
	pub := iss.PrivateKey().Public()
	second, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		keys []issuer.Key
		want issuer.Reason
	}{
		"one key":                {[]issuer.Key{{ID: "k0", Public: pub}}, ""},
		"one that fits":          {[]issuer.Key{{ID: "e", Public: ecKey(t).Public()}, {ID: "k0", Public: pub}}, ""},
		"two that fit":           {[]issuer.Key{{ID: "k0", Public: pub}, {ID: "k1", Public: &second.PublicKey}}, issuer.ReasonKey},
		"another key":            {[]issuer.Key{{ID: "k1", Public: &second.PublicKey}}, issuer.ReasonSignature},
		"two with different alg": {[]issuer.Key{{ID: "k0", Algorithm: "RS256", Public: pub}, {ID: "k1", Algorithm: "RS512", Public: &second.PublicKey}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, iss.URL, issuer.StaticKeySet(tt.keys...), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
			if _, err := v.Verify(t.Context(), raw); reasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Errorf("Verify = %v, want reason %q", err, tt.want)
			}
		})
	}
}

type keySetFunc func(ctx context.Context, kid string) ([]issuer.Key, error)

func (f keySetFunc) Keys(ctx context.Context, kid string) ([]issuer.Key, error) { return f(ctx, kid) }

func TestKeysUnavailable(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	raw := iss.Sign(iss.Claims("a"))
	cause := errors.New("the network is down")
	v := newVerifier(t, iss.URL, keySetFunc(func(context.Context, string) ([]issuer.Key, error) { return nil, cause }),
		issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	_, err := v.Verify(t.Context(), raw)
	refused, ok := errors.AsType[*issuer.VerifyError](err)
	if !ok || refused.Reason != issuer.ReasonKeysUnavailable || !refused.Temporary() || !errors.Is(err, cause) {
		t.Errorf("Verify = %v, want a temporary %q that wraps the cause", err, issuer.ReasonKeysUnavailable)
	}

	waits := newVerifier(t, iss.URL, keySetFunc(func(ctx context.Context, _ string) ([]issuer.Key, error) {
		<-ctx.Done()
		return nil, fmt.Errorf("wrapped: %w", ctx.Err())
	}), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := waits.Verify(ctx, raw); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v, want %v", err, context.Canceled)
	}
}
