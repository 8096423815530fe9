package idp

import (
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
)

// maxRefused is how many tokens are remembered as refused. A source hands out one after the other, so one would nearly do.
const maxRefused = 16

// errRefusedAgain is for a source that was told of a refused token and has no other, or cannot be told.
var errRefusedAgain = errors.New("it returned a token again that had been refused")

// refusals remembers the last tokens that were refused somewhere. The zero value is empty.
type refusals struct {
	mu   sync.Mutex          // guards sums
	sums [][sha256.Size]byte // oldest first; the tokens themselves would be kept longer than they are of use
}

// add remembers t, and tells src if it can be told. It reports whether there was anything to remember.
func (r *refusals) add(t *Token, src TokenSource) bool {
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
func (r *refusals) has(t *Token) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Hashing costs more than the rest of a call, and there is almost never anything to compare with.
	return len(r.sums) > 0 && slices.Contains(r.sums, sha256.Sum256([]byte(t.Raw())))
}
