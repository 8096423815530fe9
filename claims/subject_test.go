package claims_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
)

// subjectTests are subjects that are accepted, with their segments.
var subjectTests = []struct {
	name string
	in   string
	segs []claims.Segment
}{
	{"environment in a project", subV2, []claims.Segment{claims.Organization(orgID), claims.Project(projID), claims.Environment(envID)}},
	{"environment without a project", "org:" + orgID + "/env:" + envID, []claims.Segment{claims.Organization(orgID), claims.Environment(envID)}},
	{"user", "org:" + orgID + "/user:" + userID, []claims.Segment{claims.Organization(orgID), claims.User(userID)}},
	{"runner", "org:" + orgID + "/rnr:" + userID, []claims.Segment{claims.Organization(orgID), claims.Runner(userID)}},
	{"organization alone", "org:" + orgID, []claims.Segment{claims.Organization(orgID)}},
	{"undocumented key", "org:" + orgID + "/service-account_2:" + userID, []claims.Segment{claims.Organization(orgID), {Key: "service-account_2", Value: userID}}},
	{"key of one letter", "org:" + orgID + "/x:" + userID, []claims.Segment{claims.Organization(orgID), {Key: "x", Value: userID}}},
	{"longest", "org:" + orgID + "/a:" + orgID + "/b:" + orgID + "/c:" + orgID + "/d:" + orgID + "/" + strings.Repeat("e", 21) + ":" + orgID, []claims.Segment{
		claims.Organization(orgID), {Key: "a", Value: orgID}, {Key: "b", Value: orgID}, {Key: "c", Value: orgID}, {Key: "d", Value: orgID}, {Key: claims.Key(strings.Repeat("e", 21)), Value: orgID},
	}},
}

func TestParseSubject(t *testing.T) {
	t.Parallel()
	for _, tt := range subjectTests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := claims.ParseSubject(tt.in)
			if err != nil {
				t.Fatalf("ParseSubject(%q) = %v", tt.in, err)
			}
			if s.String() != tt.in || s.IsZero() {
				t.Errorf("ParseSubject(%q) = %q", tt.in, s)
			}
			if diff := cmp.Diff(tt.segs, slices.Collect(s.Segments())); diff != "" {
				t.Errorf("Segments (-want +got):\n%s", diff)
			}
			built, err := claims.SubjectFrom(tt.segs...)
			if err != nil || built != s {
				t.Errorf("SubjectFrom = %q, %v, want %q", built, err, s)
			}
			var grown claims.Subject
			for _, seg := range tt.segs {
				if grown, err = grown.With(seg); err != nil {
					t.Fatalf("With(%v) = %v", seg, err)
				}
				if !s.HasPrefix(grown) {
					t.Errorf("%q does not have the prefix %q", s, grown)
				}
				if v, ok := s.Lookup(seg.Key); !ok || v != seg.Value {
					t.Errorf("Lookup(%q) = %q, %v", seg.Key, v, ok)
				}
			}
			if grown != s {
				t.Errorf("With = %q, want %q", grown, s)
			}
		})
	}
}

func TestParseSubjectRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, in string
		offset   int
		reason   string
	}{
		{"empty", "", 0, "empty"},
		{"no organization", "prj:" + projID, 0, "does not begin with org"},
		{"leading slash", "/org:" + orgID, 0, "empty segment"},
		{"trailing slash", "org:" + orgID + "/", 41, "empty segment"},
		{"double slash", "org:" + orgID + "//env:" + envID, 41, "empty segment"},
		{"no colon", "org", 3, "no colon"},
		{"empty key", ":" + orgID, 0, "empty key"},
		{"empty id", "org:", 4, "too short"},
		{"short id", "org:" + orgID[:35], 39, "too short"},
		{"long id", "org:" + orgID + "0", 40, "too long"},
		{"upper-case id", "org:0191E223-1c3c-7607-badf-303c98b52d2f", 8, "upper-case digit"},
		{"id in braces", "org:{0191e223-1c3c-7607-badf-303c98b52d2f}", 4, "hexadecimal digit expected"},
		{"id without hyphens", "org:0191e2231c3c7607badf303c98b52d2f", 12, "hyphen expected"},
		{"not an id", "org:acme/env:" + envID, 6, "hexadecimal digit expected"},
		{"pattern", "org:" + orgID + "/*", 41, "begin with a lower-case letter"},
		{"upper-case key", "org:" + orgID + "/Env:" + envID, 41, "begin with a lower-case letter"},
		{"upper case in a key", "org:" + orgID + "/eNv:" + envID, 42, "other than a-z"},
		{"digit first in a key", "org:" + orgID + "/1nv:" + envID, 41, "begin with a lower-case letter"},
		{"key twice", "org:" + orgID + "/env:" + envID + "/env:" + envID, 82, "key occurs twice"},
		{"organization twice", "org:" + orgID + "/org:" + orgID, 41, "key occurs twice"},
		{"user in both spellings", "org:" + orgID + "/usr:" + userID + "/user:" + userID, 82, "key occurs twice"},
		{"leading space", " org:" + orgID, 0, "begin with a lower-case letter"},
		{"trailing newline", "org:" + orgID + "\n", 40, "too long"},
		{"V3", "organization_id:" + orgID + ":project_id:" + projID, 0, "does not begin with org"},
		{"key twice before its id", "org:" + orgID + "/prj:" + projID + "/prj:x", 82, "twice"},
		{"too long", "org:" + orgID + "/" + strings.Repeat("k", 200) + ":" + envID, 255, "longer than 255 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := claims.ParseSubject(tt.in)
			var se *claims.SubjectError
			if !errors.As(err, &se) || s != (claims.Subject{}) {
				t.Fatalf("ParseSubject(%q) = %q, %v, want a *SubjectError", tt.in, s, err)
			}
			if se.Input != tt.in || se.Offset != tt.offset || !strings.Contains(se.Reason, tt.reason) {
				t.Errorf("ParseSubject(%q): offset %d, reason %q, want %d, %q", tt.in, se.Offset, se.Reason, tt.offset, tt.reason)
			}
		})
	}
}

// The parser, the builder and the rule for ids agree about each byte in each kind of place.
func TestSubjectBytes(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		b := string([]byte{byte(c)})
		hex := strings.Contains("0123456789abcdef", b)
		id := orgID[:20] + b + orgID[21:]
		_, perr := claims.ParseSubject("org:" + id)
		_, ferr := claims.SubjectFrom(claims.Organization(id))
		if (perr == nil) != hex || (ferr == nil) != hex {
			t.Errorf("byte %#x in an id: ParseSubject %v, SubjectFrom %v", c, perr, ferr)
		}
		for _, at := range []int{8, 13, 18, 23} {
			id := orgID[:at] + b + orgID[at+1:]
			if _, err := claims.ParseSubject("org:" + id); (err == nil) != (b == "-") {
				t.Errorf("byte %#x at %d of an id: %v", c, at, err)
			}
		}
		inKey := strings.Contains("abcdefghijklmnopqrstuvwxyz0123456789_-", b)
		key := "k" + b + "k"
		_, perr = claims.ParseSubject("org:" + orgID + "/" + key + ":" + envID)
		_, ferr = claims.SubjectFrom(claims.Organization(orgID), claims.Segment{Key: claims.Key(key), Value: envID})
		if (perr == nil) != inKey || (ferr == nil) != inKey {
			t.Errorf("byte %#x in a key: ParseSubject %v, SubjectFrom %v", c, perr, ferr)
		}
		first := strings.Contains("abcdefghijklmnopqrstuvwxyz", b)
		_, perr = claims.ParseSubject("org:" + orgID + "/" + b + "k:" + envID)
		_, ferr = claims.SubjectFrom(claims.Organization(orgID), claims.Segment{Key: claims.Key(b + "k"), Value: envID})
		if (perr == nil) != first || (ferr == nil) != first {
			t.Errorf("byte %#x first in a key: ParseSubject %v, SubjectFrom %v", c, perr, ferr)
		}
	}
	// Every byte of an id is checked.
	for at := range len(orgID) {
		for _, b := range []string{"g", "A", "/", ":", "\x00", "\xb0", "\xff", "`", "@"} {
			id := orgID[:at] + b + orgID[at+1:]
			if _, err := claims.ParseSubject("org:" + id); err == nil {
				t.Errorf("ParseSubject accepted the id %q", id)
			}
		}
	}
}

func TestSubjectUsr(t *testing.T) {
	t.Parallel()
	in := "org:" + orgID + "/usr:" + userID
	s, err := claims.ParseSubject(in)
	if err != nil || s.String() != in {
		t.Fatalf("ParseSubject(%q) = %q, %v", in, s, err)
	}
	for _, k := range []claims.Key{claims.KeyUser, "usr"} {
		if v, ok := s.Lookup(k); !ok || v != userID {
			t.Errorf("Lookup(%q) = %q, %v", k, v, ok)
		}
	}
	built, err := claims.SubjectFrom(claims.Organization(orgID), claims.Segment{Key: "usr", Value: userID})
	if want := "org:" + orgID + "/user:" + userID; err != nil || built.String() != want {
		t.Errorf("SubjectFrom = %q, %v, want %q", built, err, want)
	}
	if built == s || built.HasPrefix(s) {
		t.Errorf("%q and %q are equal", built, s)
	}
	if id, err := s.Identity(); err != nil || id.Kind() != claims.KindUser || id.ID() != userID {
		t.Errorf("Identity() = %v, %v", id, err)
	}
}

