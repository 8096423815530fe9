package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/onafed/onafed/internal/strictjson"
)

// maxDepth bounds the nesting of the JSON that is read here.
const maxDepth = 32

// Key is a public key and the members of its JSON Web Key that say how to use it.
type Key struct {
	ID        string // kid; "" if absent
	Algorithm string // alg; "" if absent
	Use       string // use; "" if absent
	Public    crypto.PublicKey
}

// jsonWebKey has the members of a JSON Web Key (RFC 7517) that are read or written. Others are
// ignored, private ones too.
type jsonWebKey struct {
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

	unusable bool // a member has a value of a wrong type, or does not allow verification
}

// parseJSONWebKey reads the members of a JSON Web Key. A member with a value of a wrong type makes
// the key unusable and is not an error. The members are read from a map, because encoding/json
// ignores letter case when it reads into a struct.
func parseJSONWebKey(text string) (jsonWebKey, error) {
	l := strictjson.New(text, strictjson.Limits{Depth: maxDepth})
	if err := l.Document(func(string, int) error { return l.Skip() }); err != nil {
		return jsonWebKey{}, err
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return jsonWebKey{}, err
	}
	var w jsonWebKey
	for name, dst := range map[string]*string{
		"kty": &w.KeyType, "use": &w.Use, "alg": &w.Algorithm, "kid": &w.ID,
		"crv": &w.Curve, "x": &w.X, "y": &w.Y, "n": &w.N, "e": &w.E,
	} {
		if value, ok := members[name]; ok {
			s, isString := value.(string)
			*dst = s
			w.unusable = w.unusable || !isString
		}
	}
	if value, ok := members["key_ops"]; ok && !allowsVerify(value) {
		w.unusable = true
	}
	return w, nil
}

// allowsVerify reports whether key_ops is a list of strings with "verify" (RFC 7517, section 4.3).
func allowsVerify(keyOps any) bool {
	ops, _ := keyOps.([]any)
	notString := func(op any) bool { _, ok := op.(string); return !ok }
	return slices.Contains(ops, any("verify")) && !slices.ContainsFunc(ops, notString)
}

// key returns the key that w describes, and whether it can be used to verify signatures.
func (w *jsonWebKey) key() (Key, bool) {
	if w.unusable || w.Use != "" && w.Use != "sig" {
		return Key{}, false
	}
	// jwx reads the members that define the key and no others. It therefore never interprets other
	// members (x5c, jku, d), and no size exceeds the limits here.
	var defining jsonWebKey
	var ok bool
	switch w.KeyType {
	case "RSA":
		defining, ok = w.rsaMembers()
	case "EC":
		defining, ok = w.ecMembers()
	}
	if !ok {
		return Key{}, false
	}
	pub, err := defining.public()
	if err != nil || CheckPublicKey(pub) != nil {
		return Key{}, false
	}
	if w.Algorithm != "" {
		if a, ok := Lookup(w.Algorithm); !ok || a.Fits(pub) != nil {
			return Key{}, false
		}
	}
	return Key{ID: w.ID, Algorithm: w.Algorithm, Use: w.Use, Public: pub}, true
}

// rsaMembers returns the members that define an RSA key (RFC 7518, section 6.3.1), and whether they
// have possible sizes. [CheckPublicKey] checks the exact ones.
func (w *jsonWebKey) rsaMembers() (jsonWebKey, bool) {
	n, e := decodedSize(w.N), decodedSize(w.E)
	ok := n > 0 && n <= MaxRSABits/8+1 && e > 0 && e <= 4
	return jsonWebKey{KeyType: w.KeyType, N: w.N, E: w.E}, ok
}

// ecMembers returns the members that define an elliptic curve key, and whether the coordinates have
// the size of the curve (RFC 7518, section 6.2.1).
func (w *jsonWebKey) ecMembers() (jsonWebKey, bool) {
	size, ok := map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}[w.Curve]
	ok = ok && decodedSize(w.X) == size && decodedSize(w.Y) == size
	return jsonWebKey{KeyType: w.KeyType, Curve: w.Curve, X: w.X, Y: w.Y}, ok
}

// decodedSize returns the number of bytes that a member in base64url holds, or 0 if it is not
// base64url.
func decodedSize(member string) int {
	b, err := Decode(member)
	if err != nil {
		return 0
	}
	return len(b)
}

// public returns the key that the members of w define.
func (w *jsonWebKey) public() (crypto.PublicKey, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	parsed, err := jwk.ParseKey(text)
	if err != nil {
		return nil, err
	}
	var pub any
	err = parsed.Raw(&pub)
	return pub, err
}

// Equal reports whether two public keys are the same key.
func Equal(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// MarshalKey returns the JSON Web Key of a public key that has passed [CheckPublicKey] and whose kid
// is UTF-8. x5c may be empty; its entries are certificates in DER, the certificate of the key first.
func MarshalKey(k Key, x5c [][]byte) ([]byte, error) {
	w := jsonWebKey{Use: k.Use, Algorithm: k.Algorithm, ID: k.ID}
	switch p := k.Public.(type) {
	case *rsa.PublicKey:
		w.KeyType, w.N, w.E = "RSA", Encode(p.N.Bytes()), Encode(big.NewInt(int64(p.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := p.Bytes() // the byte 4, then X and Y at full length
		if err != nil {
			return nil, err
		}
		half := (len(point) - 1) / 2
		w.KeyType, w.Curve, w.X, w.Y = "EC", p.Params().Name, Encode(point[1:1+half]), Encode(point[1+half:])
	}
	for _, der := range x5c {
		w.X5C = append(w.X5C, base64.StdEncoding.EncodeToString(der)) // RFC 7517, section 4.7: not base64url
	}
	return json.Marshal(w)
}

// Thumbprint returns the SHA-256 thumbprint (RFC 7638), in base64url, of a public key that has passed
// [CheckPublicKey].
func Thumbprint(pub crypto.PublicKey) (string, error) {
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
