package jose_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

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
