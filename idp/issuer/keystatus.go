package issuer

import "time"

// A KeyState is a state in the life of a key of a [KeyRing].
type KeyState string

// The states, in order.
const (
	KeyWaiting KeyState = "waiting" // published, does not sign yet
	KeySigning KeyState = "signing" // the one key that signs
	KeyRetired KeyState = "retired" // published for the tokens that it signed
)

// A KeyStatus is the state of a key of a [KeyRing]. Its JSON has the names in the tags, which do not
// change, and times in RFC 3339. A zero Removed is left out.
type KeyStatus struct {
	ID        string    `json:"id"`
	Algorithm string    `json:"algorithm"`
	State     KeyState  `json:"state"`
	Published time.Time `json:"published"`        // when the key was published
	Signs     time.Time `json:"signs"`            // when the key starts or started to sign
	Removed   time.Time `json:"removed,omitzero"` // when the key will be removed; zero while no later key replaces it
}

// Status returns the published keys in the order of publication.
func (r *KeyRing) Status() []KeyStatus {
	now := time.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.prune(now)
	signing := r.signing(now)
	out := make([]KeyStatus, len(r.keys))
	for i, k := range r.keys {
		state := KeyRetired
		switch {
		case k.retired.IsZero() && k.signs.After(now):
			state = KeyWaiting
		case i == signing:
			state = KeySigning
		}
		out[i] = KeyStatus{
			ID: k.signer.public.ID, Algorithm: k.signer.public.Algorithm, State: state,
			Published: k.published, Signs: k.signs, Removed: r.removal(i),
		}
	}
	return out
}
