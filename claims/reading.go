package claims

import (
	"slices"
	"strings"

	"github.com/onafed/onafed/internal/subject"
)

// maxReadings bounds the readings of one subject that are searched.
const maxReadings = 16

// Parse reads the "sub" of a V3 token of an organization with layout l. Base fields are ids. An
// extra field may be missing. Its value may contain colons unless it is an id, an e-mail address,
// the host of a URL, or the word in creator_principal.
//
// If there is more than one reading, the error is an [*AmbiguousSubjectError] with all of them, or
// with the first 16; which readings those are, and their order, may change. If there is no reading,
// the error is a [*SubjectError]. If you have the token, use [Claims.SubjectV3], which is never
// ambiguous.
func (l Layout) Parse(sub string) (SubjectV3, error) {
	extra := l.extra
	return readV3(sub, func(name string) int { return slices.Index(extra, name) })
}

// ParseSubjectV3 reads the "sub" of a V3 token of an organization whose layout is not known. It
// allows all extra fields, in any order, each once. Otherwise it works as [Layout.Parse] does, and
// finds more readings.
func ParseSubjectV3(sub string) (SubjectV3, error) {
	return readV3(sub, nil)
}

// reader finds the readings of one subject.
//
// A name has no colon, so a pair can begin only where the text between two colons is the name of a
// field. Those places are the marks. The form of a value determines where the value ends, except
// for free text, which may end at each mark or at the end of the subject. Free text can always
// extend to the end of the subject, so each choice gives at least one reading. The search stops
// after maxReadings readings, so it makes at most a few passes over the marks.
type reader struct {
	sub   string
	base  []Pair
	kind  Kind
	order bool // extra fields come in the order of their ranks
	marks []mark

	pairs    []Pair
	used     []string
	readings []SubjectV3
	more     bool
	farthest int // the largest offset that a reading reached, for the error
}

// mark is a place where a pair may begin.
type mark struct {
	name  string
	start int // of the name
	rank  int // of the name among the extra fields
	form  subject.Form
}

// readV3 reads sub. The extra fields are those for which rank returns a number that is not
// negative, in the order of the numbers. If rank is nil, they are all known fields in any order.
func readV3(sub string, rank func(name string) int) (SubjectV3, error) {
	if len(sub) > MaxTokenSize {
		return SubjectV3{}, &SubjectError{sub, MaxTokenSize, "longer than a token"}
	}
	r := &reader{sub: sub, order: rank != nil}
	pos, err := r.readBase()
	if err != nil {
		return SubjectV3{}, err
	}
	r.farthest = pos
	r.pairs = append(r.pairs, r.base...)
	r.findMarks(pos, rank)
	r.extend(pos, -1)
	switch {
	case len(r.readings) == 1 && !r.more:
		return r.readings[0], nil
	case len(r.readings) > 1:
		return SubjectV3{}, &AmbiguousSubjectError{sub, r.readings, r.more}
	}
	return SubjectV3{}, &SubjectError{sub, r.farthest, "want the end or a pair of the layout"}
}

// readBase reads the base fields and returns where they end.
func (r *reader) readBase() (int, error) {
	name, _, _ := strings.Cut(r.sub, ":")
	if name != "account_id" && name != "organization_id" {
		return 0, &SubjectError{r.sub, 0, "begins with neither organization_id nor account_id"}
	}
	pos, err := r.readID(name, 0)
	if err != nil {
		return 0, err
	}
	if name == "account_id" {
		r.kind = KindAccount
		return pos, nil
	}
	if pos == len(r.sub) {
		return 0, &SubjectError{r.sub, pos, "no pair after the organization"}
	}
	name, _, _ = strings.Cut(r.sub[pos+1:], ":")
	r.kind = kindOfBaseField(name)
	if r.kind == KindUnknown {
		return 0, &SubjectError{r.sub, pos + 1, "the pair after the organization is not a base field"}
	}
	return r.readID(name, pos+1)
}

// readID reads the base field whose name is at pos and returns where it ends.
func (r *reader) readID(name string, pos int) (int, error) {
	v := pos + len(name) + 1
	if v > len(r.sub) {
		return 0, &SubjectError{r.sub, len(r.sub), "no value"}
	}
	if !hasIDAt(r.sub[v:]) {
		value, _, _ := strings.Cut(r.sub[v:], ":")
		at, fault := subject.UUIDFault(value)
		return 0, &SubjectError{r.sub, v + at, fault}
	}
	r.base = append(r.base, Pair{name, r.sub[v : v+subject.UUIDLen]})
	return v + subject.UUIDLen, nil
}

// findMarks collects the places from pos on where an extra field may begin.
func (r *reader) findMarks(pos int, rank func(string) int) {
	for pos < len(r.sub) {
		start := pos + 1
		end := nextColon(r.sub, start)
		if end == len(r.sub) {
			return
		}
		name := r.sub[start:end]
		if f := formOf(name); f != subject.NoForm {
			m := mark{name: name, start: start, form: f}
			if rank != nil {
				m.rank = rank(name)
			}
			if m.rank >= 0 {
				r.marks = append(r.marks, m)
			}
		}
		pos = end
	}
}

// extend adds the readings that continue r.pairs at pos, which is the end of the subject or a
// colon. rank is that of the last extra field before pos, or -1.
func (r *reader) extend(pos, rank int) {
	r.farthest = max(r.farthest, pos)
	if pos == len(r.sub) {
		if len(r.readings) == maxReadings {
			r.more = true
			return
		}
		r.readings = append(r.readings, SubjectV3{r.sub, r.kind, slices.Clone(r.pairs)})
		return
	}
	i, ok := slices.BinarySearchFunc(r.marks, pos+1, func(m mark, start int) int { return m.start - start })
	if !ok || !r.allowed(r.marks[i], rank) {
		return
	}
	m := r.marks[i]
	v := m.start + len(m.name) + 1
	limit, early := valueLimit(m.form, r.sub, v)
	if limit < v {
		return
	}
	r.used = append(r.used, m.name)
	r.readValue(m, v, limit)
	if early {
		for _, next := range r.marks[i+1:] {
			if r.more {
				break
			}
			if end := next.start - 1; end >= v && end < limit && r.allowed(next, m.rank) {
				r.readValue(m, v, end)
			}
		}
	}
	r.used = r.used[:len(r.used)-1]
}

// readValue adds the readings in which the value of m goes from v to end.
func (r *reader) readValue(m mark, v, end int) {
	value := r.sub[v:end]
	for _, p := range r.base {
		// One claim has the same value each time.
		if p.Name == m.name && p.Value != value {
			return
		}
	}
	r.pairs = append(r.pairs, Pair{m.name, value})
	r.extend(end, m.rank)
	r.pairs = r.pairs[:len(r.pairs)-1]
}

// allowed reports whether m may follow a field of the given rank.
func (r *reader) allowed(m mark, rank int) bool {
	if r.order {
		return m.rank > rank
	}
	return !slices.Contains(r.used, m.name)
}
