package claims_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

func FuzzParseSubject(f *testing.F) {
	for _, tt := range subjectTests {
		f.Add(tt.in)
	}
	for _, s := range []string{
		"org:" + orgID + "/usr:" + userID, // the same as user
		"org:" + orgID + "/",              // ends in a slash
		"org:0191E223-1c3c-7607-badf-303c98b52d2f",
		"org:" + orgID + "/env:" + envID + "/env:" + envID,
		baseProject,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := claims.ParseSubject(in)
		if want := slowIsSubject(in); (err == nil) != want {
			t.Fatalf("ParseSubject(%q) = %v, want success: %v", in, err, want)
		}
		if err != nil {
			var se *claims.SubjectError
			if !errors.As(err, &se) || !s.IsZero() || se.Offset < 0 || se.Offset > len(in) || se.Reason == "" {
				t.Fatalf("ParseSubject(%q) = %q, %#v", in, s, se)
			}
			return
		}
		if s.String() != in {
			t.Fatalf("ParseSubject(%q) = %q", in, s)
		}
		segs := slices.Collect(s.Segments())
		built, err := claims.SubjectFrom(segs...)
		if err != nil && len(in) < maxSubjectSize || err == nil && built.String() != strings.Replace(in, "/usr:", "/user:", 1) {
			t.Fatalf("SubjectFrom(%v) = %q, %v, want %q", segs, built, err, in)
		}
		var u claims.Subject
		if text, err := s.MarshalText(); err != nil || u.UnmarshalText(text) != nil || u != s {
			t.Fatalf("text round trip of %q: %q", in, u)
		}
		if got := claims.RedactSubject(in); got != in {
			t.Fatalf("RedactSubject(%q) = %q", in, got)
		}
		if id, err := s.Identity(); err == nil {
			v2, err := id.SubjectV2()
			if err != nil || v2 != built {
				t.Fatalf("%q: identity %v has subject %q, %v", in, id, v2, err)
			}
		}
	})
}

// slowIsSubject states the rule for V2 subjects as simply as possible.
func slowIsSubject(s string) bool {
	seen := map[string]bool{}
	for i, seg := range strings.Split(s, "/") {
		key, id, _ := strings.Cut(seg, ":")
		if key == "usr" {
			key = "user"
		}
		if seen[key] || i == 0 && key != "org" || !slowIsUUID(id) || key == "" || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_-") != "" || key[0] < 'a' {
			return false
		}
		seen[key] = true
	}
	return len(s) <= 255
}

func slowIsUUID(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return false
		}
	}
	return true
}

func FuzzParseSessionName(f *testing.F) {
	for _, s := range []string{"env-" + envID, "user-" + userID, "acct-" + acctID, "sa-" + saID, "rnr-" + rnrID, "env-", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		kind, id, err := claims.ParseSessionName(in)
		if err != nil {
			if kind != claims.KindUnknown || id != "" {
				t.Fatalf("ParseSessionName(%q) = %v, %q, %v", in, kind, id, err)
			}
			return
		}
		if !slowIsUUID(id) || !strings.HasSuffix(in, "-"+id) || len(in) > 64 {
			t.Fatalf("ParseSessionName(%q) = %v, %q", in, kind, id)
		}
	})
}

func FuzzRedactSubject(f *testing.F) {
	for _, s := range []string{subV2, baseProject, "environment:" + orgID + ":" + envID, baseUser + ":email:a@b:name:x", "org:x/y:z", "a:b", "\x1b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got := claims.RedactSubject(in)
		if !utf8.ValidString(got) || len(got) > 1200 || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }) {
			t.Fatalf("RedactSubject(%q) = %q", in, got)
		}
		if (got == "") != (in == "") {
			t.Fatalf("RedactSubject(%q) = %q", in, got)
		}
		if len(got) < 900 && claims.RedactSubject(got) != got {
			t.Fatalf("RedactSubject(%q) = %q, redacted again %q", in, got, claims.RedactSubject(got))
		}
	})
}
