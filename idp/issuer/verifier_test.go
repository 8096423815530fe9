package issuer_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

const audience = "sts.amazonaws.com"

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

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
		{"negative lifetime", idp.Issuer, keys, &issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: org, MaxLifetime: -1}, false},
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
		})
	}
}

// A forger makes invalid tokens from a valid one.
type forger struct {
	tb      testing.TB
	iss     *idptest.Issuer
	public  *rsa.PublicKey
	der     []byte          // public, in DER
	pem     []byte          // public, in PEM
	other   *rsa.PrivateKey // the attacker's
	good    string          // a valid token
	parts   []string        // of good
	payload []byte          // of good
	sig     []byte          // of good
}

func newForger(t *testing.T) *forger {
	t.Helper()
	f := &forger{tb: t, iss: idptest.NewIssuer(t, nil)}
	f.public = f.iss.PrivateKey().Public().(*rsa.PublicKey)
	var err error
	if f.other, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if f.der, err = x509.MarshalPKIXPublicKey(f.public); err != nil {
		t.Fatal(err)
	}
	f.pem = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: f.der})
	if f.payload, err = json.Marshal(f.iss.Claims(audience)); err != nil {
		t.Fatal(err)
	}
	f.good = f.iss.Sign(f.payload)
	f.parts = strings.Split(f.good, ".")
	if f.sig, err = base64.RawURLEncoding.DecodeString(f.parts[2]); err != nil {
		t.Fatal(err)
	}
	return f
}

// header returns a token with another header and a valid signature.
func (f *forger) header(h string) string { return f.iss.SignRaw([]byte(h), f.payload) }

