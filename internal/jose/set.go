package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A Set is a key set as read, and how much of it was of no use.
type Set struct {
	Keys    []Key
	RSA, EC int // how many entries of each kty there are, usable or not
	Skipped int // entries that were not understood or not well formed
}

// ParseSet reads a JSON Web Key Set. An entry that is not understood, or broken, is skipped (RFC 7517 section 5), because one bad
// key of an issuer must not take the good ones away. More than [MaxKeys] of a kind is an error. Different keys with one kid are all
// skipped: which one is meant cannot be known.
func ParseSet(data []byte) (Set, error) {
	m, err := Members(data)
	if err != nil {
		return Set{}, err
	}
	raw, ok := m["keys"]
	if !ok {
		return Set{}, errors.New("the key set has no keys member")
	}
	var entries []json.RawMessage
	if err := json.Unmarshal(raw, &entries); err != nil || entries == nil {
		return Set{}, errors.New("the keys member is not an array")
	}
	if len(entries) > maxMembers {
		return Set{}, fmt.Errorf("the key set has %d entries, more than %d", len(entries), maxMembers)
	}
	var s Set
	for _, e := range entries {
		em, err := Members(e)
		if err != nil {
			s.Skipped++
			continue
		}
		var kty string
		if err := text(em, "kty", &kty); err != nil {
			s.Skipped++
			continue
		}
		switch kty {
		case "RSA":
			s.RSA++
		case "EC":
			s.EC++
		}
		if s.RSA > MaxKeys || s.EC > MaxKeys {
			return Set{}, fmt.Errorf("the key set has more than %d keys of one kind", MaxKeys)
		}
		k, err := keyOf(em)
		if err != nil {
			s.Skipped++
			continue
		}
		s.Keys = append(s.Keys, k)
	}
	n := len(s.Keys)
	s.Keys = DropAmbiguous(s.Keys)
	s.Skipped += n - len(s.Keys)
	return s, nil
}

// DropAmbiguous returns the keys without those that share a kid with a different key, and without exact repetitions.
// A key without a kid is kept.
func DropAmbiguous(keys []Key) []Key {
	first := make(map[string]Key, len(keys))
	bad := make(map[string]bool)
	out := make([]Key, 0, len(keys))
	for _, k := range keys {
		if k.ID == "" {
			out = append(out, k)
			continue
		}
		f, seen := first[k.ID]
		if !seen {
			first[k.ID] = k
			out = append(out, k)
			continue
		}
		if f.Algorithm != k.Algorithm || !Equal(f.Public, k.Public) {
			bad[k.ID] = true
		}
	}
	return slices.DeleteFunc(out, func(k Key) bool { return bad[k.ID] })
}
