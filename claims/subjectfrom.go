package claims

import (
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// maxDocumented is the length of a subject with all documented keys, and a slash before the first
// one.
const maxDocumented = len("/org:/prj:/env:/user:/rnr:") + 5*subject.UUIDLen

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
	if s, ok := documentedFrom(prefix, segs); ok {
		return s, nil
	}
	size, err := sizeOf(prefix, segs)
	if err != nil {
		return Subject{}, err
	}
	return Subject{join(prefix, segs, size)}, nil
}

// documentedFrom is subjectFrom for documented keys. For anything else it returns false. Like
// isDocumented it only saves time.
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
	// Each lead begins with a slash. The slash of the first segment is cut off at the end.
	n := 1 + copy(buf[1:], prefix)
	if prefix == "" {
		n = 0
	}
	for _, seg := range segs {
		lead, bit := seg.Key.lead()
		if bit == 0 || seen&bit != 0 || seen == 0 && bit != setOrg || !subject.IsUUID(seg.Value) {
			return Subject{}, false
		}
		seen |= bit
		n += copy(buf[n:], lead)
		n += copy(buf[n:], seg.Value)
	}
	return Subject{string(buf[min(n, 1):n])}, n > 0
}

// sizeOf returns the length of the subject of prefix and segs, or an error if they do not make a
// subject.
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
		if fault := appendFault(k, prefix, segs[:i]); fault != "" {
			return 0, buildError(prefix, segs[:i+1], 0, fault)
		}
		if !subject.IsUUID(seg.Value) {
			at, fault := subject.UUIDFault(seg.Value)
			return 0, buildError(prefix, segs[:i+1], len(k)+1+at, fault)
		}
		start := size
		if size += len(k) + 1 + subject.UUIDLen; size > maxSubjectSize {
			return 0, buildError(prefix, segs[:i+1], maxSubjectSize-start, "longer than 255 bytes")
		}
	}
	if size == 0 {
		return 0, &SubjectError{"", 0, "empty"}
	}
	return size, nil
}

// appendFault returns the reason why k may not follow prefix and segs, or "".
func appendFault(k Key, prefix string, segs []Segment) string {
	if prefix == "" && len(segs) == 0 {
		return keyOrderFault(k, nil)
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

// join returns the text of prefix and segs. It allocates size bytes in advance.
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

// buildError returns an error for a fault at the given offset of the last of segs, which should
// follow prefix.
func buildError(prefix string, segs []Segment, at int, reason string) error {
	before := len(segs) - 1
	start := len(join(prefix, segs[:before], 0))
	if start > 0 {
		start++ // the slash
	}
	return &SubjectError{join(prefix, segs, 0), start + at, reason}
}
