package claims_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onafed/onafed/claims"
)

func FuzzLayoutParse(f *testing.F) {
	victim := "0190bbbb-0000-7000-8000-000000000bad"
	for _, s := range []struct{ sub, extra string }{
		{baseProject, ""},
		{baseUser + ":email:a@b:name:Jo:idp:https://x", "email,name,idp"},
		{baseEnv + ":creator_name:x:project_id:" + victim, "creator_name,project_id"}, // two readings
		{baseEnv + ":creator_idp:https://h:80:creator_name:a:environment_id:" + envID, "creator_idp,creator_name,environment_id"},
		{baseProject + `:creator_email:"a@b:project_id:` + victim + `:creator_name:"@y`, "creator_email,project_id,creator_name"},
		{baseProject + ":creator_principal:user:idp_claims.a::idp_claims.b:", "creator_principal,idp_claims.a,idp_claims.b"},
		{"account_id:" + acctID + ":name:x:name:y", "name"},
		{baseProject + strings.Repeat(":name:", 8), "name,creator_name"},
	} {
		f.Add(s.sub, s.extra)
	}
	f.Fuzz(func(t *testing.T, sub, extra string) {
		var fields []string
		if extra != "" {
			fields = strings.Split(extra, ",")
		}
		l, err := claims.NewLayout(fields...)
		if err != nil {
			l, fields = claims.Layout{}, nil
		}
		got, err := l.Parse(sub)
		checkReadings(t, sub, got, err)
		loose, anyErr := claims.ParseSubjectV3(sub)
		checkReadings(t, sub, loose, anyErr)
		if err == nil && errors.As(anyErr, new(*claims.SubjectError)) {
			t.Fatalf("%q has a reading with a layout and none without: %v", sub, anyErr)
		}
		if len(sub) > 300 {
			return
		}
		want := slowReadings(sub, fields)
		var ae *claims.AmbiguousSubjectError
		switch {
		case errors.As(err, &ae):
			if len(want) < 2 || !ae.More && len(ae.Readings) != len(want) || ae.More && len(want) <= maxReadings {
				t.Fatalf("%q under %q: %d readings, more %v, want %d", sub, fields, len(ae.Readings), ae.More, len(want))
			}
			for _, r := range ae.Readings {
				if !want[readingKey(r)] {
					t.Fatalf("%q under %q: reading %q is wrong", sub, fields, readingKey(r))
				}
			}
		case err != nil:
			if len(want) != 0 {
				t.Fatalf("%q under %q: %v, want %v", sub, fields, err, want)
			}
		case len(want) != 1 || !want[readingKey(got)]:
			t.Fatalf("%q under %q: %q, want %v", sub, fields, readingKey(got), want)
		}
	})
}

// checkReadings checks the properties of every result of a parser of V3 subjects.
func checkReadings(t *testing.T, sub string, got claims.SubjectV3, err error) {
	t.Helper()
	readings := []claims.SubjectV3{got}
	if err != nil {
		if got.Raw != "" || got.Pairs != nil || got.Kind != claims.KindUnknown {
			t.Fatalf("a parser returned a reading of %q with the error %v", sub, err)
		}
		readings = nil
		var ae *claims.AmbiguousSubjectError
		if errors.As(err, &ae) {
			readings = ae.Readings
			if len(readings) < 2 || len(readings) > maxReadings {
				t.Fatalf("%d readings of %q", len(readings), sub)
			}
		}
	}
	for _, r := range readings {
		if r.Raw != sub || joined(r.Pairs) != sub || r.Kind == claims.KindUnknown {
			t.Fatalf("reading %q of %q", joined(r.Pairs), sub)
		}
	}
}

// joined returns the subject with the pairs ps.
func joined(ps []claims.Pair) string {
	var b []string
	for _, p := range ps {
		b = append(b, p.Name+":"+p.Value)
	}
	return strings.Join(b, ":")
}

func readingKey(r claims.SubjectV3) string {
	var b strings.Builder
	for _, p := range r.Pairs {
		b.WriteString(p.Name + "=" + p.Value + "\x00")
	}
	return b.String()
}

// SubjectV3 reads a subject that was built from claims. The layout reads it too, or reports that it
// is ambiguous. Then the right reading is among the first ones, or there are more.
func FuzzLayoutBuild(f *testing.F) {
	f.Add("Jo Doe", "jo@example.com", "https://accounts.example.com", "eng", "creator_name,creator_email,environment_id,creator_idp_claims.t")
	f.Add("x:project_id:"+projID, "", "", ":", "creator_name,project_id,creator_idp,creator_idp_claims.t")
	f.Add("x:environment_id:"+projID, `"x:environment_id:`+projID+`:creator_name:"@y`, "u", "", "creator_email,environment_id,creator_name")
	f.Fuzz(func(t *testing.T, name, email, idp, team, extra string) {
		for _, s := range []string{name, email, idp, team} {
			if !utf8.ValidString(s) {
				return
			}
		}
		l, err := claims.NewLayout(strings.Split(extra, ",")...)
		if err != nil {
			return
		}
		nested, err := json.Marshal(map[string]string{"t": team})
		if err != nil {
			t.Fatal(err)
		}
		c := claims.Claims{OrganizationID: orgID, EnvironmentID: envID, CreatorName: name, CreatorEmail: email, CreatorIDP: idp, CreatorIDPClaims: nested}
		if c.Subject, err = l.Build(c); err != nil {
			t.Fatal(err)
		}
		s, err := c.SubjectV3()
		if err != nil || joined(s.Pairs) != c.Subject {
			t.Fatalf("SubjectV3 of %q = %q, %v", c.Subject, joined(s.Pairs), err)
		}
		if v, ok := s.Lookup("project_id"); ok {
			t.Fatalf("%q has project %q", c.Subject, v)
		}
		if id, err := c.Identity(); err != nil || id.ID() != envID || id.Project() != "" {
			t.Fatalf("identity of %q: %v, %v", c.Subject, id, err)
		}
		alone, err := l.Parse(c.Subject)
		var ae *claims.AmbiguousSubjectError
		switch {
		case err == nil:
			if readingKey(alone) != readingKey(s) && !strings.Contains(email+idp, ":") {
				t.Fatalf("%q alone is read as %q, want %q", c.Subject, readingKey(alone), readingKey(s))
			}
		case errors.As(err, &ae):
			if !ae.More && !slices.ContainsFunc(ae.Readings, func(r claims.SubjectV3) bool { return readingKey(r) == readingKey(s) }) && !strings.Contains(email+idp, ":") {
				t.Fatalf("the right reading of %q is not among %d", c.Subject, len(ae.Readings))
			}
		}
		for _, secret := range []string{name, email, idp} {
			if len(secret) > 40 && strings.Contains(claims.RedactSubject(c.Subject), secret) && !strings.Contains(secret, ":") {
				t.Fatalf("RedactSubject(%q) shows %q", c.Subject, secret)
			}
		}
	})
}
