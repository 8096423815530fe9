package issuer_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

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
