package claims

import "strings"

// maxDocumented is the length of a subject of all documented keys, with a slash
// before the first.
const maxDocumented = len("/org:/prj:/env:/user:/rnr:") + 5*uuidLen

// SubjectFrom returns the subject made of the given segments. The first names
// the organization, and no key may occur twice. Nothing is escaped or
// corrected: what [ParseSubject] would refuse is an error here, a
// [*SubjectError] whose Offset counts in the text as it would have been. The one
// exception is the key "usr", which is written as "user".
func SubjectFrom(segs ...Segment) (Subject, error) {
	return subjectFrom("", segs)
}

// With returns s with one more segment at its end. On the zero Subject it
// begins a new one, so the segment must be the organization.
func (s Subject) With(seg Segment) (Subject, error) {
	return subjectFrom(s.s, []Segment{seg})
}

// subjectFrom appends segs to prefix, which is empty or a valid subject.
func subjectFrom(prefix string, segs []Segment) (Subject, error) {
	if s, ok := documentedFrom(prefix, segs); ok {
		return s, nil
	}
	size, err := sizeOf(prefix, segs)
	if err != nil {
		return Subject{}, err
	}
	return Subject{join(prefix, segs, size)}, nil
}

// documentedFrom is subjectFrom for documented keys; of anything else it reports
// false. Like isDocumented it only saves time.
func documentedFrom(prefix string, segs []Segment) (Subject, bool) {
	if prefix != "" && !isDocumented(prefix) {
		return Subject{}, false
	}
	var (
		seen keySet
		buf  [maxDocumented]byte
	)
	for pos := 0; pos < len(prefix); {
		seg, end := Subject{prefix}.segment(pos)
		_, bit := seg.Key.lead()
		seen |= bit
		pos = end + 1
	}
	// The leads begin with a slash, which the first segment does not have.
	n := 1 + copy(buf[1:], prefix)
	if prefix == "" {
		n = 0
	}
	for _, seg := range segs {
		lead, bit := seg.Key.lead()
		if bit == 0 || seen&bit != 0 || seen == 0 && bit != setOrg || !isUUID(seg.Value) {
			return Subject{}, false
		}
		seen |= bit
		n += copy(buf[n:], lead)
		n += copy(buf[n:], seg.Value)
	}
	return Subject{string(buf[min(n, 1):n])}, n > 0
}

// sizeOf returns the length of the subject made of prefix and segs, or says why
// there is none.
func sizeOf(prefix string, segs []Segment) (int, error) {
	size := len(prefix)
	for i, seg := range segs {
		if size > 0 {
			size++ // the slash
		}
		k := seg.Key.canonical()
		if at, fault := keyFault(string(k)); fault != "" {
			return 0, buildError(prefix, segs[:i+1], at, fault)
		}
		if fault := fitsAfter(k, prefix, segs[:i]); fault != "" {
			return 0, buildError(prefix, segs[:i+1], 0, fault)
		}
		if !isUUID(seg.Value) {
			at, fault := uuidFault(seg.Value)
			return 0, buildError(prefix, segs[:i+1], len(k)+1+at, fault)
		}
		start := size
		if size += len(k) + 1 + uuidLen; size > MaxSubjectSize {
			return 0, buildError(prefix, segs[:i+1], MaxSubjectSize-start, "longer than 255 bytes")
		}
	}
	if size == 0 {
		return 0, &SubjectError{"", 0, "empty"}
	}
	return size, nil
}

// fitsAfter says what is wrong with the key k after prefix and segs.
func fitsAfter(k Key, prefix string, segs []Segment) string {
	if prefix == "" && len(segs) == 0 {
		return placeKey(k, nil)
	}
	_, twice := Subject{prefix}.Lookup(k)
	for _, seg := range segs {
		twice = twice || seg.Key.canonical() == k
	}
	if twice {
		return "key occurs twice"
	}
	return ""
}

// join returns the text of prefix and segs, for which size bytes are set aside.
func join(prefix string, segs []Segment, size int) string {
	var b strings.Builder
	b.Grow(size)
	b.WriteString(prefix)
	for _, seg := range segs {
		lead, bit := seg.Key.lead()
		if bit == 0 {
			lead = "/" + string(seg.Key) + ":"
		}
		if b.Len() == 0 {
			lead = lead[1:]
		}
		b.WriteString(lead)
		b.WriteString(seg.Value)
	}
	return b.String()
}

// buildError describes a fault at offset at of the last of segs, which were to
// follow prefix.
func buildError(prefix string, segs []Segment, at int, reason string) error {
	before := len(segs) - 1
	start := len(join(prefix, segs[:before], 0))
	if start > 0 {
		start++ // the slash
	}
	return &SubjectError{join(prefix, segs, 0), start + at, reason}
}
