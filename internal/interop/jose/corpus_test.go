package jose_test

import (
	"crypto"
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
	"slices"
	"strings"
	"time"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/onafed/onafed/idp/idptest"
)

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

// A material has the parts of a good token, and the encodings of keys.
type material struct {
	*forge
	good                                    string
	parts                                   []string // of the good token
	signature, der, spki, pkcs1, foreignJWK []byte
}

func (f *forge) material() *material {
	good := f.rs256(headerRSA, f.claims())
	m := &material{forge: f, good: good, parts: strings.Split(good, ".")}
	var err error
	if m.signature, err = base64.RawURLEncoding.DecodeString(m.parts[2]); err != nil {
		f.t.Fatal(err)
	}
	if m.der, err = x509.MarshalPKIXPublicKey(&f.rsa.PublicKey); err != nil {
		f.t.Fatal(err)
	}
	m.spki = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: m.der})
	m.pkcs1 = pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&f.rsa.PublicKey)})
	if m.foreignJWK, err = json.Marshal(gojose.JSONWebKey{Key: &f.foreign.PublicKey, KeyID: "rsa"}); err != nil {
		f.t.Fatal(err)
	}
	return m
}

// header returns a signed token with another header.
func (m *material) header(h string) string { return m.rs256(h, m.claims()) }

// signed returns a signed token with some claims changed.
func (m *material) signed(pairs ...any) string { return m.rs256(headerRSA, m.claims(pairs...)) }

// with returns a signed token with one more member in its claims.
func (m *material) with(member string) string {
	return m.rs256(headerRSA, strings.TrimSuffix(m.claims(), "}")+","+member+"}")
}

// pss returns a token with a correct PS256 signature.
func (m *material) pss() string {
	text := b64(`{"alg":"PS256","kid":"rsa"}`) + "." + m.parts[1]
	hash := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPSS(rand.Reader, m.rsa, crypto.SHA256, hash[:], nil)
	if err != nil {
		m.t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// corpus returns all broken tokens.
func (f *forge) corpus() []broken {
	m := f.material()
	return slices.Concat(m.algorithms(), m.signatures(), m.keys(), m.headers(), m.serializations(), m.claimsJSON(), m.claimValues())
}

// algorithms returns tokens that change the algorithm.
func (m *material) algorithms() []broken {
	return []broken{
		{name: "none, no signature", token: b64(`{"alg":"none"}`) + "." + m.parts[1] + "."},
		{name: "none with kid, no signature", token: b64(`{"alg":"none","kid":"rsa"}`) + "." + m.parts[1] + "."},
		{name: "none, signed", token: m.header(`{"alg":"none","kid":"rsa"}`)},
		{name: "None", token: b64(`{"alg":"None","kid":"rsa"}`) + "." + m.parts[1] + "."},
		{name: "NONE", token: b64(`{"alg":"NONE","kid":"rsa"}`) + "." + m.parts[1] + "."},
		{name: "nOnE", token: m.header(`{"alg":"nOnE","kid":"rsa"}`)},
		{name: "alg missing", token: m.header(`{"kid":"rsa"}`)},
		{name: "alg empty", token: m.header(`{"alg":"","kid":"rsa"}`)},
		{name: "alg in small letters", token: m.header(`{"alg":"rs256","kid":"rsa"}`)},
		{name: "alg with a blank", token: m.header(`{"alg":"RS256 ","kid":"rsa"}`)},
		{name: "alg a list", token: m.header(`{"alg":["RS256"],"kid":"rsa"}`)},
		{name: "HS256 with the public key in PEM", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, m.spki)},
		{name: "HS256 with the public key in PEM, without final newline", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, []byte(strings.TrimSpace(string(m.spki))))},
		{name: "HS256 with the public key in PKCS 1", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, m.pkcs1)},
		{name: "HS256 with the public key in DER", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, m.der)},
		{name: "HS256 with the modulus", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, m.rsa.N.Bytes())},
		{name: "HS256 with an empty secret", token: m.hmac(`{"alg":"HS256","kid":"rsa"}`, nil)},
		{name: "RS256 in the header, HMAC of the public key", token: m.hmac(headerRSA, m.spki)},
		{name: "PS256, correctly signed", token: m.pss()},
		{name: "ES256 on the RSA key", token: m.header(`{"alg":"ES256","kid":"rsa"}`)},
		{name: "RS256 on the EC key", token: m.header(`{"alg":"RS256","kid":"ec"}`)},
		{name: "RS512 in the header, RS256 signature", token: m.header(`{"alg":"RS512","kid":"rsa"}`)},
		{name: "EdDSA", token: m.header(`{"alg":"EdDSA","kid":"rsa"}`)},
	}
}