// hmac returns a token with an HMAC as its signature.
func (f *forger) hmac(alg string, key []byte) string {
	signed := b64(`{"alg":"`+alg+`","kid":"k0"}`) + "." + f.parts[1]
	m := hmac.New(sha256.New, key)
	m.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// otherKey returns a token that is signed with the attacker's key.
func (f *forger) otherKey(header string) string {
	signed := b64(header) + "." + f.parts[1]
	sig, err := f.other.Sign(rand.Reader, hash(signed), crypto.SHA256)
	if err != nil {
		f.tb.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func (f *forger) otherJWK() string {
	return fmt.Sprintf(`{"kty":"RSA","kid":"k0","e":"AQAB","n":"%s"}`, base64.RawURLEncoding.EncodeToString(f.other.N.Bytes()))
}

// signPSS returns a valid PS256 signature.
func (f *forger) signPSS() []byte {
	signed := b64(`{"alg":"PS256","kid":"k0"}`) + "." + f.parts[1]
	sig, err := rsa.SignPSS(rand.Reader, f.iss.PrivateKey().(*rsa.PrivateKey), crypto.SHA256, hash(signed), nil)
	if err != nil {
		f.tb.Fatal(err)
	}
	return sig
}

func (f *forger) withSignature(b []byte) string {
	return f.parts[0] + "." + f.parts[1] + "." + base64.RawURLEncoding.EncodeToString(b)
}

// plusModulus returns a number that is equal to the signature modulo n.
func (f *forger) plusModulus() []byte {
	return new(big.Int).Add(new(big.Int).SetBytes(f.sig), f.public.N).Bytes()
}

// paddingTwin returns a token that a lenient decoder decodes to the same bytes: the last character
// of a signature of 256 bytes has two unused bits.
func (f *forger) paddingTwin() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(f.good) - 1
	return f.good[:last] + string(alphabet[strings.IndexByte(alphabet, f.good[last])|1])
}

// A forgery is an invalid token and the reason for its refusal.
type forgery struct {
	raw  string
	want issuer.Reason
}

// forgedAlgorithms returns tokens with another algorithm than the key's.
func (f *forger) forgedAlgorithms() map[string]forgery {
	return map[string]forgery{
		"alg none":                  {b64(`{"alg":"none","kid":"k0"}`) + "." + f.parts[1] + ".", issuer.ReasonMalformed},
		"alg none with a signature": {b64(`{"alg":"none","kid":"k0"}`) + "." + f.parts[1] + "." + f.parts[2], issuer.ReasonAlgorithm},
		"alg None":                  {f.header(`{"alg":"None","kid":"k0"}`), issuer.ReasonAlgorithm},
		"alg NONE":                  {f.header(`{"alg":"NONE","kid":"k0"}`), issuer.ReasonAlgorithm},
		"alg nOnE":                  {f.header(`{"alg":"nOnE","kid":"k0"}`), issuer.ReasonAlgorithm},
		"alg empty":                 {f.header(`{"alg":"","kid":"k0"}`), issuer.ReasonMalformed},
		"alg in lower case":         {f.header(`{"alg":"rs256","kid":"k0"}`), issuer.ReasonAlgorithm},
		"alg with a space":          {f.header(`{"alg":"RS256 ","kid":"k0"}`), issuer.ReasonAlgorithm},
		"HS256 with the key in PEM": {f.hmac("HS256", f.pem), issuer.ReasonAlgorithm},
		"HS256 with the key in DER": {f.hmac("HS256", f.der), issuer.ReasonAlgorithm},
		"HS256 with the modulus":    {f.hmac("HS256", f.public.N.Bytes()), issuer.ReasonAlgorithm},
		"HS256 with the JWKS":       {f.hmac("HS256", f.iss.JWKS()), issuer.ReasonAlgorithm},
		"HS256 with an empty key":   {f.hmac("HS256", nil), issuer.ReasonAlgorithm},
		"RS256 over an HMAC":        {f.hmac("RS256", f.pem), issuer.ReasonSignature},
		"PS256, valid signature":    {b64(`{"alg":"PS256","kid":"k0"}`) + "." + f.parts[1] + "." + base64.RawURLEncoding.EncodeToString(f.signPSS()), issuer.ReasonAlgorithm},
		"EdDSA":                     {f.header(`{"alg":"EdDSA","kid":"k0"}`), issuer.ReasonAlgorithm},
		"ES256 on an RSA key":       {f.header(`{"alg":"ES256","kid":"k0"}`), issuer.ReasonKey},
		"RS512 on a key for RS256":  {f.header(`{"alg":"RS512","kid":"k0"}`), issuer.ReasonKey},
	}
}

// forgedKeys returns tokens that name a key of the attacker.
func (f *forger) forgedKeys() map[string]forgery {
	return map[string]forgery{
		"other key, right kid":       {f.otherKey(`{"alg":"RS256","kid":"k0"}`), issuer.ReasonSignature},
		"embedded jwk":               {f.otherKey(`{"alg":"RS256","kid":"k0","jwk":` + f.otherJWK() + `}`), issuer.ReasonSignature},
		"embedded jwk, no kid":       {f.otherKey(`{"alg":"RS256","jwk":` + f.otherJWK() + `}`), issuer.ReasonSignature},
		"jku":                        {f.otherKey(`{"alg":"RS256","kid":"evil","jku":"https://evil.example/jwks.json"}`), issuer.ReasonKey},
		"x5u":                        {f.otherKey(`{"alg":"RS256","kid":"k0","x5u":"https://evil.example/x5u"}`), issuer.ReasonSignature},
		"x5c":                        {f.otherKey(`{"alg":"RS256","kid":"k0","x5c":["` + base64.StdEncoding.EncodeToString(f.der) + `"]}`), issuer.ReasonSignature},
		"kid with a path":            {f.otherKey(`{"alg":"RS256","kid":"../../../../dev/null"}`), issuer.ReasonKey},
		"kid with SQL":               {f.otherKey(`{"alg":"RS256","kid":"x' UNION SELECT 'key"}`), issuer.ReasonKey},
		"kid with a command":         {f.otherKey(`{"alg":"RS256","kid":"k0|/bin/true"}`), issuer.ReasonKey},
		"kid with a zero byte":       {f.otherKey(`{"alg":"RS256","kid":"k0\u0000"}`), issuer.ReasonKey},
		"kid in another letter case": {f.header(`{"alg":"RS256","kid":"K0"}`), issuer.ReasonKey},
	}
}

// forgedHeaders returns tokens whose header is malformed or has an unsupported member.
func (f *forger) forgedHeaders() map[string]forgery {
	return map[string]forgery{
		"crit":                    {f.header(`{"alg":"RS256","kid":"k0","crit":["exp"]}`), issuer.ReasonMalformed},
		"crit empty":              {f.header(`{"alg":"RS256","kid":"k0","crit":[]}`), issuer.ReasonMalformed},
		"crit null":               {f.header(`{"alg":"RS256","kid":"k0","crit":null}`), issuer.ReasonMalformed},
		"b64 is false":            {f.header(`{"alg":"RS256","kid":"k0","b64":false}`), issuer.ReasonHeader},
		"b64 is false, with crit": {f.header(`{"alg":"RS256","kid":"k0","b64":false,"crit":["b64"]}`), issuer.ReasonMalformed},
		"typ of a logout token":   {f.header(`{"alg":"RS256","kid":"k0","typ":"logout+jwt"}`), issuer.ReasonHeader},
		"typ of a DPoP proof":     {f.header(`{"alg":"RS256","kid":"k0","typ":"dpop+jwt"}`), issuer.ReasonHeader},
		"kid is a number":         {f.header(`{"alg":"RS256","kid":0}`), issuer.ReasonMalformed},
		"alg appears twice":       {f.header(`{"alg":"RS256","alg":"none","kid":"k0"}`), issuer.ReasonMalformed},
		"kid appears twice":       {f.header(`{"alg":"RS256","kid":"k0","kid":"k1"}`), issuer.ReasonMalformed},
		"alg and Alg":             {f.header(`{"alg":"RS256","Alg":"none","kid":"k0"}`), issuer.ReasonMalformed},
		"header is an array":      {f.header(`["RS256"]`), issuer.ReasonMalformed},
		"header is null":          {f.header(`null`), issuer.ReasonMalformed},
		"text after the header":   {f.header(`{"alg":"RS256","kid":"k0"} {}`), issuer.ReasonMalformed},
		"header not UTF-8":        {f.header("{\"alg\":\"RS256\",\"kid\":\"k0\",\"x\":\"\xff\"}"), issuer.ReasonMalformed},
	}
}

// malformedTokens returns tokens that are not a compact JWS.
func (f *forger) malformedTokens() map[string]forgery {
	return map[string]forgery{
		"claim appears twice":         {f.iss.SignRaw([]byte(`{"alg":"RS256","kid":"k0"}`), []byte(`{"sub":"a","sub":"b"}`)), issuer.ReasonMalformed},
		"empty":                       {"", issuer.ReasonMalformed},
		"dots":                        {"..", issuer.ReasonMalformed},
		"ten thousand dots":           {strings.Repeat(".", 10000), issuer.ReasonMalformed},
		"two parts":                   {f.parts[0] + "." + f.parts[1], issuer.ReasonMalformed},
		"trailing dot":                {f.good + ".", issuer.ReasonMalformed},
		"leading dot":                 {"." + f.good, issuer.ReasonMalformed},
		"trailing dots":               {f.good + "..", issuer.ReasonMalformed},
		"JWE":                         {b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d", issuer.ReasonMalformed},
		"JSON serialization":          {`{"protected":"` + f.parts[0] + `","payload":"` + f.parts[1] + `","signature":"` + f.parts[2] + `"}`, issuer.ReasonMalformed},
		"padded signature":            {f.good + "==", issuer.ReasonMalformed},
		"standard alphabet":           {strings.NewReplacer("-", "+", "_", "/").Replace(f.good) + "+", issuer.ReasonMalformed},
		"line break in the signature": {f.good[:len(f.good)-4] + "\n" + f.good[len(f.good)-4:], issuer.ReasonMalformed},
		"line break at the end":       {f.good + "\n", issuer.ReasonMalformed},
		"space at the start":          {" " + f.good, issuer.ReasonMalformed},
		"longer than STS accepts":     {f.iss.SignRaw([]byte(`{"alg":"RS256","kid":"k0"}`), []byte(`{"x":"`+strings.Repeat("x", 20000)+`"}`)), issuer.ReasonMalformed},
		"one megabyte":                {strings.Repeat("A", 1<<20) + "." + f.parts[1] + "." + f.parts[2], issuer.ReasonMalformed},
	}
}

// forgedSignatures returns tokens whose signature or signed text was changed.
func (f *forger) forgedSignatures() map[string]forgery {
	return map[string]forgery{
		"other padding bits":            {f.paddingTwin(), issuer.ReasonMalformed},
		"signature with a leading zero": {f.withSignature(append([]byte{0}, f.sig...)), issuer.ReasonSignature},
		"signature too short":           {f.withSignature(f.sig[:len(f.sig)-1]), issuer.ReasonSignature},
		"signature plus the modulus":    {f.withSignature(f.plusModulus()), issuer.ReasonSignature},
		"signature of zeros":            {f.withSignature(make([]byte, 256)), issuer.ReasonSignature},
		"signature empty":               {f.parts[0] + "." + f.parts[1] + ".", issuer.ReasonMalformed},
		"payload changed":               {f.parts[0] + "." + b64(strings.Replace(string(f.payload), idptest.EnvironmentID, idptest.ProjectID, 1)) + "." + f.parts[2], issuer.ReasonSignature},
		"header changed":                {b64(`{"alg":"RS256","kid":"k0","x":1}`) + "." + f.parts[1] + "." + f.parts[2], issuer.ReasonSignature},
	}
}

// A verifier refuses tokens that are not signed by the issuer, and tokens that are not ID tokens.
func TestForgeries(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	v := newVerifier(t, f.iss.URL, f.iss.Keys(), issuer.VerifierOptions{
		Audiences: []string{audience}, Organizations: []string{idptest.OrganizationID},
		Algorithms: []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"},
	})
	if _, err := v.Verify(t.Context(), f.good); err != nil {
		t.Fatalf("the valid token: %v", err)
	}
	for group, forgeries := range map[string]map[string]forgery{
		"algorithm": f.forgedAlgorithms(), "key": f.forgedKeys(), "header": f.forgedHeaders(),
		"form": f.malformedTokens(), "signature": f.forgedSignatures(),
	} {
		for name, forged := range forgeries {
			t.Run(group+"/"+name, func(t *testing.T) {
				t.Parallel()
				if forged.raw == f.good {
					t.Fatal("the forged token is the valid one")
				}
				wantRefusal(t, v, forged)
			})
		}
	}
}

func wantRefusal(t *testing.T, v *issuer.Verifier, forged forgery) {
	t.Helper()
	c, err := v.Verify(t.Context(), forged.raw)
	if err == nil {
		t.Fatalf("accepted, with %+v", c)
	}
	if c.Subject != "" || c.Audience != nil {
		t.Errorf("claims of a refused token: %+v", c)
	}
	if got := reasonOf(err); got != forged.want {
		t.Errorf("reason %q (%v), want %q", got, err, forged.want)
	}
	if len(forged.raw) > 40 && len(forged.raw) < 2000 { // a short text occurs by chance; a long one makes the test slow
		idptest.AssertNoSecret(t, err, forged.raw)
	}
	for _, r := range err.Error() {
		if r < 0x20 || r > 0x7e {
			t.Errorf("%q is not printable ASCII", err.Error())
			break
		}
	}
}

func hash(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
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

// A claimsTest is a token with valid claims or one that is refused.
type claimsTest struct {
	rule   string
	claims map[string]any
	want   issuer.Reason // "": accepted
	is     error
}

func runClaimsTests(t *testing.T, iss *idptest.Issuer, tests []claimsTest) {
	t.Helper()
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{
		Audiences: []string{"first", audience}, Organizations: []string{idptest.OrganizationID}, MaxLifetime: 2 * time.Hour,
		Leeway: 5 * time.Minute, // a busy machine may need half a minute for all tests
	})
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			t.Parallel()
			raw := iss.Sign(tt.claims)
			c, err := v.Verify(t.Context(), raw)
			if reasonOf(err) != tt.want || (err == nil) != (tt.want == "") {
				t.Fatalf("Verify = %v, want reason %q", err, tt.want)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("errors.Is(%v, %v) = false", err, tt.is)
			}
			if err != nil {
				idptest.AssertNoSecret(t, err, raw)
				if c.Issuer != "" {
					t.Errorf("claims of a refused token: %+v", c)
				}
			}
		})
	}
}

