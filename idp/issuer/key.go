package issuer

import (
	"context"
	"crypto"
	"fmt"

	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// A Key is a public key that verifies tokens. Do not change a Key that is in a [KeySet].
type Key struct {
	// ID is the kid in the header of a token. A key with the ID "" verifies only tokens without a
	// kid.
	ID string
	// Algorithm is the only algorithm of the key; "" means every algorithm that fits the key.
	Algorithm string
	// Use is "sig" or "".
	Use string
	// Public is an *rsa.PublicKey of 2048 to 8192 bits with an odd exponent from 3 to 2^31-1, usually
	// 65537, or an *ecdsa.PublicKey on P-256, P-384 or P-521.
	Public crypto.PublicKey
}

// A KeySet returns the keys of an issuer. Implementations must be safe for concurrent use.
type KeySet interface {
	// Keys returns the keys with the ID kid, or all keys if kid is "". Neither the caller nor the
	// KeySet may change the result. The error is a *[KeyNotFoundError] if there is no such key; any
	// other error means that the keys are not available.
	Keys(ctx context.Context, kid string) ([]Key, error)
}

// A KeyNotFoundError reports that a key set has no usable key with an ID.
type KeyNotFoundError struct {
	// KeyID is the kid of the token, which is untrusted text; "" means any key.
	KeyID string
}

// Error quotes the kid and cuts it.
func (e *KeyNotFoundError) Error() string {
	if e.KeyID == "" {
		return "issuer: the key set has no usable key"
	}
	return "issuer: the key set has no usable key " + quote.Text(e.KeyID, maxShown)
}

// StaticKeySet returns a set of keys that does not change. It skips the same keys as a key set that
// is fetched: different keys with the same ID, and keys that no algorithm accepts, such as a nil
// key or an RSA key that can be factored because a flawed library generated it (ROCA,
// CVE-2017-15361).
func StaticKeySet(keys ...Key) KeySet {
	usable := make([]jose.Key, 0, len(keys))
	for _, k := range keys {
		if jose.CheckPublicKey(k.Public) == nil {
			usable = append(usable, jose.Key(k))
		}
	}
	return newKeyIndex(jose.DropAmbiguous(usable))
}

// ParseKeySet parses a JSON Web Key Set. Entries that are unknown or malformed are skipped, as are
// different keys with the same ID. More than 100 RSA or 100 ECDSA keys are an error.
func ParseKeySet(data []byte) ([]Key, error) {
	set, err := jose.ParseSet(data)
	if err != nil {
		return nil, fmt.Errorf("issuer: key set: %w", err)
	}
	return newKeyIndex(set.Keys).all, nil
}

// A keyIndex is an immutable set of keys. A lookup does not allocate.
type keyIndex struct {
	all  []Key
	byID map[string][]Key
}

func newKeyIndex(keys []jose.Key) *keyIndex {
	x := &keyIndex{byID: make(map[string][]Key, len(keys))}
	for _, k := range keys {
		x.all = append(x.all, Key(k))
	}
	for i, k := range x.all {
		if k.ID != "" {
			x.byID[k.ID] = x.all[i : i+1 : i+1]
		}
	}
	return x
}

func (x *keyIndex) lookup(kid string) []Key {
	if kid == "" {
		return x.all
	}
	return x.byID[kid]
}

// Keys implements KeySet.
func (x *keyIndex) Keys(_ context.Context, kid string) ([]Key, error) {
	if keys := x.lookup(kid); len(keys) > 0 {
		return keys, nil
	}
	return nil, &KeyNotFoundError{KeyID: kid}
}
