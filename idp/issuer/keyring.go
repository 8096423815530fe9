package issuer

import (
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
	// waitMargin is what [KeyRingOptions.Wait] adds to MaxAge: an answer may be made just before a key is published and arrive
	// after it, and the clocks of an issuer's machines differ.
	waitMargin = time.Minute
)

// KeyRingOptions are the choices of [NewKeyRing]. The zero value is fit for use.
type KeyRingOptions struct {
	// MaxAge is how old a copy of the published keys may get; the [Handler] tells it to caches. 0 means 10 minutes, otherwise
	// it is whole seconds from 1 minute to 24 hours. STS does not say how long it keeps a copy.
	MaxAge time.Duration
	// Wait is how long a key is published before it signs; 0 means MaxAge and 1 minute. Less than MaxAge breaks verifiers that
	// keep to Cache-Control, so it is refused; less than 0 means no wait, for tests.
	Wait time.Duration
	// TokenLifetime is the longest time from now to exp that [KeyRing.Sign] signs; 0 means 1 hour. A key that signs no more
	// stays published for so long and 5 minutes, as STS and a [Verifier] with its greatest leeway take a token so long after its
	// exp.
	TokenLifetime time.Duration
}

// A KeyRing holds the keys of an issuer and moves each through its life by the clock alone: published, after [KeyRingOptions.Wait]
// signing, retired as soon as a later key signs, and removed when the last token it signed cannot be valid any more. So a rotation is
// one call of [KeyRing.Publish], and no verifier that keeps to the Cache-Control ever sees a token of a key it does not know.
//
// Nothing runs in the background. A KeyRing is a [KeySet] and safe for concurrent use.
type KeyRing struct {
	maxAge, wait, lifetime time.Duration

	mu   sync.Mutex // guards keys
	keys []ringKey  // in the order of publication

	now atomic.Pointer[edition]
}

type ringKey struct {
	signer    *Signer
	published time.Time
	signs     time.Time
	retired   time.Time // by hand; zero = by the next key
}

// NewKeyRing returns an empty ring; [KeyRing.Publish] fills it. Nil options mean the zero value.
func NewKeyRing(opts *KeyRingOptions) (*KeyRing, error) {
	var o KeyRingOptions
	if opts != nil {
		o = *opts
	}
	if o.MaxAge == 0 {
		o.MaxAge = defaultMaxAge
	}
	if o.MaxAge < time.Minute || o.MaxAge > 24*time.Hour || o.MaxAge%time.Second != 0 {
		return nil, fmt.Errorf("issuer: NewKeyRing: MaxAge %v is not whole seconds from 1m to 24h", o.MaxAge)
	}
	switch {
	case o.Wait == 0:
		o.Wait = o.MaxAge + waitMargin
	case o.Wait < 0:
		o.Wait = 0
	case o.Wait < o.MaxAge:
		return nil, fmt.Errorf("issuer: NewKeyRing: Wait %v is less than MaxAge %v", o.Wait, o.MaxAge)
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = defaultTokenLifetime
	}
	if o.TokenLifetime < 0 {
		return nil, errors.New("issuer: NewKeyRing: TokenLifetime is negative")
	}
	return &KeyRing{maxAge: o.MaxAge, wait: o.Wait, lifetime: o.TokenLifetime}, nil
}

// Publish adds a key as of now: see [KeyRing.PublishAt].
func (r *KeyRing) Publish(s *Signer) error { return r.PublishAt(s, time.Now()) }

// PublishAt adds a key that has been published since a time, which may be in the past: a process that starts again says when its keys
// were first served, and so do all machines of one issuer, and each then signs with the same key. Or it may be in the future, when all
// machines will have a new key: the key is served at once, and its wait begins then. Keys are added in the order of their times. The
// first key of a ring signs from its time on, each later one [KeyRingOptions.Wait] after it.
//
// A kid that the ring has already is an error.
func (r *KeyRing) PublishAt(s *Signer, at time.Time) error {
	if s == nil {
		return errors.New("issuer: KeyRing: the signer is nil")
	}
	at = at.Round(0)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(time.Now())
	k := ringKey{signer: s, published: at, signs: at}
	if n := len(r.keys); n > 0 {
		if at.Before(r.keys[n-1].published) {
			return fmt.Errorf("issuer: KeyRing: key %s is older than the one published before it", quote.Text(s.public.ID, maxShown))
		}
		k.signs = at.Add(r.wait)
	}
	if r.index(s.public.ID) >= 0 {
		return fmt.Errorf("issuer: KeyRing: there is a key %s already", quote.Text(s.public.ID, maxShown))
	}
	if len(r.keys) >= jose.MaxKeys {
		return fmt.Errorf("issuer: KeyRing: there are %d keys already, and STS takes no more", len(r.keys))
	}
	r.keys = append(r.keys, k)
	r.now.Store(nil)
	return nil
}

// Retire makes a key sign no more as of now, although no later key signs yet. It stays published for the tokens it has signed. If no
// other key could sign, nothing changes and an error is returned.
func (r *KeyRing) Retire(kid string) error {
	now := time.Now().Round(0)
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
		return fmt.Errorf("issuer: KeyRing: no other key than %s can sign yet", quote.Text(kid, maxShown))
	}
	r.now.Store(nil)
	return nil
}

