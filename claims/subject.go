package claims

import (
	"iter"
	"strings"
)

// MaxSubjectSize is the greatest length of a [Subject] in bytes: OpenID Connect
// Core 1.0, section 2, allows "sub" 255 ASCII characters. It does not bound V3
// subjects, whose extra fields may well make them longer.
const MaxSubjectSize = 255

// maxSegments bounds the segments of a subject; with 255 bytes there is room
// for six of the shortest, "k:" and a UUID.
const maxSegments = 8

// Subject is the "sub" claim of a V2 token: a path of segments that begins with
// the organization, such as
//
//	org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196
//
// A Subject is valid or zero: [ParseSubject], [SubjectFrom] and [Subject.With]
// make no others. Ids are UUIDs in canonical lower-case form, no key occurs
// twice, and the whole is at most [MaxSubjectSize] bytes. Keys that Ona does not
// document may follow the organization and are kept.
//
// Subjects are comparable with == and can be map keys; equal means the same
// text. A parsed Subject holds on to the string it was parsed from. The zero
// Subject is no subject at all; its text is empty.
type Subject struct {
	s string // the text, checked
}

// ParseSubject parses the "sub" claim of a V2 token. It accepts what
// [SubjectFrom] makes and, besides, "usr" where that writes "user"; the text is
// kept as it was read. An error is a [*SubjectError].
func ParseSubject(s string) (Subject, error) {
	if isDocumented(s) {
		return Subject{s}, nil
	}
	return parseSubject(s)
}

// isDocumented reports whether s is a subject of documented keys. It knows
// nothing that parseSubject does not, but is what nearly all calls come down to.
func isDocumented(s string) bool {
	const first = len("org:") + uuidLen
	if len(s) < first || s[:4] != "org:" || !startsWithUUID(s[4:]) {
		return false
	}
	seen := 0
	for pos := first; pos < len(s); {
		if len(s)-pos < len("/prj:")+uuidLen || s[pos] != '/' {
			return false
		}
		bit, value := 0, pos+len("/prj:")
		switch s[pos+1 : value] {
		case "prj:":
			bit = 1
		case "env:":
			bit = 2
		case "rnr:":
			bit = 4
		case "user":
			if s[value] != ':' {
				return false
			}
			bit = 8
			value++
		}
		if bit == 0 || seen&bit != 0 || !startsWithUUID(s[value:]) {
			return false
		}
		seen |= bit
		pos = value + uuidLen
	}
	return true
}

// parseSubject is ParseSubject of any text.
func parseSubject(s string) (Subject, error) {
	if len(s) > MaxSubjectSize {
		return Subject{}, &SubjectError{s, MaxSubjectSize, "longer than 255 bytes"}
	}
	if s == "" {
		return Subject{}, &SubjectError{s, 0, "empty"}
	}
	var seen [maxSegments]Key
	n := 0
	for pos := 0; ; {
		key, end, fault := scanSegment(s, pos)
		k := Key(key).canonical()
		if key != "" {
			// First what matters more: a V3 subject has the wrong key, not a
			// wrong id.
			if fault := placeKey(k, seen[:n]); fault != "" {
				return Subject{}, &SubjectError{s, pos, fault}
			}
		}
		if fault != "" {
			return Subject{}, &SubjectError{s, end, fault}
		}
		seen[n] = k
		n++
		if end == len(s) {
			return Subject{s}, nil
		}
		pos = end + 1
	}
}

// scanSegment reads the segment of s that begins at pos and returns its key and
// the offset of its end, or the offset of a fault and its reason. The key is
// returned also if the fault is in the id.
func scanSegment(s string, pos int) (key string, end int, fault string) {
	i := pos
	for i < len(s) && isKeyByte(s[i]) {
		i++
	}
	switch {
	case i == len(s) || s[i] == '/':
		if i == pos {
			return "", i, "empty segment"
		}
		return "", i, "segment has no colon"
	case s[i] == ':' && i == pos:
		return "", i, "empty key"
	case s[i] != ':' || s[pos] < 'a':
		at, fault := keyFault(s[pos : i+1])
		return "", pos + at, fault
	}
	value := i + 1
	end = value + uuidLen
	if startsWithUUID(s[value:]) && (end == len(s) || s[end] == '/') {
		return s[pos:i], end, ""
	}
	rest, _, _ := strings.Cut(s[value:], "/")
	at, fault := uuidFault(rest)
	return s[pos:i], value + at, fault
}

// placeKey says what is wrong with k after the keys in seen.
func placeKey(k Key, seen []Key) string {
	if len(seen) == 0 {
		if k != KeyOrganization {
			return "does not begin with org"
		}
		return ""
	}
	for _, o := range seen {
		if o == k {
			return "key occurs twice"
		}
	}
	return ""
}

// MustParseSubject is [ParseSubject] for subjects in source text and tests. It
// panics if s is not a subject.
func MustParseSubject(s string) Subject {
	sub, err := ParseSubject(s)
	if err != nil {
		panic(err) //nolint:forbidigo // what Must functions are for
	}
	return sub
}

// Segments iterates over the segments of s in their order. A segment written
// "usr" is yielded with [KeyUser], so that a switch over keys need not know of
// the second spelling.
func (s Subject) Segments() iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		for pos := 0; pos < len(s.s); {
			seg, end := s.segment(pos)
			if !yield(seg) {
				return
			}
			pos = end + 1
		}
	}
}

// segment returns the segment at pos, which is the start of one, and its end.
func (s Subject) segment(pos int) (Segment, int) {
	colon := pos + 1 // keys have at least one byte
	for s.s[colon] != ':' {
		colon++
	}
	end := colon + 1 + uuidLen
	return Segment{Key(s.s[pos:colon]).canonical(), s.s[colon+1 : end]}, end
}

// Lookup returns the id that s has for k, and whether it has one.
func (s Subject) Lookup(k Key) (string, bool) {
	k = k.canonical()
	for pos := 0; pos < len(s.s); {
		seg, end := s.segment(pos)
		if seg.Key == k {
			return seg.Value, true
		}
		pos = end + 1
	}
	return "", false
}

// HasPrefix reports whether s begins with all segments of p, as they are
// written: a whole organization, project and so on, never a part of an id. It is
// false when p is zero, so that a forgotten prefix does not let everything
// through.
func (s Subject) HasPrefix(p Subject) bool {
	// Both end in a whole id, and ids have one length, so the text of p ends
	// where a segment of s does.
	return p.s != "" && strings.HasPrefix(s.s, p.s)
}

// IsZero reports whether s is the zero Subject.
func (s Subject) IsZero() bool { return s.s == "" }

// Compare orders subjects by their text: it returns -1, 0 or +1. The zero
// Subject comes first, and a subject comes right before those that it is a
// prefix of.
func (s Subject) Compare(t Subject) int { return strings.Compare(s.s, t.s) }

// String returns the text of s as it was read or built, or "" if s is zero. It
// holds nothing but keys and ids.
func (s Subject) String() string { return s.s }

// AppendText appends the text of s to b. It implements
// [encoding.TextAppender] and never fails.
func (s Subject) AppendText(b []byte) ([]byte, error) { return append(b, s.s...), nil }

// MarshalText returns the text of s; the zero Subject has none. It implements
// [encoding.TextMarshaler], which makes s a string in JSON.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.s), nil }

// UnmarshalText sets s to the subject that text holds, as [ParseSubject] reads
// it. Empty text sets the zero Subject. After an error s is as it was.
func (s *Subject) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = Subject{}
		return nil
	}
	sub, err := ParseSubject(string(text))
	if err != nil {
		return err
	}
	*s = sub
	return nil
}
