package claims

import "bytes"

// SubjectFrom returns the subject with the given segments. The first segment must be the
// organization, and no key may occur twice. Nothing is escaped or corrected: segments whose text
// [ParseSubject] would refuse are a [*SubjectError] with the offset in that text. The one exception
// is the key "usr", which is written as "user".
func SubjectFrom(segs ...Segment) (Subject, error) {
	return subjectFrom("", segs)
}

// With returns s with one more segment at its end. If s is zero, the segment must be the
// organization.
func (s Subject) With(seg Segment) (Subject, error) {
	return subjectFrom(s.s, []Segment{seg})
}

// subjectFrom appends segs to prefix, which is empty or a valid subject.
func subjectFrom(prefix string, segs []Segment) (Subject, error) {
	var buf [maxSubjectSize]byte // longer texts move to the heap
	b := append(buf[:0], prefix...)
	slash := 0 // in a key or id, where it would begin another segment
	for _, seg := range segs {
		if len(b) > 0 {
			b = append(b, '/')
		}
		start := len(b)
		b = append(b, seg.Key.canonical()...)
		b = append(b, ':')
		b = append(b, seg.Value...)
		if i := bytes.IndexByte(b[start:], '/'); i >= 0 && slash == 0 {
			slash = start + i
		}
	}
	s, err := ParseSubject(string(b))
	if err == nil && slash > 0 {
		return Subject{}, &SubjectError{s.s, slash, "a key or an id contains a slash"}
	}
	return s, err
}