func TestSubjectFromRefuses(t *testing.T) {
	t.Parallel()
	org := claims.Organization(orgID)
	many := []claims.Segment{org}
	for _, k := range []claims.Key{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		many = append(many, claims.Segment{Key: k, Value: envID})
	}
	for _, tt := range []struct {
		name   string
		segs   []claims.Segment
		offset int
		reason string
	}{
		{"nothing", nil, 0, "empty"},
		{"no organization", []claims.Segment{claims.Environment(envID)}, 0, "does not begin with org"},
		{"organization later", []claims.Segment{claims.Environment(envID), org}, 0, "does not begin with org"},
		{"empty id", []claims.Segment{org, claims.Environment("")}, 45, "too short"},
		{"forged id", []claims.Segment{org, claims.Project(projID + "/env:" + envID)}, 81, "slash"},
		{"forged key", []claims.Segment{org, {Key: "prj:" + projID + "/env", Value: envID}}, 81, "slash"},
		{"empty key", []claims.Segment{org, {Value: envID}}, 41, "empty key"},
		{"key with a slash", []claims.Segment{org, {Key: "a:b/c", Value: envID}}, 44, "too short"},
		{"key twice", []claims.Segment{org, claims.User(userID), {Key: "usr", Value: userID}}, 83, "twice"},
		{"too long", many, 255, "longer than 255"},
		{"key too long", []claims.Segment{org, {Key: claims.Key(strings.Repeat("k", 1000)), Value: envID}}, 255, "longer than 255"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := claims.SubjectFrom(tt.segs...)
			var se *claims.SubjectError
			if !errors.As(err, &se) || !s.IsZero() {
				t.Fatalf("SubjectFrom = %q, %v, want a *SubjectError", s, err)
			}
			if se.Offset != tt.offset || !strings.Contains(se.Reason, tt.reason) {
				t.Errorf("offset %d, reason %q, want %d, %q", se.Offset, se.Reason, tt.offset, tt.reason)
			}
		})
	}
}

func TestSubjectWith(t *testing.T) {
	t.Parallel()
	const orgProject = "org:" + orgID + "/prj:" + projID
	undocumented := "org:" + orgID + "/a:" + projID + "/b:" + projID + "/c:" + projID + "/d:" + projID
	for _, tt := range []struct {
		name, subject string
		segment       claims.Segment
		want          string // "" for an error
	}{
		{"another key", orgProject, claims.Environment(envID), orgProject + "/env:" + envID},
		{"a key behind undocumented ones", undocumented, claims.User(userID), undocumented + "/user:" + userID},
		{"the zero subject and an organization", "", claims.Organization(orgID), "org:" + orgID},
		{"the zero subject and another key", "", claims.User(userID), ""},
		{"a second organization", orgProject, claims.Organization(orgID), ""},
		{"a second project", orgProject, claims.Project(envID), ""},
		{"a second project behind an undocumented key", orgProject + "/a:" + projID, claims.Project(envID), ""},
	} {
		var s claims.Subject
		if tt.subject != "" {
			s = claims.MustParseSubject(tt.subject)
		}
		got, err := s.With(tt.segment)
		if got.String() != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q with %v = %q, %v, want %q", tt.name, tt.subject, tt.segment, got, err, tt.want)
		}
	}
}

func TestSubjectHasPrefix(t *testing.T) {
	t.Parallel()
	s := claims.MustParseSubject(subV2)
	for _, tt := range []struct {
		prefix claims.Subject
		want   bool
	}{
		{claims.Subject{}, false},
		{s, true},
		{claims.MustParseSubject("org:" + orgID), true},
		{claims.MustParseSubject("org:" + orgID + "/prj:" + projID), true},
		{claims.MustParseSubject("org:" + orgID + "/env:" + envID), false},
		{claims.MustParseSubject("org:" + projID), false},
		{claims.MustParseSubject(subV2 + "/x:" + envID), false},
	} {
		if got := s.HasPrefix(tt.prefix); got != tt.want {
			t.Errorf("HasPrefix(%q) = %v", tt.prefix, got)
		}
	}
	if (claims.Subject{}).HasPrefix(claims.Subject{}) || (claims.Subject{}).HasPrefix(s) {
		t.Error("the zero Subject has a prefix")
	}
}