func TestVerifyIssuerAndAudience(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	runClaimsTests(t, iss, []claimsTest{
		{"valid", iss.Claims(audience), "", nil},
		{"aud is an array", idptest.With(iss.Claims(audience), "aud", []string{"x", audience}), "", nil},
		{"another aud", iss.Claims("other"), issuer.ReasonClaim, nil},
		{"aud in capitals", iss.Claims("STS.amazonaws.com"), issuer.ReasonClaim, nil},
		{"no aud", idptest.With(iss.Claims(audience), "aud", nil), issuer.ReasonClaim, nil},
		{"empty aud", idptest.With(iss.Claims(audience), "aud", []string{}), issuer.ReasonClaim, nil},
		{"azp does not replace aud", idptest.With(iss.Claims("other"), "azp", audience), issuer.ReasonClaim, nil},
		{"another iss", idptest.With(iss.Claims(audience), "iss", "https://app.gitpod.io.evil.example"), issuer.ReasonClaim, nil},
		{"iss with a slash", idptest.With(iss.Claims(audience), "iss", iss.URL+"/"), issuer.ReasonClaim, nil},
		{"no iss", idptest.With(iss.Claims(audience), "iss", nil), issuer.ReasonClaim, nil},
	})
}

func TestVerifyTimes(t *testing.T) {
	t.Parallel()
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	iss := idptest.NewIssuer(t, nil)
	runClaimsTests(t, iss, []claimsTest{
		{"no exp", idptest.With(iss.Claims(audience), "exp", nil), issuer.ReasonClaim, nil},
		{"expired", idptest.With(iss.Claims(audience), "exp", now(-10*time.Minute)), issuer.ReasonExpired, claims.ErrExpired},
		{"expired within the leeway", idptest.With(iss.Claims(audience), "exp", now(-time.Minute)), "", nil},
		{"nbf in the future", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
		{"nbf within the leeway", idptest.With(iss.Claims(audience), "nbf", now(time.Minute)), "", nil},
		{"iat in the future", idptest.With(iss.Claims(audience), "iat", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
		{"lifetime too long", idptest.With(iss.Claims(audience), "exp", now(3*time.Hour)), issuer.ReasonClaim, nil},
		{"no iat, but a maximum lifetime", idptest.With(iss.Claims(audience), "iat", nil), issuer.ReasonClaim, nil},
		{"expired and for another audience", idptest.With(iss.Claims("other"), "exp", now(-10*time.Minute)), issuer.ReasonClaim, claims.ErrExpired},
		{"nbf in the future and another iss", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "iss", "https://evil.example"), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and for another audience", idptest.With(iss.Claims("other"), "nbf", now(10*time.Minute)), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and no exp", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "exp", nil), issuer.ReasonClaim, claims.ErrNotYetValid},
		{"nbf in the future and expired", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "exp", now(-10*time.Minute)), issuer.ReasonExpired, claims.ErrExpired},
		{"nbf and iat in the future", idptest.With(iss.Claims(audience), "nbf", now(10*time.Minute), "iat", now(10*time.Minute)), issuer.ReasonNotYetValid, claims.ErrNotYetValid},
	})
}