// Remove takes a key out of what is published, as of now, whatever it has signed: for a key that got into the wrong hands. Copies
// live on in caches for [KeyRingOptions.MaxAge], and in STS for as long as it pleases.
//
// If it was the key that signs and no earlier one can take over, the next key signs at once, although not every cache has it yet:
// some new tokens are refused for a while, which is the price. Without any key left [KeyRing.Sign] fails until the next Publish.
func (r *KeyRing) Remove(kid string) error {
	now := time.Now().Round(0)
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
	r.now.Store(nil)
	return nil
}

// index is where the key of a kid is, or -1.
func (r *KeyRing) index(kid string) int {
	return slices.IndexFunc(r.keys, func(k ringKey) bool { return k.signer.public.ID == kid })
}

// Sign signs claims, as [Signer.Sign] does, with the newest key whose wait is over. The claims must have an exp that is no later than
// [KeyRingOptions.TokenLifetime] from now, since the key is published for no longer than that after it was retired.
func (r *KeyRing) Sign(ctx context.Context, claims any) (string, error) {
	payload, err := payloadOf(claims)
	if err != nil {
		return "", err
	}
	now := time.Now()
	e := r.edition(now)
	if e.signer == nil {
		return "", errors.New("issuer: KeyRing: no key can sign yet")
	}
	exp, err := expiry(payload)
	if err != nil {
		return "", err
	}
	if limit := now.Add(r.lifetime).Unix() + 1; exp > float64(limit) {
		return "", fmt.Errorf("issuer: KeyRing: exp is later than the TokenLifetime %v allows", r.lifetime)
	}
	return e.signer.sign(ctx, payload)
}

// expiry returns the one exp of the claims. Which of two is meant, or of "exp" and "Exp", one verifier decides so and another so (in Go
// the last one wins, whatever its case), and one of them would outlive the key.
func expiry(payload []byte) (float64, error) {
	members, err := jose.Members(payload)
	if err != nil {
		return 0, fmt.Errorf("issuer: KeyRing: claims: %w", err)
	}
	for name := range members {
		if name != "exp" && strings.EqualFold(name, "exp") {
			return 0, errors.New("issuer: KeyRing: a claim differs from exp only in case")
		}
	}
	var exp *float64
	if err := json.Unmarshal(members["exp"], &exp); err != nil || exp == nil {
		return 0, errors.New("issuer: KeyRing: the claims have no exp")
	}
	return *exp, nil
}

// Keys returns the published keys, so that a [Verifier] in the issuer's own process needs no network.
func (r *KeyRing) Keys(ctx context.Context, kid string) ([]Key, error) {
	return r.edition(time.Now()).set.Keys(ctx, kid)
}

// MarshalJSON returns the JSON Web Key Set of the public keys, as the [Handler] serves it.
func (r *KeyRing) MarshalJSON() ([]byte, error) {
	return slices.Clone(r.edition(time.Now()).jwks), nil
}

// A KeyState is a stage in the life of a key in a [KeyRing].
type KeyState string

// The stages, in their order.
const (
	KeyWaiting KeyState = "waiting" // published, not signing yet
	KeySigning KeyState = "signing" // the one key that signs
	KeyRetired KeyState = "retired" // published for the tokens it has signed
)

// A KeyStatus says where a key of a [KeyRing] stands.
type KeyStatus struct {
	ID, Algorithm string
	State         KeyState
	Published     time.Time // since when it is served
	Signs         time.Time // since or from when it signs
	Removed       time.Time // when it will be gone; zero while no later key is known
}

// Status returns the published keys in the order of their publication.
func (r *KeyRing) Status() []KeyStatus {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(now)
	current := r.signing(now)
	out := make([]KeyStatus, len(r.keys))
	for i, k := range r.keys {
		s := KeyStatus{ID: k.signer.public.ID, Algorithm: k.signer.public.Algorithm, Published: k.published, Signs: k.signs, State: KeyRetired}
		switch {
		case k.retired.IsZero() && k.signs.After(now):
			s.State = KeyWaiting
		case i == current:
			s.State = KeySigning
		}
		if end := r.retirement(i); !end.IsZero() {
			s.Removed = end.Add(r.lifetime + maxLeeway)
		}
		out[i] = s
	}
	return out
}

// retirement is when the key i stops or stopped signing; zero when nothing that is known will end it. A later key that was retired by
// hand ends nothing: the one before it signs again.
func (r *KeyRing) retirement(i int) time.Time {
	end := r.keys[i].retired
	for _, later := range r.keys[i+1:] {
		if !later.retired.IsZero() {
			continue
		}
		if at := later.signs; end.IsZero() || at.Before(end) {
			end = at
		}
	}
	return end
}

// signing is the index of the key that signs at a time, or -1.
func (r *KeyRing) signing(now time.Time) int {
	for i := len(r.keys) - 1; i >= 0; i-- {
		if k := r.keys[i]; k.retired.IsZero() && !k.signs.After(now) {
			return i
		}
	}
	return -1
}

func (r *KeyRing) prune(now time.Time) {
	for i := len(r.keys) - 1; i >= 0; i-- {
		if end := r.retirement(i); !end.IsZero() && !now.Before(end.Add(r.lifetime+maxLeeway)) {
			r.keys = slices.Delete(r.keys, i, i+1)
		}
	}
}
