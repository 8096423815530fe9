package issuer

import (
	"context"
	"crypto"
	"fmt"

	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

// A Key is a public key that tokens are verified with. Its fields are not changed after it was handed to a [KeySet].
type Key struct {
	// ID is the kid that a token's header names; "" is a key without one, which verifies only tokens that name none.
	ID string
	// Algorithm is the one algorithm the key may be used with; "" admits every one that fits the kind of the key.
	Algorithm string
	// Use is "sig" or "".
	Use string
	// Public is an *rsa.PublicKey of 2048 to 8192 bits or an *ecdsa.PublicKey on P-256, P-384 or P-521.
	Public crypto.PublicKey
}

// A KeySet yields the keys that a token may have been signed with. Implementations are safe for concurrent use.
type KeySet interface {
	// Keys returns the keys whose ID is kid, or all keys when kid is "". The result is not changed by either side. When there
	// is none the error is a *[KeyNotFoundError]; any other error says that the keys could not be had.
	Keys(ctx context.Context, kid string) ([]Key, error)
}

// A KeyNotFoundError says that a key set was read and has no usable key of that kid.
type KeyNotFoundError struct {
	// KeyID is the kid as the token gave it: untrusted text. "" stands for any key.
	KeyID string
}

// Error quotes the kid and cuts it.
func (e *KeyNotFoundError) Error() string {
	if e.KeyID == "" {
		return "issuer: the key set has no usable key"
	}
	return "issuer: the key set has no usable key " + quote.Text(e.KeyID, maxShown)
}

// maxShown is how many bytes of somebody else's text an error repeats.
const maxShown = 80

// StaticKeySet returns a key set of these keys, which never changes. Two different keys of one ID make neither usable, and a key
// that no algorithm accepts is left out, as in a set that was fetched.
func StaticKeySet(keys ...Key) KeySet {
	in := make([]jose.Key, 0, len(keys))
	for _, k := range keys {
		if jose.CheckPublicKey(k.Public) == nil {
			in = append(in, jose.Key(k))
		}
	}
	return newSnapshot(jose.DropAmbiguous(in))
}

// snapshot is an immutable set of keys; reading it allocates nothing.
type snapshot struct {
	all  []Key
	byID map[string][]Key
}

func newSnapshot(keys []jose.Key) *snapshot {
	s := &snapshot{byID: make(map[string][]Key, len(keys))}
	for _, k := range keys {
		s.all = append(s.all, Key(k))
	}
	for i, k := range s.all {
		if k.ID != "" {
			s.byID[k.ID] = s.all[i : i+1 : i+1]
		}
	}
	return s
}

func (s *snapshot) lookup(kid string) []Key {
	if kid == "" {
		return s.all
	}
	return s.byID[kid]
}

// Keys implements KeySet.
func (s *snapshot) Keys(_ context.Context, kid string) ([]Key, error) {
	if keys := s.lookup(kid); len(keys) > 0 {
		return keys, nil
	}
	return nil, &KeyNotFoundError{KeyID: kid}
}

// ParseKeySet reads a JSON Web Key Set as [RemoteKeySet] does: entries that are not understood or not well formed are left out, two
// different keys of one kid make neither usable, and more than 100 RSA or 100 ECDSA keys are an error.
func ParseKeySet(data []byte) ([]Key, error) {
	set, err := jose.ParseSet(data)
	if err != nil {
		return nil, fmt.Errorf("issuer: key set: %w", err)
	}
	return newSnapshot(set.Keys).all, nil
}
