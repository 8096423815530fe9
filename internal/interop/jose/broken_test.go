package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/onafed/onafed/idp/idptest"
)

// A forge makes tokens that a correct issuer does not make. Its issuer publishes two good keys and
// some that must not be used.
type forge struct {
	t        *testing.T
	url      string
	rsa      *rsa.PrivateKey // kid "rsa", for RS256
	ec       *ecdsa.PrivateKey
	foreign  *rsa.PrivateKey // not published
	weak     *rsa.PrivateKey // kid "weak", 1024 bits
	encrypts *rsa.PrivateKey // kid "enc", use "enc"
	twin     *rsa.PrivateKey // kid "twin", the second of two
}

func newForge(t *testing.T) *forge {
	t.Helper()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	f := &forge{
		t: t, rsa: newKey(t, "RS256").(*rsa.PrivateKey), ec: newKey(t, "ES256").(*ecdsa.PrivateKey), weak: weak,
		foreign: newKey(t, "RS256").(*rsa.PrivateKey), encrypts: newKey(t, "RS256").(*rsa.PrivateKey), twin: newKey(t, "RS256").(*rsa.PrivateKey),
	}
	other := newKey(t, "RS256").(*rsa.PrivateKey)
	jwk := func(key crypto.Signer, kid, algorithm, use string) map[string]any {
		text, err := json.Marshal(gojose.JSONWebKey{Key: key.Public(), KeyID: kid, Algorithm: algorithm, Use: use})
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		return members
	}
	f.url = serve(t, func(url string) map[string][]byte {
		return published(t, url, []any{
			jwk(f.rsa, "rsa", "RS256", "sig"),
			jwk(f.ec, "ec", "ES256", "sig"),
			jwk(f.weak, "weak", "RS256", "sig"),
			jwk(f.encrypts, "enc", "", "enc"),
			jwk(other, "twin", "RS256", "sig"),
			jwk(f.twin, "twin", "RS256", "sig"),
		})
	})
	return f
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// claims returns the payload of a good token with some claims changed; nil removes one.
func (f *forge) claims(pairs ...any) string {
	text, err := json.Marshal(idptest.With(standardClaims(f.url), pairs...))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

const (
	headerRSA = `{"alg":"RS256","kid":"rsa"}`
	headerEC  = `{"alg":"ES256","kid":"ec"}`
)

// sign returns a token with a correct RS256 signature over any header and payload.
func sign(key *rsa.PrivateKey, header, payload string) string {
	return signText(key, b64(header)+"."+b64(payload))
}

func signText(key *rsa.PrivateKey, text string) string {
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, hash[:])
	if err != nil {
		return err.Error()
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (f *forge) rs256(header, payload string) string { return sign(f.rsa, header, payload) }

// es256 returns a token with a correct ES256 signature in the encoding of write.
func (f *forge) es256(header, payload string, write func(r, s *big.Int) []byte) string {
	text := b64(header) + "." + b64(payload)
	hash := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, f.ec, hash[:])
	if err != nil {
		f.t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(write(r, s))
}

func fixed(r, s *big.Int) []byte {
	b := make([]byte, 64)
	r.FillBytes(b[:32])
	s.FillBytes(b[32:])
	return b
}

func (f *forge) hmac(header string, secret []byte) string {
	text := b64(header) + "." + b64(f.claims())
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// A broken token is a token that this library refuses for security.
type broken struct {
	name  string
	token string
	// takes has the peers that accept it, with the reason.
	takes map[string]string
}

// The known reasons why peers accept a token.
const (
	whyDuplicates = "uses the last of two members with one name; two readers may use different ones"
	whyFold       = "matches names in any letter case, and the last one wins"
	whyCase       = "distinguishes names by letter case, which is correct; this library refuses them because others do not"
	whyTyp        = "checks typ only with an option"
	whyCrit       = "does not check crit"
	whyCritEmpty  = "accepts a crit without names"
	whyB64        = "ignores b64 unless crit names it"
	whyBlanks     = "skips blanks and line breaks in base64"
	whyTrim       = "removes blanks"
	whyPadding    = "accepts padding in base64"
	whyBits       = "accepts unused bits in the last character that are not zero"
	whySize       = "accepts RSA keys of 1024 bits"
	whyUse        = "does not check the use of a key"
	whyTwins      = "tries each key with the kid"
	whyIAT        = "does not check iat without an option"
	whyExp        = "does not require exp"
	whyStrings    = "reads strings as times"
	whyInfinity   = "reads a number that is too large as infinity"
	whySerial     = "reads the JSON serialization too"
	whyUTF8       = "replaces bytes that are not UTF-8"
	whyBOM        = "skips a byte order mark"
	whyLong       = "has no limit of 20,000 bytes"
	whySub        = "does not check sub"
	whyOrg        = "does not know the claim org"
)

// by returns the peers that accept a token for a reason.
func by(why string, peers ...string) map[string]string {
	m := map[string]string{}
	for _, p := range peers {
		m[p] = why
	}
	return m
}

// and adds other peers with another reason.
func and(m map[string]string, why string, peers ...string) map[string]string {
	maps.Copy(m, by(why, peers...))
	return m
}

func (f *forge) corpus() []broken {
	good := f.rs256(headerRSA, f.claims())
	parts := strings.Split(good, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		f.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&f.rsa.PublicKey)
	if err != nil {
		f.t.Fatal(err)
	}
	spki := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&f.rsa.PublicKey)})
	foreign, err := json.Marshal(gojose.JSONWebKey{Key: &f.foreign.PublicKey, KeyID: "rsa"})
	if err != nil {
		f.t.Fatal(err)
	}
	pssText := b64(`{"alg":"PS256","kid":"rsa"}`) + "." + parts[1]
	pssHash := sha256.Sum256([]byte(pssText))
	pss, err := rsa.SignPSS(rand.Reader, f.rsa, crypto.SHA256, pssHash[:], nil)
	if err != nil {
		f.t.Fatal(err)
	}
	claims := func(pairs ...any) string { return f.rs256(headerRSA, f.claims(pairs...)) }
	with := func(member string) string { // a payload with a repeated member
		return f.rs256(headerRSA, strings.TrimSuffix(f.claims(), "}")+","+member+"}")
	}
	header := func(h string) string { return f.rs256(h, f.claims()) }
	future, past := time.Now().Add(10*time.Minute).Unix(), time.Now().Add(-10*time.Minute).Unix()

	return []broken{
		// Algorithms.
		{name: "none, no signature", token: b64(`{"alg":"none"}`) + "." + parts[1] + "."},
		{name: "none with kid, no signature", token: b64(`{"alg":"none","kid":"rsa"}`) + "." + parts[1] + "."},
		{name: "none, signed", token: header(`{"alg":"none","kid":"rsa"}`)},
		{name: "None", token: b64(`{"alg":"None","kid":"rsa"}`) + "." + parts[1] + "."},
		{name: "NONE", token: b64(`{"alg":"NONE","kid":"rsa"}`) + "." + parts[1] + "."},
		{name: "nOnE", token: header(`{"alg":"nOnE","kid":"rsa"}`)},
		{name: "alg missing", token: header(`{"kid":"rsa"}`)},
		{name: "alg empty", token: header(`{"alg":"","kid":"rsa"}`)},
		{name: "alg in small letters", token: header(`{"alg":"rs256","kid":"rsa"}`)},
		{name: "alg with a blank", token: header(`{"alg":"RS256 ","kid":"rsa"}`)},
		{name: "alg a list", token: header(`{"alg":["RS256"],"kid":"rsa"}`)},
		{name: "HS256 with the public key in PEM", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, spki)},
		{name: "HS256 with the public key in PEM, without final newline", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, []byte(strings.TrimSpace(string(spki))))},
		{name: "HS256 with the public key in PKCS 1", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, pkcs1)},
		{name: "HS256 with the public key in DER", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, der)},
		{name: "HS256 with the modulus", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, f.rsa.N.Bytes())},
		{name: "HS256 with an empty secret", token: f.hmac(`{"alg":"HS256","kid":"rsa"}`, nil)},
		{name: "RS256 in the header, HMAC of the public key", token: f.hmac(headerRSA, spki)},
		{name: "PS256, correctly signed", token: pssText + "." + base64.RawURLEncoding.EncodeToString(pss)},
		{name: "ES256 on the RSA key", token: header(`{"alg":"ES256","kid":"rsa"}`)},
		{name: "RS256 on the EC key", token: header(`{"alg":"RS256","kid":"ec"}`)},
		{name: "RS512 in the header, RS256 signature", token: header(`{"alg":"RS512","kid":"rsa"}`)},
		{name: "EdDSA", token: header(`{"alg":"EdDSA","kid":"rsa"}`)},

		// Signatures.
		{name: "signature empty", token: parts[0] + "." + parts[1] + "."},
		{name: "signature of zeros", token: parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256))},
		{name: "signature one byte short", token: parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(signature[:255])},
		{name: "signature with a zero byte before", token: parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(append([]byte{0}, signature...))},
		{name: "signature with a byte after", token: good + "AA"},
		{name: "signature of another payload", token: parts[0] + "." + b64(f.claims("sub", "org:x")) + "." + parts[2]},
		{name: "header changed", token: b64(`{"alg":"RS256","kid":"rsa","x":1}`) + "." + parts[1] + "." + parts[2]},
		{name: "ES256 of zeros", token: b64(headerEC) + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))},
		{name: "ES256 in DER", token: f.es256(headerEC, f.claims(), func(r, s *big.Int) []byte {
			b, _ := asn1.Marshal(struct{ R, S *big.Int }{r, s})
			return b
		})},
		{name: "ES256 with a byte after", token: f.es256(headerEC, f.claims(), func(r, s *big.Int) []byte { return append(fixed(r, s), 0) })},
		{name: "ES256 with r and s of 33 bytes", token: f.es256(headerEC, f.claims(), func(r, s *big.Int) []byte {
			return append(append([]byte{0}, r.FillBytes(make([]byte, 32))...), append([]byte{0}, s.FillBytes(make([]byte, 32))...)...)
		})},
		{name: "ES256 with s over the order", token: f.es256(headerEC, f.claims(), func(r, _ *big.Int) []byte {
			return append(r.FillBytes(make([]byte, 32)), []byte(strings.Repeat("\xff", 32))...)
		})},

		// Keys.
		{name: "another key under the kid", token: sign(f.foreign, headerRSA, f.claims())},
		{name: "jwk in the header", token: sign(f.foreign, `{"alg":"RS256","kid":"rsa","jwk":`+string(foreign)+`}`, f.claims())},
		{name: "jwk in the header, no kid", token: sign(f.foreign, `{"alg":"RS256","jwk":`+string(foreign)+`}`, f.claims())},
		{name: "jku", token: sign(f.foreign, `{"alg":"RS256","kid":"evil","jku":"https://evil.example/keys"}`, f.claims())},
		{name: "x5u", token: sign(f.foreign, `{"alg":"RS256","kid":"rsa","x5u":"https://evil.example/x5u"}`, f.claims())},
		{name: "x5c", token: sign(f.foreign, `{"alg":"RS256","kid":"rsa","x5c":["`+base64.StdEncoding.EncodeToString(der)+`"]}`, f.claims())},
		{name: "unknown kid", token: sign(f.foreign, `{"alg":"RS256","kid":"nobody"}`, f.claims())},
		{name: "kid is a path", token: sign(f.foreign, `{"alg":"RS256","kid":"../../../../dev/null"}`, f.claims())},
		{name: "kid in other letter case", token: header(`{"alg":"RS256","kid":"RSA"}`)},
		{name: "kid a number", token: header(`{"alg":"RS256","kid":1}`)},
		{name: "key of 1024 bits", token: sign(f.weak, `{"alg":"RS256","kid":"weak"}`, f.claims()), takes: by(whySize, "go-oidc", "go-jose", "golang-jwt")},
		{name: "key for encryption", token: sign(f.encrypts, `{"alg":"RS256","kid":"enc"}`, f.claims()), takes: by(whyUse, "go-oidc", "go-jose", "golang-jwt")},
		{name: "one of two keys with one kid", token: sign(f.twin, `{"alg":"RS256","kid":"twin"}`, f.claims()), takes: by(whyTwins, "go-oidc")},

		// Headers.
		{name: "crit of an unknown name", token: header(`{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}`), takes: by(whyCrit, "golang-jwt")},
		{name: "crit empty", token: header(`{"alg":"RS256","kid":"rsa","crit":[]}`), takes: and(by(whyCritEmpty, "go-oidc", "go-jose"), whyCrit, "golang-jwt")},
		{name: "crit null", token: header(`{"alg":"RS256","kid":"rsa","crit":null}`), takes: and(by(whyCritEmpty, "go-oidc", "go-jose"), whyCrit, "golang-jwt")},
		{name: "b64 false", token: header(`{"alg":"RS256","kid":"rsa","b64":false}`), takes: by(whyB64, "golang-jwt", "jose")},
		{name: "b64 false and crit", token: header(`{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}`), takes: by(whyCrit, "golang-jwt")},
		{name: "typ of a logout token", token: header(`{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}`), takes: by(whyTyp, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "typ of a DPoP proof", token: header(`{"alg":"RS256","kid":"rsa","typ":"dpop+jwt"}`), takes: by(whyTyp, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "alg twice, none last", token: header(`{"alg":"RS256","alg":"none","kid":"rsa"}`)},
		{name: "alg twice, none first", token: header(`{"alg":"none","alg":"RS256","kid":"rsa"}`), takes: by(whyDuplicates, "golang-jwt", "jose")},
		{name: "kid twice", token: header(`{"alg":"RS256","kid":"nobody","kid":"rsa"}`), takes: by(whyDuplicates, "golang-jwt", "jose")},
		{name: "alg and Alg", token: header(`{"alg":"RS256","Alg":"none","kid":"rsa"}`), takes: by(whyCase, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "header with a tail", token: header(headerRSA + ` {}`)},
		{name: "header a list", token: header(`["RS256"]`)},

		// The compact form.
		{name: "empty", token: ""},
		{name: "dots", token: ".."},
		{name: "two parts", token: parts[0] + "." + parts[1]},
		{name: "a dot before", token: "." + good},
		{name: "a dot after", token: good + "."},
		{name: "four parts", token: good + "." + parts[2]},
		{name: "five parts", token: b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d"},
		{name: "JSON, flattened", token: `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`, takes: by(whySerial, "go-oidc")},
		{name: "JSON, general", token: `{"payload":"` + parts[1] + `","signatures":[{"protected":"` + parts[0] + `","signature":"` + parts[2] + `"}]}`, takes: by(whySerial, "go-oidc")},
		{name: "a blank before", token: " " + good, takes: by(whyTrim, "go-oidc")},
		{name: "a blank after", token: good + " ", takes: and(by(whyTrim, "go-oidc"), whyBlanks, "jose")},
		{name: "a newline after", token: good + "\n", takes: by(whyBlanks, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "a newline in the signature", token: parts[0] + "." + parts[1] + "." + parts[2][:10] + "\n" + parts[2][10:], takes: by(whyBlanks, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "a newline in the payload, signed", token: signText(f.rsa, parts[0]+"."+parts[1][:10]+"\n"+parts[1][10:]), takes: by(whyBlanks, "golang-jwt", "jose")},
		{name: "a carriage return in the header, signed", token: signText(f.rsa, parts[0][:10]+"\r"+parts[0][10:]+"."+parts[1]), takes: by(whyBlanks, "golang-jwt", "jose")},
		{name: "padding on the signature", token: parts[0] + "." + parts[1] + "." + base64.URLEncoding.EncodeToString(signature), takes: by(whyPadding, "jose")},
		{name: "padding on the payload, signed", token: signText(f.rsa, parts[0]+"."+base64.URLEncoding.EncodeToString([]byte(f.claims("x", strings.Repeat("x", 3-(len(f.claims("x", ""))+1)%3))))), takes: by(whyPadding, "jose")},
		{name: "the other alphabet", token: f.otherAlphabet()},
		{name: "unused bits in the signature", token: good[:len(good)-1] + lastBits(good[len(good)-1]), takes: by(whyBits, "go-oidc", "go-jose", "jose")},
		{name: "a zero byte in the signature", token: good[:len(good)-4] + "\x00" + good[len(good)-4:]},
		{name: "more than 20,000 bytes", token: claims("x", strings.Repeat("x", 20000)), takes: by(whyLong, "go-oidc", "go-jose", "golang-jwt", "jose")},

		// Claims as JSON.
		{name: "claims not JSON", token: f.rs256(headerRSA, "sub=me")},
		{name: "claims a list", token: f.rs256(headerRSA, "["+f.claims()+"]")},
		{name: "claims null", token: f.rs256(headerRSA, "null")},
		{name: "claims with a tail", token: f.rs256(headerRSA, f.claims()+"{}")},
		{name: "claims with a byte order mark", token: f.rs256(headerRSA, "\ufeff"+f.claims()), takes: by(whyBOM, "jose")},
		{name: "claims not UTF-8", token: f.rs256(headerRSA, strings.Replace(f.claims(), `"org":`, "\"x\":\"\xff\",\"org\":", 1)), takes: by(whyUTF8, "go-oidc", "go-jose", "golang-jwt")},
		{name: "sub twice", token: with(`"sub":"org:x"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "exp twice", token: with(`"exp":99999999999`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "aud twice", token: with(`"aud":"` + audience + `"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "sub and Sub", token: with(`"Sub":"org:x"`), takes: and(by(whyFold, "go-oidc"), whyCase, "go-jose", "golang-jwt", "jose")},
		{name: "exp and EXP", token: with(`"EXP":99999999999`), takes: and(by(whyFold, "go-oidc"), whyCase, "go-jose", "golang-jwt", "jose")},
		{name: "org twice", token: with(`"org":"` + idptest.ProjectID + `"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},

		// Claims.
		{name: "expired", token: claims("exp", past)},
		{name: "exp missing", token: claims("exp", nil), takes: by(whyExp, "go-jose")},
		{name: "exp null", token: f.rs256(headerRSA, strings.TrimSuffix(f.claims("exp", nil), "}")+`,"exp":null}`), takes: by(whyExp, "go-jose")},
		{name: "exp a string", token: claims("exp", "99999999999"), takes: by(whyStrings, "go-oidc")},
		{name: "exp too large", token: f.rs256(headerRSA, strings.TrimSuffix(f.claims("exp", nil), "}")+`,"exp":1e400}`), takes: by(whyInfinity, "jose")},
		{name: "exp negative", token: claims("exp", -1)},
		{name: "not yet valid", token: claims("nbf", future)},
		{name: "issued in the future", token: claims("iat", future), takes: by(whyIAT, "go-oidc", "jose")},
		{name: "nbf a string", token: claims("nbf", "0"), takes: by(whyStrings, "go-oidc")},
		{name: "other issuer", token: claims("iss", "https://evil.example")},
		{name: "issuer with a slash", token: claims("iss", f.url+"/")},
		{name: "issuer missing", token: claims("iss", nil)},
		{name: "issuer a list", token: claims("iss", []string{f.url})},
		{name: "other audience", token: claims("aud", "evil.example")},
		{name: "audience missing", token: claims("aud", nil)},
		{name: "audience empty", token: claims("aud", []string{})},
		{name: "audience in capitals", token: claims("aud", strings.ToUpper(audience))},
		{name: "audience with the same beginning", token: claims("aud", audience+".evil.example")},
		{name: "audience with a blank", token: claims("aud", audience+" ")},
		{name: "audience an object", token: claims("aud", map[string]any{audience: true})},
		{name: "audience a list of lists", token: claims("aud", []any{[]any{audience}})},
		{name: "audience in azp only", token: claims("aud", "evil.example", "azp", audience)},
		{name: "sub a number", token: claims("sub", 1), takes: by(whySub, "jose")},
		{name: "org of another organization than sub", token: claims("org", idptest.ProjectID), takes: by(whyOrg, "go-oidc", "go-jose", "golang-jwt", "jose")},
	}
}

// otherAlphabet returns a token whose signature is in the base64 alphabet with "+" and "/", and
// uses one of them.
func (f *forge) otherAlphabet() string {
	for i := 0; ; i++ {
		token := f.rs256(headerRSA, f.claims("i", i))
		end := strings.LastIndex(token, ".")
		if strings.ContainsAny(token[end:], "-_") {
			return token[:end] + strings.NewReplacer("-", "+", "_", "/").Replace(token[end:])
		}
	}
}

// lastBits returns the character that means the same to a reader that ignores the two or four
// unused bits.
func lastBits(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1:][:1]
}

// TestBrokenTokens changes a good token, which all libraries accept. This library must refuse the
// result, and the others too, unless the table has the reason why they accept it. A peer with a
// reason must accept it, so that the table stays correct.
func TestBrokenTokens(t *testing.T) {
	t.Parallel()
	f := newForge(t)
	all := peers(t, newNodeOrNil(t))
	for _, good := range []string{f.rs256(headerRSA, f.claims()), f.es256(headerEC, f.claims(), fixed)} {
		for _, p := range append(all, peer{"onafed", ours}) {
			if sub, err := p.verify(t.Context(), f.url, good); err != nil || sub != idptest.Subject {
				t.Fatalf("%s refuses a good token, so the test proves nothing: %v", p.name, err)
			}
		}
	}
	corpus, exceptions := f.corpus(), map[string]int{}
	for _, b := range corpus {
		t.Run(b.name, func(t *testing.T) {
			if _, err := ours(t.Context(), f.url, b.token); err == nil {
				t.Error("this library accepts it")
			}
			for _, p := range all {
				_, err := p.verify(t.Context(), f.url, b.token)
				switch why := b.takes[p.name]; {
				case err == nil && why == "":
					t.Errorf("%s accepts it", p.name)
				case err != nil && why != "":
					t.Errorf("%s refuses it (%v), but the table says that it accepts it, because it %s", p.name, err, why)
				case why != "":
					exceptions[p.name]++
				}
			}
		})
	}
	t.Logf("%d broken tokens, all refused by this library; accepted by others for a known reason: %v", len(corpus), exceptions)
}