func TestVerifyOrganization(t *testing.T) {
	t.Parallel()
	const other = "0191e223-1c3c-7607-badf-303c98b52d30"
	iss := idptest.NewIssuer(t, nil)
	v3 := func(org, sub string) map[string]any {
		return idptest.With(iss.Claims(audience), "org", nil, "organization_id", org, "sub", sub, "aud", []string{audience})
	}
	tests := []claimsTest{
		{"another organization", idptest.With(iss.Claims(audience), "org", other, "sub", "org:"+other+"/env:"+idptest.EnvironmentID), issuer.ReasonClaim, nil},
		{"org claim disagrees with sub", idptest.With(iss.Claims(audience), "sub", "org:"+other+"/env:"+idptest.EnvironmentID), issuer.ReasonClaim, nil},
		{"sub disagrees with org claim", idptest.With(iss.Claims(audience), "org", other), issuer.ReasonClaim, nil},
		{"no organization claim", idptest.With(iss.Claims(audience), "org", nil), issuer.ReasonClaim, nil},
		{"V3", v3(idptest.OrganizationID, "organization_id:"+idptest.OrganizationID+":project_id:"+idptest.ProjectID), "", nil},
		{"V3, no organization claim", idptest.With(v3("", "organization_id:"+idptest.OrganizationID), "organization_id", nil), issuer.ReasonClaim, nil},
		{"V3, sub of another organization", v3(idptest.OrganizationID, "organization_id:"+other+":project_id:"+idptest.ProjectID), issuer.ReasonClaim, nil},
		{"V3, claim of another organization", v3(other, "organization_id:"+idptest.OrganizationID), issuer.ReasonClaim, nil},
		{"V3, sub of an organization that has the same prefix", v3(idptest.OrganizationID, "organization_id:"+idptest.OrganizationID+"0"), issuer.ReasonClaim, nil},
		{"V3 account without organization", idptest.With(iss.Claims(audience), "org", nil, "account_id", other, "sub", "account_id:"+other), issuer.ReasonClaim, nil},
	}
	runClaimsTests(t, iss, tests)
	// AnyOrganization does not accept a token that contradicts itself.
	anyone := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true})
	for _, tt := range tests {
		if strings.Contains(tt.rule, "disagrees") || strings.Contains(tt.rule, "no organization claim") {
			if _, err := anyone.Verify(t.Context(), iss.Sign(tt.claims)); reasonOf(err) != issuer.ReasonClaim {
				t.Errorf("%s, AnyOrganization: Verify = %v, want reason %q", tt.rule, err, issuer.ReasonClaim)
			}
		}
	}
}

