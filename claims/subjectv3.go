package claims

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// MaxReadings is the number of readings of one subject that are looked for.
const MaxReadings = 16

// Pair is one field of a V3 subject and its value. It prints redacted, as
// [RedactSubject] does.
type Pair struct {
	Name  string
	Value string // may be personal data
}

// String returns p as RedactSubject shows it.
func (p Pair) String() string { return RedactSubject(p.Name + ":" + p.Value) }

// Format prints p redacted under each verb.
func (p Pair) Format(f fmt.State, verb rune) { formatText(f, verb, p.String()) }

// LogValue implements [slog.LogValuer].
func (p Pair) LogValue() slog.Value { return slog.StringValue(p.String()) }

// MarshalText returns p redacted: it is for logs, not for storage.
func (p Pair) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// SubjectV3 is one reading of the "sub" of a V3 token. It prints redacted, as
// [RedactSubject] does; its fields hold the text as it was read.
type SubjectV3 struct {
	Raw   string // may hold personal data
	Kind  Kind   // from the base fields
	Pairs []Pair // base fields first
}

// Lookup returns the value of the first pair with the given name, and whether
// there is one.
func (s SubjectV3) Lookup(name string) (string, bool) {
	for _, p := range s.Pairs {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// String returns the subject as RedactSubject shows it.
func (s SubjectV3) String() string { return RedactSubject(s.Raw) }

// Format prints s redacted under each verb.
func (s SubjectV3) Format(f fmt.State, verb rune) { formatText(f, verb, s.String()) }

// LogValue implements [slog.LogValuer].
func (s SubjectV3) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns s redacted: it is for logs, not for storage.
func (s SubjectV3) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Parse reads the "sub" of a V3 token of an organization with layout l. Base
// fields are ids; an extra field may be missing, and its value may contain colons
// unless it is an id, an e-mail address, the host of a URL or the word in
// creator_principal.
//
// If there is more than one reading the error is an [*AmbiguousSubjectError]
// with all of them, or the first [MaxReadings]; which readings those are, and
// their order, may change. If there is none it is a [*SubjectError]. Whoever has
// the token should use [Claims.SubjectV3], which does not have to guess.
func (l Layout) Parse(sub string) (SubjectV3, error) {
	extra := l.extra
	return readV3(sub, func(name string) int { return slices.Index(extra, name) })
}

// ParseSubjectV3 reads the "sub" of a V3 token of an organization whose layout is
// not known: the extra fields may be any, in any order, none twice. Otherwise it
// is [Layout.Parse], with more readings.
func ParseSubjectV3(sub string) (SubjectV3, error) {
	return readV3(sub, nil)
}

// v3Reader finds the readings of one subject.
//
// A name has no colon, so a pair can begin only where the text between two
// colons is the name of a field; those places are the marks. Where a value ends
// follows from its form except for free text, which may end at each mark or at
// the end of the subject. As free text may always reach to the end, each choice
// for one yields a reading, and the search stops after MaxReadings of them: the
// work is at most a few passes over the marks.
type v3Reader struct {
	sub   string
	base  []Pair
	kind  Kind
	order bool // extra fields come in the order of their ranks
	marks []v3Mark

	pairs    []Pair
	used     []string
	readings []SubjectV3
	more     bool
	farthest int // the furthest that a reading got, for the error
}

// v3Mark is a place where a pair may begin.
type v3Mark struct {
	name  string
	start int // of the name
	rank  int // of the name among the extra fields
	form  form
}

// readV3 reads sub. The extra fields are those that rank gives a number that is
// not negative, in that order, or all known fields if rank is nil.
func readV3(sub string, rank func(name string) int) (SubjectV3, error) {
	if len(sub) > MaxTokenSize {
		return SubjectV3{}, &SubjectError{sub, MaxTokenSize, "longer than a token"}
	}
	r := &v3Reader{sub: sub, order: rank != nil}
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
	return SubjectV3{}, &SubjectError{sub, r.farthest, "neither the end nor a pair of the layout"}
}

// readBase reads the base fields and returns where they end.
func (r *v3Reader) readBase() (int, error) {
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
	r.kind = baseKind(name)
	if r.kind == KindUnknown {
		return 0, &SubjectError{r.sub, pos + 1, "the pair after the organization is not a base field"}
	}
	return r.readID(name, pos+1)
}

// baseKind returns the kind of principal whose second base field is name.
func baseKind(name string) Kind {
	switch name {
	case "project_id", "environment_id":
		return KindEnvironment
	case "user_id":
		return KindUser
	case "runner_id":
		// A guess: no source shows the subject of a runner. It is read, as no
		// other principal could have it, and never built.
		return KindRunner
	case "service_account_id":
		return KindServiceAccount
	default:
		return KindUnknown
	}
}

// readID reads the base field whose name is at pos and returns where it ends.
func (r *v3Reader) readID(name string, pos int) (int, error) {
	v := pos + len(name) + 1
	if v > len(r.sub) {
		return 0, &SubjectError{r.sub, len(r.sub), "no value"}
	}
	if !hasIDAt(r.sub[v:]) {
		value, _, _ := strings.Cut(r.sub[v:], ":")
		at, fault := uuidFault(value)
		return 0, &SubjectError{r.sub, v + at, fault}
	}
	r.base = append(r.base, Pair{name, r.sub[v : v+uuidLen]})
	return v + uuidLen, nil
}

// findMarks collects the places from pos on where an extra field may begin.
func (r *v3Reader) findMarks(pos int, rank func(string) int) {
	for pos < len(r.sub) {
		start := pos + 1
		end := nextColon(r.sub, start)
		if end == len(r.sub) {
			return
		}
		name := r.sub[start:end]
		if f := formOfAny(name); f != formNone {
			m := v3Mark{name: name, start: start, form: f}
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

// extend adds the readings that continue r.pairs at pos, which is the end of the
// subject or a colon. The last extra field had the given rank.
func (r *v3Reader) extend(pos, rank int) {
	r.farthest = max(r.farthest, pos)
	if pos == len(r.sub) {
		if len(r.readings) == MaxReadings {
			r.more = true
			return
		}
		r.readings = append(r.readings, SubjectV3{r.sub, r.kind, slices.Clone(r.pairs)})
		return
	}
	i, ok := slices.BinarySearchFunc(r.marks, pos+1, func(m v3Mark, start int) int { return m.start - start })
	if !ok || !r.allowed(r.marks[i], rank) {
		return
	}
	m := r.marks[i]
	v := m.start + len(m.name) + 1
	limit, early := m.form.limit(r.sub, v)
	if limit < v {
		return
	}
	r.used = append(r.used, m.name)
	r.try(m, v, limit)
	if early {
		for _, next := range r.marks[i+1:] {
			if r.more {
				break
			}
			if end := next.start - 1; end >= v && end < limit && r.allowed(next, m.rank) {
				r.try(m, v, end)
			}
		}
	}
	r.used = r.used[:len(r.used)-1]
}

// try adds the readings in which the value of m goes from v to end.
func (r *v3Reader) try(m v3Mark, v, end int) {
	value := r.sub[v:end]
	for _, p := range r.base {
		// The same claim has the same value each time.
		if p.Name == m.name && p.Value != value {
			return
		}
	}
	r.pairs = append(r.pairs, Pair{m.name, value})
	r.extend(end, m.rank)
	r.pairs = r.pairs[:len(r.pairs)-1]
}

// allowed reports whether m may follow a field of the given rank.
func (r *v3Reader) allowed(m v3Mark, rank int) bool {
	if r.order {
		return m.rank > rank
	}
	return !slices.Contains(r.used, m.name)
}
