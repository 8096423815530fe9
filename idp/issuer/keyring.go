package issuer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/onafed/onafed/internal/jose"
	"github.com/onafed/onafed/internal/quote"
)

const (
	defaultMaxAge        = 10 * time.Minute
	defaultTokenLifetime = time.Hour
	// waitMargin is added to MaxAge for KeyRingOptions.Wait: a response may be built just before a
	// key is published and arrive after it, and the clocks of an issuer's machines differ.
	waitMargin = time.Minute
	// maxPeriod bounds the options, because a later time than the year 2262 has no Unix
	// nanoseconds.
	maxPeriod = 10 * 365 * 24 * time.Hour
)

// KeyRingOptions are the options of [NewKeyRing]. The zero value can be used.
type KeyRingOptions struct {
	// MaxAge is how long caches may keep the key set, and the max-age of [Handler]: whole seconds
	// from 1 minute to 24 hours; 0 means 10 minutes. AWS does not document how long STS caches it.
	MaxAge time.Duration
	// Wait is the time between the publication of a key and its first signature; 0 means MaxAge
	// plus 1 minute. A shorter time than MaxAge is an error, because a cache may not have the key
	// yet, and so is a longer one than 10 years of 365 days. A negative value means no wait and is
	// for tests.
	Wait time.Duration
	// TokenLifetime is the longest time from now to the exp of a token, at most 10 years of 365
	// days; 0 means 1 hour. A key that no longer signs stays published for this time and 5 minutes,
	// the largest [VerifierOptions.Leeway].
	TokenLifetime time.Duration
}

// A KeyRing holds the keys of an issuer. Each key passes through four stages by the clock: it is
// published; it signs after [KeyRingOptions.Wait]; it is retired when a later key signs; and it is
// removed when the last token that it signed has expired. So a rotation is one call of
// [KeyRing.Publish], and a verifier that follows Cache-Control always knows the key of a token.
//
// Nothing runs in the background. A KeyRing is a [KeySet] and is safe for concurrent use. The zero
// value is not usable; call [NewKeyRing].
type KeyRing struct {
	maxAge, wait, lifetime time.Duration

	mu   sync.Mutex // guards keys
	keys []ringKey  // in the order of publication

	current atomic.Pointer[keySnapshot]
}

type ringKey struct {
	signer    *Signer
	published time.Time
	signs     time.Time
	retired   time.Time // by Retire; zero if a later key retires it
}

// NewKeyRing returns a ring without keys, see [KeyRing.Publish]. Nil options mean the zero value.
// The error is an *[OptionError].
func NewKeyRing(opts *KeyRingOptions) (*KeyRing, error) {
	o := *cmp.Or(opts, &KeyRingOptions{})
	o.MaxAge = cmp.Or(o.MaxAge, defaultMaxAge)
	o.TokenLifetime = cmp.Or(o.TokenLifetime, defaultTokenLifetime)
	if o.MaxAge < time.Minute || o.MaxAge > 24*time.Hour || o.MaxAge%time.Second != 0 {
		return nil, optionErrorf("NewKeyRing", "MaxAge", "%v is not whole seconds from 1m to 24h", o.MaxAge)
	}
	o.Wait = cmp.Or(o.Wait, o.MaxAge+waitMargin)
	if o.Wait >= 0 && o.Wait < o.MaxAge {
		return nil, optionErrorf("NewKeyRing", "Wait", "%v is less than the maximum age %v", o.Wait, o.MaxAge)
	}
	if o.Wait > maxPeriod {
		return nil, optionErrorf("NewKeyRing", "Wait", "%v is more than 10 years (%v)", o.Wait, maxPeriod)
	}
	if o.TokenLifetime < 0 || o.TokenLifetime > maxPeriod {
		return nil, optionErrorf("NewKeyRing", "TokenLifetime", "%v is negative or more than 10 years (%v)", o.TokenLifetime, maxPeriod)
	}
	return &KeyRing{maxAge: o.MaxAge, wait: max(o.Wait, 0), lifetime: o.TokenLifetime}, nil
}

// Publish adds a key that is published now, see [KeyRing.PublishAt].
func (r *KeyRing) Publish(s *Signer) error { return r.PublishAt(s, time.Now()) }