func TestVerifyProjectAndEnvironment(t *testing.T) {
	t.Parallel()
	const other = "0191e223-1c3c-7607-badf-303c98b52d30"
	iss := idptest.NewIssuer(t, nil)
	env, project := []string{other, idptest.EnvironmentID}, []string{other, idptest.ProjectID}
	v2 := iss.Claims(audience)
	v3 := idptest.With(v2, "org", nil, "organization_id", idptest.OrganizationID, "environment_id", idptest.EnvironmentID,
		"project_id", idptest.ProjectID, "sub", "organization_id:"+idptest.OrganizationID+":project_id:"+idptest.ProjectID)
	user := idptest.With(v2, "sub", "org:"+idptest.OrganizationID+"/user:"+other)
	noProject := idptest.With(v2, "sub", "org:"+idptest.OrganizationID+"/env:"+idptest.EnvironmentID)
	foreign := idptest.With(v2, "org", nil, "sub", "org:1/prj:2")
	for _, tt := range []struct {
		rule     string
		claims   map[string]any
		projects []string
		envs     []string
		ok       bool
	}{
		{"V2 project", v2, project, nil, true},
		{"V2 environment", v2, nil, env, true},
		{"V2 both", v2, project, env, true},
		{"V3 both", v3, project, env, true},
		{"another project", v2, []string{other}, nil, false},
		{"another environment", v2, nil, []string{other}, false},
		{"the project and another environment", v2, project, []string{other}, false},
		{"another project and the environment", v3, []string{other}, env, false},
		{"environment without a project", noProject, project, env, false},
		{"environment without a project, no project expected", noProject, nil, env, true},
		{"user, project", user, project, nil, false},
		{"user with the ID of the environment", user, nil, []string{other}, false},
		{"not Ona's subject, project", foreign, project, nil, false},
		{"not Ona's subject, environment", foreign, nil, env, false},
	} {
		v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{
			Audiences: []string{audience}, AnyOrganization: true, Projects: tt.projects, Environments: tt.envs,
		})
		if _, err := v.Verify(t.Context(), iss.Sign(tt.claims)); (err == nil) != tt.ok || err != nil && reasonOf(err) != issuer.ReasonClaim {
			t.Errorf("%s: Verify = %v, want ok %v", tt.rule, err, tt.ok)
		}
	}
}