func TestSubjectCompare(t *testing.T) {
	t.Parallel()
	sorted := []claims.Subject{
		{},
		claims.MustParseSubject("org:" + orgID),
		claims.MustParseSubject("org:" + orgID + "/env:" + envID),
		claims.MustParseSubject("org:" + orgID + "/prj:" + projID),
		claims.MustParseSubject(subV2),
		claims.MustParseSubject("org:" + projID),
	}
	for i, a := range sorted {
		for j, b := range sorted {
			got := a.Compare(b)
			if want := min(1, max(-1, i-j)); got != want {
				t.Errorf("%q.Compare(%q) = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestSubjectText(t *testing.T) {
	t.Parallel()
	type doc struct {
		Sub  claims.Subject
		Omit claims.Subject `json:",omitzero"`
		Map  map[claims.Subject]int
	}
	in := doc{Sub: claims.MustParseSubject(subV2), Map: map[claims.Subject]int{claims.MustParseSubject("org:" + orgID): 1}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"Sub":"` + subV2 + `","Map":{"org:` + orgID + `":1}}`; string(text) != want {
		t.Errorf("Marshal = %s, want %s", text, want)
	}
	var out doc
	if err := json.Unmarshal(text, &out); err != nil || out.Sub != in.Sub || out.Map[claims.MustParseSubject("org:"+orgID)] != 1 {
		t.Errorf("Unmarshal = %v, %v", out, err)
	}
	s := in.Sub
	if err := s.UnmarshalText([]byte("org:x")); err == nil || s != in.Sub {
		t.Errorf("after an error UnmarshalText left %q, %v", s, err)
	}
	if err := s.UnmarshalText(nil); err != nil || !s.IsZero() {
		t.Errorf("UnmarshalText(nil) = %q, %v", s, err)
	}
	if b, err := in.Sub.AppendText([]byte("sub=")); err != nil || string(b) != "sub="+subV2 {
		t.Errorf("AppendText = %q, %v", b, err)
	}
}

func TestMustParseSubjectPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "claims: subject") {
			t.Errorf("recovered %v", r)
		}
	}()
	claims.MustParseSubject("org:x")
}

func TestSubjectIdentity(t *testing.T) {
	t.Parallel()
	for _, in := range []string{
		"org:" + orgID,
		"org:" + orgID + "/prj:" + projID,
		"org:" + orgID + "/env:" + envID + "/prj:" + projID,
		"org:" + orgID + "/prj:" + projID + "/user:" + userID,
		"org:" + orgID + "/sa:" + userID,
		"org:" + orgID + "/prj:" + projID + "/rnr:" + rnrID,
		"org:" + orgID + "/rnr:" + rnrID + "/env:" + envID,
		subV2 + "/user:" + userID,
	} {
		id, err := claims.MustParseSubject(in).Identity()
		var se *claims.SubjectError
		if !errors.As(err, &se) || !id.IsZero() {
			t.Errorf("%q.Identity() = %v, %v, want an error", in, id, err)
		}
	}
	if id, err := (claims.Subject{}).Identity(); err == nil || !id.IsZero() {
		t.Errorf("zero Subject: Identity() = %v, %v", id, err)
	}
}

func TestSubjectAllocs(t *testing.T) {
	for _, tt := range []struct {
		name string
		want float64
		f    func()
	}{
		{"ParseSubject", 0, func() { _, _ = claims.ParseSubject(subV2) }},
		{"Lookup", 0, func() { _, _ = claims.MustParseSubject(subV2).Lookup(claims.KeyEnvironment) }},
		{"Segments", 0, func() {
			n := 0
			for range claims.MustParseSubject(subV2).Segments() {
				n++
			}
		}},
		{"Identity", 0, func() { _, _ = claims.MustParseSubject(subV2).Identity() }},
		{"SubjectFrom", 1, func() {
			_, _ = claims.SubjectFrom(claims.Organization(orgID), claims.Project(projID), claims.Environment(envID))
		}},
		{"With", 1, func() { _, _ = claims.MustParseSubject("org:" + orgID).With(claims.Environment(envID)) }},
	} {
		if got := testing.AllocsPerRun(100, tt.f); got != tt.want {
			t.Errorf("%s: %v allocations, want %v", tt.name, got, tt.want)
		}
	}
}
