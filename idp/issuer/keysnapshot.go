package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/onafed/onafed/internal/jose"
)

// A keySnapshot is the state of a KeyRing between two changes. It is immutable.
type keySnapshot struct {
	from, until int64 // Unix nanoseconds; until is exclusive
	signer      *Signer
	keys        *keyIndex
	jwks        []byte
	etag        string
	algorithms  []string
}

// snapshotAt returns the state of the ring at a time. It takes the lock only if the state has
// changed.
func (r *KeyRing) snapshotAt(now time.Time) *keySnapshot {
	if s, t := r.current.Load(), now.UnixNano(); s != nil && s.from <= t && t < s.until {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(now)
	s := r.newSnapshot(now.Round(0))
	r.current.Store(s)
	return s
}

// newSnapshot returns the state of the ring at a time. The caller holds r.mu.
func (r *KeyRing) newSnapshot(now time.Time) *keySnapshot {
	s := &keySnapshot{from: now.UnixNano(), until: now.Add(365 * 24 * time.Hour).UnixNano()}
	if i := r.signing(now); i >= 0 {
		s.signer = r.keys[i].signer
	}
	keys := make([]jose.Key, 0, len(r.keys))
	s.jwks = []byte(`{"keys":[`)
	for i, k := range r.keys {
		for _, change := range []time.Time{k.signs, r.removal(i)} {
			if change.After(now) {
				s.until = min(s.until, change.UnixNano())
			}
		}
		keys = append(keys, jose.Key(k.signer.public))
		if !slices.Contains(s.algorithms, k.signer.public.Algorithm) {
			s.algorithms = append(s.algorithms, k.signer.public.Algorithm)
		}
		if i > 0 {
			s.jwks = append(s.jwks, ',')
		}
		s.jwks = append(s.jwks, k.signer.jwk...)
	}
	slices.Sort(s.algorithms)
	s.jwks = append(s.jwks, "]}"...)
	s.etag = entityTag(s.jwks)
	s.keys = newKeyIndex(keys)
	return s
}

func entityTag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