// A verifier of another issuer accepts whatever sub and claims that issuer has.
func TestVerifierOfAnotherIssuerAcceptsItsSubjects(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://gitlab.example"})
	base := idptest.With(iss.Claims("a"), "org", nil)
	for _, pairs := range [][]any{
		{"sub", "org:1/prj:2"},
		{"sub", "organization_id:"},
		{"sub", "organization_id:5:project_id:6"},
		{"sub", "org:" + idptest.OrganizationID},
		{"sub", "organization_id:" + idptest.OrganizationID},
		{"sub", "project_path:a/b:ref_type:branch:ref:main", "runner_id", 1},
		{"sub", "a", "org", "acme", "organization_id", 7, "email", []string{"a"}, "Name", "b"},
	} {
		for _, o := range []issuer.VerifierOptions{{Audiences: []string{"a"}}, {AnyAudience: true, AnyOrganization: true}} {
			v := newVerifier(t, iss.URL, iss.Keys(), o)
			if _, err := v.Verify(t.Context(), iss.Sign(idptest.With(base, pairs...))); err != nil {
				t.Errorf("%v: Verify = %v", pairs, err)
			}
		}
		v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}, Organizations: []string{idptest.OrganizationID}})
		if _, err := v.Verify(t.Context(), iss.Sign(idptest.With(base, pairs...))); reasonOf(err) != issuer.ReasonClaim {
			t.Errorf("%v with an organization: Verify = %v", pairs, err)
		}
	}
}

