package idp

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
)

// maxRefused is how many refused tokens are remembered. Sources return one token after the other, so
// a few are enough.
const maxRefused = 16

// errRefusedAgain is the error of a source that has no other token than the refused one.
var errRefusedAgain = errors.New("it returned the same token after a service refused it")

// refusedTokens remembers tokens that a service refused. The zero value is empty.
type refusedTokens struct {
	mu   sync.Mutex          // guards sums
	sums [][sha256.Size]byte // oldest first; hashes, so that no token stays in memory
}

// add remembers t and invalidates it in src if src is an [Invalidator]. It reports whether t is not
// empty.
func (r *refusedTokens) add(t *Token, src TokenSource) bool {
	if t.Raw() == "" {
		return false
	}
	sum := sha256.Sum256([]byte(t.Raw()))
	r.mu.Lock()
	if !slices.Contains(r.sums, sum) {
		r.sums = append(r.sums, sum)
		r.sums = r.sums[max(0, len(r.sums)-maxRefused):]
	}
	r.mu.Unlock()
	if inv, ok := src.(Invalidator); ok {
		inv.Invalidate(t)
	}
	return true
}

// has reports whether t was refused.
func (r *refusedTokens) has(t *Token) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Hashing costs more than the rest of a call, and usually there is no refused token.
	return len(r.sums) > 0 && slices.Contains(r.sums, sha256.Sum256([]byte(t.Raw())))
}