// signatures returns tokens that change the signature.
func (m *material) signatures() []broken {
	return []broken{
		{name: "signature empty", token: m.parts[0] + "." + m.parts[1] + "."},
		{name: "signature of zeros", token: m.parts[0] + "." + m.parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256))},
		{name: "signature one byte short", token: m.parts[0] + "." + m.parts[1] + "." + base64.RawURLEncoding.EncodeToString(m.signature[:255])},
		{name: "signature with a zero byte before", token: m.parts[0] + "." + m.parts[1] + "." + base64.RawURLEncoding.EncodeToString(append([]byte{0}, m.signature...))},
		{name: "signature with a byte after", token: m.good + "AA"},
		{name: "signature of another payload", token: m.parts[0] + "." + b64(m.claims("sub", "org:x")) + "." + m.parts[2]},
		{name: "header changed", token: b64(`{"alg":"RS256","kid":"rsa","x":1}`) + "." + m.parts[1] + "." + m.parts[2]},
		{name: "ES256 of zeros", token: b64(headerEC) + "." + m.parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))},
		{name: "ES256 in DER", token: m.es256(headerEC, m.claims(), func(r, s *big.Int) []byte {
			b, _ := asn1.Marshal(struct{ R, S *big.Int }{r, s})
			return b
		})},
		{name: "ES256 with a byte after", token: m.es256(headerEC, m.claims(), func(r, s *big.Int) []byte { return append(fixed(r, s), 0) })},
		{name: "ES256 with r and s of 33 bytes", token: m.es256(headerEC, m.claims(), func(r, s *big.Int) []byte {
			return append(append([]byte{0}, r.FillBytes(make([]byte, 32))...), append([]byte{0}, s.FillBytes(make([]byte, 32))...)...)
		})},
		{name: "ES256 with s over the order", token: m.es256(headerEC, m.claims(), func(r, _ *big.Int) []byte {
			return append(r.FillBytes(make([]byte, 32)), []byte(strings.Repeat("\xff", 32))...)
		})},
	}
}

// keys returns tokens that use another key.
func (m *material) keys() []broken {
	return []broken{
		{name: "another key under the kid", token: sign(m.foreign, headerRSA, m.claims())},
		{name: "jwk in the header", token: sign(m.foreign, `{"alg":"RS256","kid":"rsa","jwk":`+string(m.foreignJWK)+`}`, m.claims())},
		{name: "jwk in the header, no kid", token: sign(m.foreign, `{"alg":"RS256","jwk":`+string(m.foreignJWK)+`}`, m.claims())},
		{name: "jku", token: sign(m.foreign, `{"alg":"RS256","kid":"evil","jku":"https://evil.example/keys"}`, m.claims())},
		{name: "x5u", token: sign(m.foreign, `{"alg":"RS256","kid":"rsa","x5u":"https://evil.example/x5u"}`, m.claims())},
		{name: "x5c", token: sign(m.foreign, `{"alg":"RS256","kid":"rsa","x5c":["`+base64.StdEncoding.EncodeToString(m.der)+`"]}`, m.claims())},
		{name: "unknown kid", token: sign(m.foreign, `{"alg":"RS256","kid":"nobody"}`, m.claims())},
		{name: "kid is a path", token: sign(m.foreign, `{"alg":"RS256","kid":"../../../../dev/null"}`, m.claims())},
		{name: "kid in other letter case", token: m.header(`{"alg":"RS256","kid":"RSA"}`)},
		{name: "kid a number", token: m.header(`{"alg":"RS256","kid":1}`)},
		{name: "key of 1024 bits", token: sign(m.weak, `{"alg":"RS256","kid":"weak"}`, m.claims()), takes: by(whySize, "go-oidc", "go-jose", "golang-jwt")},
		{name: "key for encryption", token: sign(m.encrypts, `{"alg":"RS256","kid":"enc"}`, m.claims()), takes: by(whyUse, "go-oidc", "go-jose", "golang-jwt")},
		{name: "one of two keys with one kid", token: sign(m.twin, `{"alg":"RS256","kid":"twin"}`, m.claims()), takes: by(whyTwins, "go-oidc")},
	}
}