func TestVerifierOfAnotherIssuer(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: "https://oidc.example/tenant", Algorithm: "ES384"})
	raw := iss.Sign(idptest.With(iss.Claims("a"), "org", nil, "sub", "system:serviceaccount:ns:name"))
	v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}, Algorithms: []string{"ES384"}})
	c, err := v.Verify(t.Context(), raw)
	if err != nil || c.Subject != "system:serviceaccount:ns:name" {
		t.Errorf("Verify = %+v, %v", c, err)
	}
	rs := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{Audiences: []string{"a"}})
	if _, err := rs.Verify(t.Context(), raw); reasonOf(err) != issuer.ReasonAlgorithm {
		t.Errorf("ES384 without the option: %v", err)
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

func TestLeeway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		for leeway, edge := range map[time.Duration]time.Duration{0: 30 * time.Second, -1: 0, 2 * time.Minute: 2 * time.Minute} {
			v := newVerifier(t, iss.URL, iss.Keys(), issuer.VerifierOptions{AnyAudience: true, AnyOrganization: true, Leeway: leeway})
			for d, want := range map[time.Duration]bool{-edge - time.Second: false, -edge + time.Second: true} {
				raw := iss.Sign(idptest.With(iss.Claims("a"), "exp", time.Now().Add(d).Unix()))
				if _, err := v.Verify(t.Context(), raw); (err == nil) != want {
					t.Errorf("Leeway %v, exp %v from now: %v, want accepted %v", leeway, d, err, want)
				}
			}
		}
	})
}
