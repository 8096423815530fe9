package issuer

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/onafed/onafed/internal/jose"
)

// edition is what the ring is from one moment until another; a moment later than until, a new one is made.
type edition struct {
	from, until int64 // unix nanoseconds; until is exclusive
	signer      *Signer
	set         *snapshot
	jwks        []byte
	etag        string
	algorithms  []string
}

// edition returns what holds at a time. It takes no lock while the last one does.
func (r *KeyRing) edition(now time.Time) *edition {
	if e, t := r.now.Load(), now.UnixNano(); e != nil && e.from <= t && t < e.until {
		return e
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(now)
	now = now.Round(0)
	e := &edition{from: now.UnixNano(), until: now.Add(365 * 24 * time.Hour).UnixNano()}
	if i := r.signing(now); i >= 0 {
		e.signer = r.keys[i].signer
	}
	set := make([]jose.Key, 0, len(r.keys))
	jwks := []byte(`{"keys":[`)
	for i, k := range r.keys {
		events := []time.Time{k.signs}
		if end := r.retirement(i); !end.IsZero() {
			events = append(events, end.Add(r.lifetime+maxLeeway))
		}
		for _, t := range events {
			if t.After(now) {
				e.until = min(e.until, t.UnixNano())
			}
		}
		set = append(set, jose.Key(k.signer.public))
		if !slices.Contains(e.algorithms, k.signer.public.Algorithm) {
			e.algorithms = append(e.algorithms, k.signer.public.Algorithm)
		}
		if i > 0 {
			jwks = append(jwks, ',')
		}
		jwks = append(jwks, k.signer.jwk...)
	}
	slices.Sort(e.algorithms)
	e.jwks = append(jwks, "]}"...)
	e.etag = entityTag(e.jwks)
	e.set = newSnapshot(set)
	r.now.Store(e)
	return e
}

func entityTag(b []byte) string {
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}
