package subject

import (
	"slices"
	"strings"
)

// AnyID is a pattern for one ID. Unlike an asterisk it has a fixed length. In a V3 subject an
// asterisk would also match text after the ID, and that text can imitate the pair that the pattern
// requires.
const AnyID = "????????-????-????-????-????????????"

// Any is the ID of a [Pair] that matches every ID.
const Any = "*"

// Pair is a name and an ID at the beginning of a subject or pattern.
type Pair struct {
	Claim     string // the claim that the pair holds; Any in place of a whole V2 pair is an asterisk
	ID        string // a UUID, or Any
	Wildcards string // the wildcards that follow the ID or replace it
}

// Reading is the beginning of a subject or pattern, as far as it consists of names and IDs.
type Reading struct {
	Version Version // NoVersion if no subject of Ona begins like the text
	Pairs   []Pair
	Rest    string // the text that was not read; after a pair it begins with the separator
}

// Read reads a subject or pattern of Ona. It stops at the first text that is not a known name with
// an ID: what follows can be text that a person chose.
func Read(s string) Reading {
	g, ok := grammarOf(s)
	if !ok {
		return Reading{Rest: s}
	}
	r := Reading{Version: g.Version, Rest: s}
	for {
		pair, rest, ok := g.cutPair(s)
		if !ok {
			return r
		}
		r.Pairs, r.Rest = append(r.Pairs, pair), rest
		if rest == "" {
			return r
		}
		s = rest[1:]
	}
}

// grammarOf returns the grammar of a subject that begins like s, among those whose pairs are known.
func grammarOf(s string) (Grammar, bool) {
	for _, g := range ona() {
		if (g.Version == V2 || g.Version == V3) && strings.HasPrefix(s, g.Start) {
			return g, true
		}
	}
	return Grammar{}, false
}

// cutPair reads the pair at the beginning of s. rest is empty or begins with a separator.
func (g Grammar) cutPair(s string) (pair Pair, rest string, ok bool) {
	name, value, _ := strings.Cut(s, ":")
	pair.Claim = g.Version.claim(name)
	switch {
	case pair.Claim == "" && g.Version == V2 && strings.HasPrefix(s, "*"):
		// In V2 an asterisk replaces whole pairs, because IDs contain no slash.
		pair.Claim, pair.ID, rest = Any, Any, s
	case pair.Claim == "":
		return Pair{}, "", false
	case StartsWithUUID(value):
		pair.ID, rest = value[:UUIDLen], value[UUIDLen:]
	case strings.HasPrefix(value, AnyID):
		pair.ID, rest = Any, value[len(AnyID):]
	case g.Version == V2 && strings.HasPrefix(value, "*"):
		pair.ID, rest = Any, value
	default:
		return Pair{}, "", false
	}
	n := len(rest) - len(strings.TrimLeft(rest, "*?"))
	pair.Wildcards, rest = rest[:n], rest[n:]
	return pair, rest, rest == "" || rest[0] == g.Separator
}

// Claims returns the claims of the pairs, joined by slashes.
func (r Reading) Claims() string {
	claims := make([]string, len(r.Pairs))
	for i, p := range r.Pairs {
		claims[i] = p.Claim
	}
	return strings.Join(claims, "/")
}

// ID returns the ID of a claim if the text has it before the first wildcard, or "" otherwise.
func (r Reading) ID(claim string) string {
	for _, p := range r.Pairs {
		switch {
		case p.ID == Any:
			return ""
		case p.Claim == claim:
			return p.ID
		case p.Wildcards != "":
			return ""
		}
	}
	return ""
}

// literal reports whether the text consists of names and IDs and nothing else.
func (r Reading) literal() bool {
	return r.Version != NoVersion && r.Rest == "" &&
		!slices.ContainsFunc(r.Pairs, func(p Pair) bool { return p.ID == Any || p.Wildcards != "" })
}

// Complete reports whether the text is a subject of Ona without extra fields.
func (r Reading) Complete() bool {
	complete, claims := r.Version.complete(), r.Claims()
	return r.literal() && claims != "" && slices.Contains(complete[:], claims)
}

// Incomplete reports whether the text is the beginning of a subject and ends too early: every
// subject that begins with it has another pair.
func (r Reading) Incomplete() bool {
	complete, claims := r.Version.complete(), r.Claims()+"/"
	return r.literal() && slices.ContainsFunc(complete[:], func(c string) bool { return strings.HasPrefix(c, claims) })
}
