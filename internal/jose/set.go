package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/strictjson"
)

const (
	// MaxKeys is the maximum number of RSA keys, and of ECDSA keys, in a set. STS refuses
	// larger sets.
	MaxKeys = 100
	// maxEntries is the maximum number of entries of any kind in a set.
	maxEntries = 1000
)

// Set is a key set as it was read.
type Set struct {
	Keys    []Key
	RSA, EC int // number of entries of each kty, usable or not
	Skipped int // number of entries that cannot be used
}

// ParseSet reads a JSON Web Key Set. It skips an entry that is not well formed, or that it cannot
// use (RFC 7517, section 5), because one bad key of an issuer must not disable the good ones. More
// than [MaxKeys] of a kind are an error. If different keys have the same kid, all of them are
// skipped, because the right one is not known.
func ParseSet(data []byte) (Set, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return Set{}, errors.New("the key set is not valid JSON")
	}
	var s Set
	found, entries := false, 0
	l := strictjson.New(string(data), strictjson.Limits{Depth: maxDepth})
	err := l.Document(func(name string, _ int) error {
		if name != "keys" {
			_, err := l.Extent()
			return err
		}
		if l.Kind() != strictjson.Array {
			return errors.New("the keys member is not an array")
		}
		found = true
		return l.Array(func() error {
			if entries++; entries > maxEntries {
				return fmt.Errorf("the key set has more than %d entries", maxEntries)
			}
			entry, err := l.Extent()
			if err != nil {
				return err
			}
			return s.add(entry)
		})
	})
	if err != nil {
		return Set{}, err
	}
	if !found {
		return Set{}, errors.New("the key set has no keys member")
	}
	n := len(s.Keys)
	s.Keys = DropAmbiguous(s.Keys)
	s.Skipped += n - len(s.Keys)
	return s, nil
}

// add reads an entry and adds its key, or skips it.
func (s *Set) add(entry string) error {
	w, err := parseJSONWebKey(entry)
	if err == nil {
		switch w.KeyType {
		case "RSA":
			s.RSA++
		case "EC":
			s.EC++
		}
		if s.RSA > MaxKeys || s.EC > MaxKeys {
			return fmt.Errorf("the key set has more than %d keys of one kind", MaxKeys)
		}
		if k, ok := w.key(); ok {
			s.Keys = append(s.Keys, k)
			return nil
		}
	}
	s.Skipped++
	return nil
}

// DropAmbiguous returns the keys without repeated keys of the same kid, and without the keys that
// share a kid with a different key. All keys without a kid are kept.
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