// headers returns tokens that change the header.
func (m *material) headers() []broken {
	return []broken{
		{name: "crit of an unknown name", token: m.header(`{"alg":"RS256","kid":"rsa","crit":["x"],"x":1}`), takes: by(whyCrit, "golang-jwt")},
		{name: "crit empty", token: m.header(`{"alg":"RS256","kid":"rsa","crit":[]}`), takes: and(by(whyCritEmpty, "go-oidc", "go-jose"), whyCrit, "golang-jwt")},
		{name: "crit null", token: m.header(`{"alg":"RS256","kid":"rsa","crit":null}`), takes: and(by(whyCritEmpty, "go-oidc", "go-jose"), whyCrit, "golang-jwt")},
		{name: "b64 false", token: m.header(`{"alg":"RS256","kid":"rsa","b64":false}`), takes: by(whyB64, "golang-jwt", "jose")},
		{name: "b64 false and crit", token: m.header(`{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}`), takes: by(whyCrit, "golang-jwt")},
		{name: "typ of a logout token", token: m.header(`{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}`), takes: by(whyTyp, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "typ of a DPoP proof", token: m.header(`{"alg":"RS256","kid":"rsa","typ":"dpop+jwt"}`), takes: by(whyTyp, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "alg twice, none last", token: m.header(`{"alg":"RS256","alg":"none","kid":"rsa"}`)},
		{name: "alg twice, none first", token: m.header(`{"alg":"none","alg":"RS256","kid":"rsa"}`), takes: by(whyDuplicates, "golang-jwt", "jose")},
		{name: "kid twice", token: m.header(`{"alg":"RS256","kid":"nobody","kid":"rsa"}`), takes: by(whyDuplicates, "golang-jwt", "jose")},
		{name: "alg and Alg", token: m.header(`{"alg":"RS256","Alg":"none","kid":"rsa"}`), takes: by(whyCase, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "header with a tail", token: m.header(headerRSA + ` {}`)},
		{name: "header a list", token: m.header(`["RS256"]`)},
	}
}

// serializations returns tokens that change the compact form.
func (m *material) serializations() []broken {
	return []broken{
		{name: "empty", token: ""},
		{name: "dots", token: ".."},
		{name: "two parts", token: m.parts[0] + "." + m.parts[1]},
		{name: "a dot before", token: "." + m.good},
		{name: "a dot after", token: m.good + "."},
		{name: "four parts", token: m.good + "." + m.parts[2]},
		{name: "five parts", token: b64(`{"alg":"RSA-OAEP","enc":"A256GCM"}`) + ".a.b.c.d"},
		{name: "JSON, flattened", token: `{"protected":"` + m.parts[0] + `","payload":"` + m.parts[1] + `","signature":"` + m.parts[2] + `"}`, takes: by(whySerial, "go-oidc")},
		{name: "JSON, general", token: `{"payload":"` + m.parts[1] + `","signatures":[{"protected":"` + m.parts[0] + `","signature":"` + m.parts[2] + `"}]}`, takes: by(whySerial, "go-oidc")},
		{name: "a blank before", token: " " + m.good, takes: by(whyTrim, "go-oidc")},
		{name: "a blank after", token: m.good + " ", takes: and(by(whyTrim, "go-oidc"), whyBlanks, "jose")},
		{name: "a newline after", token: m.good + "\n", takes: by(whyBlanks, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "a newline in the signature", token: m.parts[0] + "." + m.parts[1] + "." + m.parts[2][:10] + "\n" + m.parts[2][10:], takes: by(whyBlanks, "go-oidc", "go-jose", "golang-jwt", "jose")},
		{name: "a newline in the payload, signed", token: signText(m.rsa, m.parts[0]+"."+m.parts[1][:10]+"\n"+m.parts[1][10:]), takes: by(whyBlanks, "golang-jwt", "jose")},
		{name: "a carriage return in the header, signed", token: signText(m.rsa, m.parts[0][:10]+"\r"+m.parts[0][10:]+"."+m.parts[1]), takes: by(whyBlanks, "golang-jwt", "jose")},
		{name: "padding on the signature", token: m.parts[0] + "." + m.parts[1] + "." + base64.URLEncoding.EncodeToString(m.signature), takes: by(whyPadding, "jose")},
		{name: "padding on the payload, signed", token: signText(m.rsa, m.parts[0]+"."+base64.URLEncoding.EncodeToString([]byte(m.claims("x", strings.Repeat("x", 3-(len(m.claims("x", ""))+1)%3))))), takes: by(whyPadding, "jose")},
		{name: "the other alphabet", token: m.otherAlphabet()},
		{name: "unused bits in the signature", token: m.good[:len(m.good)-1] + lastBits(m.good[len(m.good)-1]), takes: by(whyBits, "go-oidc", "go-jose", "jose")},
		{name: "a zero byte in the signature", token: m.good[:len(m.good)-4] + "\x00" + m.good[len(m.good)-4:]},
		{name: "more than 20,000 bytes", token: m.signed("x", strings.Repeat("x", 20000)), takes: by(whyLong, "go-oidc", "go-jose", "golang-jwt", "jose")},
	}
}

// claimsJSON returns tokens that change the JSON of the claims.
func (m *material) claimsJSON() []broken {
	return []broken{
		{name: "claims not JSON", token: m.rs256(headerRSA, "sub=me")},
		{name: "claims a list", token: m.rs256(headerRSA, "["+m.claims()+"]")},
		{name: "claims null", token: m.rs256(headerRSA, "null")},
		{name: "claims with a tail", token: m.rs256(headerRSA, m.claims()+"{}")},
		{name: "claims with a byte order mark", token: m.rs256(headerRSA, "\ufeff"+m.claims()), takes: by(whyBOM, "jose")},
		{name: "claims not UTF-8", token: m.rs256(headerRSA, strings.Replace(m.claims(), `"org":`, "\"x\":\"\xff\",\"org\":", 1)), takes: by(whyUTF8, "go-oidc", "go-jose", "golang-jwt")},
		{name: "sub twice", token: m.with(`"sub":"org:x"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "exp twice", token: m.with(`"exp":99999999999`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "aud twice", token: m.with(`"aud":"` + audience + `"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
		{name: "sub and Sub", token: m.with(`"Sub":"org:x"`), takes: and(by(whyFold, "go-oidc"), whyCase, "go-jose", "golang-jwt", "jose")},
		{name: "exp and EXP", token: m.with(`"EXP":99999999999`), takes: and(by(whyFold, "go-oidc"), whyCase, "go-jose", "golang-jwt", "jose")},
		{name: "org twice", token: m.with(`"org":"` + idptest.ProjectID + `"`), takes: by(whyDuplicates, "go-oidc", "golang-jwt", "jose")},
	}
}

// claimValues returns tokens that change a claim.
func (m *material) claimValues() []broken {
	future, past := time.Now().Add(10*time.Minute).Unix(), time.Now().Add(-10*time.Minute).Unix()
	return []broken{
		{name: "expired", token: m.signed("exp", past)},
		{name: "exp missing", token: m.signed("exp", nil), takes: by(whyExp, "go-jose")},
		{name: "exp null", token: m.rs256(headerRSA, strings.TrimSuffix(m.claims("exp", nil), "}")+`,"exp":null}`), takes: by(whyExp, "go-jose")},
		{name: "exp a string", token: m.signed("exp", "99999999999"), takes: by(whyStrings, "go-oidc")},
		{name: "exp too large", token: m.rs256(headerRSA, strings.TrimSuffix(m.claims("exp", nil), "}")+`,"exp":1e400}`), takes: by(whyInfinity, "jose")},
		{name: "exp negative", token: m.signed("exp", -1)},
		{name: "not yet valid", token: m.signed("nbf", future)},
		{name: "issued in the future", token: m.signed("iat", future), takes: by(whyIAT, "go-oidc", "jose")},
		{name: "nbf a string", token: m.signed("nbf", "0"), takes: by(whyStrings, "go-oidc")},
		{name: "other issuer", token: m.signed("iss", "https://evil.example")},
		{name: "issuer with a slash", token: m.signed("iss", m.url+"/")},
		{name: "issuer missing", token: m.signed("iss", nil)},
		{name: "issuer a list", token: m.signed("iss", []string{m.url})},
		{name: "other audience", token: m.signed("aud", "evil.example")},
		{name: "audience missing", token: m.signed("aud", nil)},
		{name: "audience empty", token: m.signed("aud", []string{})},
		{name: "audience in capitals", token: m.signed("aud", strings.ToUpper(audience))},
		{name: "audience with the same beginning", token: m.signed("aud", audience+".evil.example")},
		{name: "audience with a blank", token: m.signed("aud", audience+" ")},
		{name: "audience an object", token: m.signed("aud", map[string]any{audience: true})},
		{name: "audience a list of lists", token: m.signed("aud", []any{[]any{audience}})},
		{name: "audience in azp only", token: m.signed("aud", "evil.example", "azp", audience)},
		{name: "sub a number", token: m.signed("sub", 1), takes: by(whySub, "jose")},
		{name: "org of another organization than sub", token: m.signed("org", idptest.ProjectID), takes: by(whyOrg, "go-oidc", "go-jose", "golang-jwt", "jose")},
	}
}
