package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"unicode/utf8"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// MaxKeys is how many RSA keys, and how many ECDSA keys, a set may have: STS takes no larger one.
const MaxKeys = 100

// maxMembers is how many entries of a set are looked at, of whatever kind.
const maxMembers = 1000

// A Key is what is kept of a JSON Web Key.
type Key struct {
	ID        string // kid; "" when absent
	Algorithm string // alg; "" when absent
	Use       string // use; "" when absent
	Public    crypto.PublicKey
}

// ErrSkip is matched by the error of a key that is well formed but of no use here: another kind, for encryption, of an unknown
// curve. RFC 7517 section 5 says to ignore such keys in a set.
var ErrSkip = errors.New("key of no use here")

// ParseKey reads one JSON Web Key. A private member is not read: the result is the public key.
func ParseKey(data []byte) (Key, error) {
	m, err := Members(data)
	if err != nil {
		return Key{}, err
	}
	return keyOf(m)
}

func keyOf(m map[string]json.RawMessage) (Key, error) {
	var k Key
	var kty string
	for _, f := range []struct {
		name string
		to   *string
	}{{"kty", &kty}, {"kid", &k.ID}, {"alg", &k.Algorithm}, {"use", &k.Use}} {
		if err := text(m, f.name, f.to); err != nil {
			return Key{}, err
		}
	}
	if k.Use != "" && k.Use != "sig" {
		return Key{}, fmt.Errorf("%w: use is not sig", ErrSkip)
	}
	if raw, ok := m["key_ops"]; ok {
		var ops []string
		if err := json.Unmarshal(raw, &ops); err != nil {
			return Key{}, errors.New("key_ops is not an array of strings")
		}
		if !slices.Contains(ops, "verify") {
			return Key{}, fmt.Errorf("%w: key_ops has no verify", ErrSkip)
		}
	}
	if k.Algorithm != "" {
		if _, ok := Lookup(k.Algorithm); !ok {
			return Key{}, fmt.Errorf("%w: another algorithm", ErrSkip)
		}
	}
	var members []string
	switch kty {
	case "RSA":
		members = []string{"n", "e"}
	case "EC":
		members = []string{"x", "y"}
	case "":
		return Key{}, errors.New("kty is missing")
	default:
		return Key{}, fmt.Errorf("%w: another kty", ErrSkip)
	}
	// What jwx gets to read is framed here from the members that make up the key and from nothing else, so no member that
	// somebody adds (x5c, jku, d) is interpreted, and no size gets past these limits.
	frame := `{"kty":"` + kty + `"`
	size := 0
	if kty == "EC" {
		var crv string
		if err := text(m, "crv", &crv); err != nil {
			return Key{}, err
		}
		switch crv {
		case "P-256":
			size = 32
		case "P-384":
			size = 48
		case "P-521":
			size = 66
		case "":
			return Key{}, errors.New("crv is missing")
		default:
			return Key{}, fmt.Errorf("%w: another crv", ErrSkip)
		}
		frame += `,"crv":"` + crv + `"`
	}
	for _, name := range members {
		var v string
		if err := text(m, name, &v); err != nil {
			return Key{}, err
		}
		b, err := Decode(v)
		switch {
		case err != nil || len(b) == 0:
			return Key{}, fmt.Errorf("%s is not unpadded base64url", name)
		case size > 0 && len(b) != size: // RFC 7518 section 6.2.1.2
			return Key{}, fmt.Errorf("%s has %d bytes, not the %d of the curve", name, len(b), size)
		case name == "n" && len(b) > MaxRSABits/8+1, name == "e" && len(b) > 4:
			return Key{}, fmt.Errorf("%s has %d bytes: too many", name, len(b))
		}
		frame += `,"` + name + `":"` + v + `"`
	}
	parsed, err := jwk.ParseKey([]byte(frame + "}"))
	if err != nil {
		return Key{}, errors.New("the key cannot be read")
	}
	var pub any
	if err := parsed.Raw(&pub); err != nil {
		return Key{}, errors.New("the key cannot be read")
	}
	if err := CheckPublicKey(pub); err != nil {
		return Key{}, err
	}
	if k.Algorithm != "" {
		if a, _ := Lookup(k.Algorithm); a.Fits(pub) != nil {
			return Key{}, fmt.Errorf("the key does not fit its own alg %s", k.Algorithm)
		}
	}
	k.Public = pub
	return k, nil
}

func text(m map[string]json.RawMessage, name string, to *string) error {
	raw, ok := m[name]
	if !ok {
		return nil
	}
	var v *string
	if err := json.Unmarshal(raw, &v); err != nil || v == nil {
		return fmt.Errorf("%s is not a string", name)
	}
	*to = *v
	return nil
}

// Equal reports whether two public keys are the same key.
func Equal(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// AppendKey appends the JSON Web Key of a public key, made of fixed members and marshalled values. x5c may be empty; its entries
// are certificates in DER, the key's own first.
func AppendKey(dst []byte, k Key, x5c [][]byte) ([]byte, error) {
	if err := CheckPublicKey(k.Public); err != nil {
		return nil, err
	}
	w := struct {
		KeyType   string   `json:"kty"`
		Use       string   `json:"use,omitempty"`
		Algorithm string   `json:"alg,omitempty"`
		ID        string   `json:"kid,omitempty"`
		Curve     string   `json:"crv,omitempty"`
		X         string   `json:"x,omitempty"`
		Y         string   `json:"y,omitempty"`
		N         string   `json:"n,omitempty"`
		E         string   `json:"e,omitempty"`
		X5C       []string `json:"x5c,omitempty"`
	}{Use: k.Use, Algorithm: k.Algorithm, ID: k.ID}
	if !utf8.ValidString(k.ID) {
		return nil, errors.New("the kid is not UTF-8")
	}
	switch p := k.Public.(type) {
	case *rsa.PublicKey:
		w.KeyType, w.N, w.E = "RSA", Encode(p.N.Bytes()), Encode(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // 4, X, Y at full length
		if err != nil {
			return nil, err
		}
		half := (len(point) - 1) / 2
		w.KeyType, w.Curve, w.X, w.Y = "EC", p.Params().Name, Encode(point[1:1+half]), Encode(point[1+half:])
	}
	for _, der := range x5c {
		w.X5C = append(w.X5C, base64.StdEncoding.EncodeToString(der)) // RFC 7517 section 4.7: not the URL alphabet
	}
	b, err := json.Marshal(w)
	return append(dst, b...), err
}

// Thumbprint returns the SHA-256 thumbprint of a public key (RFC 7638), base64url.
func Thumbprint(pub crypto.PublicKey) (string, error) {
	if err := CheckPublicKey(pub); err != nil {
		return "", err
	}
	k, err := jwk.FromRaw(pub)
	if err != nil {
		return "", err
	}
	sum, err := k.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", err
	}
	return Encode(sum), nil
}

// Members reads a JSON object into its members. A name that stands twice, trailing bytes and text that is not UTF-8 are errors:
// encoding/json would take the last one, ignore, and replace.
func Members(data []byte) (map[string]json.RawMessage, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("not valid JSON")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	m := make(map[string]json.RawMessage)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, errors.New("not valid JSON")
		}
		name, ok := t.(string)
		if !ok {
			return nil, errors.New("not valid JSON")
		}
		if _, twice := m[name]; twice {
			return nil, errors.New("a member name stands twice")
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, errors.New("not valid JSON")
		}
		m[name] = v
	}
	return m, nil
}
