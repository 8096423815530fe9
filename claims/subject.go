package claims

import (
	"iter"
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

const (
	// maxSubjectSize is the maximum length of a Subject in bytes: OpenID Connect Core 1.0, section
	// 2, allows "sub" 255 ASCII characters. It does not bound V3 subjects, which extra fields may
	// make longer.
	maxSubjectSize = 255
	// maxSegments bounds the segments of a subject. 255 bytes hold six of the shortest, "k:" and a
	// UUID.
	maxSegments = 8
)

// Subject is the "sub" claim of a V2 token: a path of segments that begins with the organization,
// such as
//
//	org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196
//
// A Subject is valid or zero: [ParseSubject], [SubjectFrom] and [Subject.With] return no others.
// Ids are UUIDs in canonical lower-case form, no key occurs twice, and the text has at most 255
// bytes. Keys that Ona does not document may follow the organization and are kept.
//
// Subjects are comparable with == and can be map keys; equal subjects have the same text. A parsed
// Subject refers to the string that it was parsed from. The zero Subject is not a subject; its text
// is empty.
type Subject struct {
	s string // the text, checked
}

// ParseSubject parses the "sub" claim of a V2 token. It accepts the texts that [SubjectFrom]
// returns, also with "usr" instead of "user". The text is kept as it was read. An error is a
// [*SubjectError].
func ParseSubject(s string) (Subject, error) {
	if isDocumented(s) {
		return Subject{s}, nil
	}
	return parseSubject(s)
}

// isDocumented reports whether s is a subject with documented keys only. parseSubject accepts these
// subjects too; this function is faster, and nearly all subjects are of this form.
func isDocumented(s string) bool {
	const first = len("org:") + subject.UUIDLen
	if len(s) < first || s[:4] != "org:" || !subject.StartsWithUUID(s[4:]) {
		return false
	}
	seen := 0
	for pos := first; pos < len(s); {
		if len(s)-pos < len("/prj:")+subject.UUIDLen || s[pos] != '/' {
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
		if bit == 0 || seen&bit != 0 || !subject.StartsWithUUID(s[value:]) {
			return false
		}
		seen |= bit
		pos = value + subject.UUIDLen
	}
	return true
}

// parseSubject is ParseSubject for any text.
func parseSubject(s string) (Subject, error) {
	if len(s) > maxSubjectSize {
		return Subject{}, &SubjectError{s, maxSubjectSize, "longer than 255 bytes"}
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
			// The fault of the key is reported first: in a V3 subject the mistake is the key, not
			// the id.
			if fault := keyOrderFault(k, seen[:n]); fault != "" {
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

// scanSegment reads the segment of s that begins at pos and returns its key and the offset of its
// end, or the offset of a fault and the reason. It returns the key also if the fault is in the id.
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
	case s[pos] < 'a' || s[pos] > 'z':
		return "", pos, "key does not begin with a lower-case letter"
	case s[i] != ':':
		return "", i, "key has a character other than a-z, 0-9, _ and -"
	}
	value := i + 1
	end = value + subject.UUIDLen
	if subject.StartsWithUUID(s[value:]) && (end == len(s) || s[end] == '/') {
		return s[pos:i], end, ""
	}
	rest, _, _ := strings.Cut(s[value:], "/")
	at, fault := subject.UUIDFault(rest)
	return s[pos:i], value + at, fault
}

// keyOrderFault returns the reason why k may not follow the keys in seen, or "".
func keyOrderFault(k Key, seen []Key) string {
	switch {
	case len(seen) == 0 && k != KeyOrganization:
		return "does not begin with org"
	case slices.Contains(seen, k):
		return "key occurs twice"
	default:
		return ""
	}
}

// MustParseSubject is [ParseSubject] for subjects in source text and tests. It panics if s is not a
// subject.
func MustParseSubject(s string) Subject {
	sub, err := ParseSubject(s)
	if err != nil {
		panic(err) //nolint:forbidigo // what Must functions are for
	}
	return sub
}

// Segments iterates over the segments of s in their order. A segment that is written "usr" is
// yielded with [KeyUser], so that a switch over keys need not handle the second spelling.
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

// segment returns the segment that starts at pos, and its end.
func (s Subject) segment(pos int) (Segment, int) {
	colon := pos + 1 // keys have at least one byte
	for s.s[colon] != ':' {
		colon++
	}
	end := colon + 1 + subject.UUIDLen
	return Segment{Key(s.s[pos:colon]).canonical(), s.s[colon+1 : end]}, end
}

// Lookup returns the id that s has for k, and whether it has one.
func (s Subject) Lookup(k Key) (string, bool) {
	for seg := range s.Segments() {
		if seg.Key == k.canonical() {
			return seg.Value, true
		}
	}
	return "", false
}

// HasPrefix reports whether s begins with all segments of p, as they are written: a whole
// organization, project and so on, never a part of an id. It is false if p is zero, so that a
// forgotten prefix does not match everything.
func (s Subject) HasPrefix(p Subject) bool {
	// Both end in a whole id, and all ids have the same length, so p ends at the end of a segment
	// of s.
	return p.s != "" && strings.HasPrefix(s.s, p.s)
}

// IsZero reports whether s is the zero Subject.
func (s Subject) IsZero() bool { return s.s == "" }

// Compare orders subjects by their text: it returns -1, 0 or +1. The zero Subject comes first, and
// a subject comes before the subjects that it is a prefix of.
func (s Subject) Compare(t Subject) int { return strings.Compare(s.s, t.s) }

// String returns the text of s as it was read or built, or "" if s is zero. It contains only keys
// and ids.
func (s Subject) String() string { return s.s }

// AppendText appends the text of s to b. It implements [encoding.TextAppender] and never fails.
func (s Subject) AppendText(b []byte) ([]byte, error) { return append(b, s.s...), nil }

// MarshalText returns the text of s, which is empty for the zero Subject. It implements
// [encoding.TextMarshaler], so s is a string in JSON.
func (s Subject) MarshalText() ([]byte, error) { return []byte(s.s), nil }

// UnmarshalText sets s to the subject in text, as [ParseSubject] reads it. Empty text sets the zero
// Subject. On error s is unchanged.
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