// PublishAt adds a key with its time of publication. The first key of a ring signs from that time, and
// each later key signs [KeyRingOptions.Wait] after it.
//
// If a process restarts, or an issuer has several machines, pass the time when the key was first
// served. Then all machines sign with the same key. The time may be in the future: pass a time at
// which all machines will have the key. The key is served at once, and the wait starts at the given
// time.
//
// Keys must be added in the order of their times. It is an error if the ring has a key with the same
// ID.
func (r *KeyRing) PublishAt(s *Signer, at time.Time) error {
	if s == nil || s.key == nil {
		return errors.New("issuer: KeyRing: the signer must come from NewSigner")
	}
	if r.lifetime == 0 {
		return errors.New("issuer: KeyRing: the zero value is not usable; call NewKeyRing")
	}
	at = at.Round(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(time.Now())
	id := quote.Text(s.public.ID, maxShown)
	k := ringKey{signer: s, published: at, signs: at}
	if n := len(r.keys); n > 0 {
		if at.Before(r.keys[n-1].published) {
			return fmt.Errorf("issuer: KeyRing: key %s is older than the last key of the ring", id)
		}
		k.signs = at.Add(r.wait)
	}
	if r.index(s.public.ID) >= 0 {
		return fmt.Errorf("issuer: KeyRing: the ring has a key %s already; publish another key, or set SignerOptions.KeyID", id)
	}
	if len(r.keys) >= jose.MaxKeys {
		return fmt.Errorf("issuer: KeyRing: the ring has %d keys, and STS accepts no more", len(r.keys))
	}
	r.keys = append(r.keys, k)
	r.current.Store(nil)
	return nil
}

// Retire stops a key from signing at once, before a later key replaces it. The key stays published for
// the tokens that it signed. If no other key can sign, Retire changes nothing and returns an error.
func (r *KeyRing) Retire(kid string) error {
	now := wallTime()
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.index(kid)
	if i < 0 {
		return &KeyNotFoundError{KeyID: kid}
	}
	before := r.keys[i].retired
	r.keys[i].retired = now
	if r.signing(now) < 0 {
		r.keys[i].retired = before
		return fmt.Errorf("issuer: KeyRing: no key other than %s can sign yet", quote.Text(kid, maxShown))
	}
	r.current.Store(nil)
	return nil
}

// Remove removes a key at once, for a key that was stolen. Its tokens are no longer valid, but
// caches may keep it for [KeyRingOptions.MaxAge], and STS for a time that AWS does not document.
//
// If the removed key was the one that signs and no earlier key can replace it, the next key signs
// at once. Verifiers refuse its tokens until their caches have the key. If there is no other key,
// [KeyRing.Sign] fails until the next Publish.
func (r *KeyRing) Remove(kid string) error {
	now := wallTime()
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.index(kid)
	if i < 0 {
		return &KeyNotFoundError{KeyID: kid}
	}
	r.keys = slices.Delete(r.keys, i, i+1)
	if r.signing(now) < 0 {
		if next := slices.IndexFunc(r.keys, func(k ringKey) bool { return k.retired.IsZero() }); next >= 0 {
			r.keys[next].signs = now
		}
	}
	r.current.Store(nil)
	return nil
}

// Sign signs claims with the current key, as [Signer.Sign] does. The claims must have an exp within
// [KeyRingOptions.TokenLifetime] from now, because a retired key is published for no longer than
// that.
func (r *KeyRing) Sign(ctx context.Context, claims any) (string, error) {
	payload, err := payloadOf(claims)
	if err != nil {
		return "", err
	}
	now := time.Now()
	s := r.snapshotAt(now)
	if s.signer == nil {
		return "", errors.New("issuer: KeyRing: no key can sign yet")
	}
	exp, err := expiry(payload)
	if err != nil {
		return "", err
	}
	if limit := now.Add(r.lifetime).Unix() + 1; exp > float64(limit) {
		return "", fmt.Errorf("issuer: KeyRing: exp is later than the TokenLifetime %v allows", r.lifetime)
	}
	return s.signer.sign(ctx, payload)
}

// expiry returns the exp of the claims. Two of them, or "exp" and "Exp", are an error: verifiers
// would not agree which one to use, and a token could be valid longer than its key is published.
func expiry(payload []byte) (float64, error) {
	members, err := jose.Members(payload)
	if err != nil {
		return 0, fmt.Errorf("issuer: KeyRing: claims: %w", err)
	}
	for name := range members {
		if name != "exp" && strings.EqualFold(name, "exp") {
			return 0, errors.New("issuer: KeyRing: a claim differs from exp only in letter case")
		}
	}
	var exp *float64
	if err := json.Unmarshal(members["exp"], &exp); err != nil || exp == nil {
		return 0, errors.New("issuer: KeyRing: the claims have no exp")
	}
	return *exp, nil
}

// Keys returns the published keys, so that a [Verifier] in the process of the issuer does not need
// the network.
func (r *KeyRing) Keys(ctx context.Context, kid string) ([]Key, error) {
	return r.snapshotAt(time.Now()).keys.Keys(ctx, kid)
}

// MarshalJSON returns the JSON Web Key Set that [Handler] serves.
func (r *KeyRing) MarshalJSON() ([]byte, error) {
	return slices.Clone(r.snapshotAt(time.Now()).jwks), nil
}

// The methods below need r.mu.

// index returns the index of the key with an ID, or -1.
func (r *KeyRing) index(kid string) int {
	return slices.IndexFunc(r.keys, func(k ringKey) bool { return k.signer.public.ID == kid })
}

// signing returns the index of the key that signs at a time, or -1.
func (r *KeyRing) signing(now time.Time) int {
	for i := len(r.keys) - 1; i >= 0; i-- {
		if k := r.keys[i]; k.retired.IsZero() && !k.signs.After(now) {
			return i
		}
	}
	return -1
}

// removal returns the time when key i is removed, or zero if no other key replaces it. A later key
// that was retired by Retire replaces nothing.
func (r *KeyRing) removal(i int) time.Time {
	end := r.keys[i].retired
	for _, later := range r.keys[i+1:] {
		if later.retired.IsZero() && (end.IsZero() || later.signs.Before(end)) {
			end = later.signs
		}
	}
	if end.IsZero() {
		return time.Time{}
	}
	return end.Add(r.lifetime + maxLeeway)
}

// prune removes the keys whose tokens have all expired.
func (r *KeyRing) prune(now time.Time) {
	for i := len(r.keys) - 1; i >= 0; i-- {
		if end := r.removal(i); !end.IsZero() && !now.Before(end) {
			r.keys = slices.Delete(r.keys, i, i+1)
		}
	}
}
