package claims_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onafed/onafed/claims"
)

func FuzzParseSubject(f *testing.F) {
	for _, tt := range subjectTests {
		f.Add(tt.in)
	}
	for _, s := range []string{
		"org:" + orgID + "/usr:" + userID, // read as user
		"org:" + orgID + "/",              // open path
		"org:0191E223-1c3c-7607-badf-303c98b52d2f",
		"org:" + orgID + "/env:" + envID + "/env:" + envID,
		baseProject,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := claims.ParseSubject(in)
		if want := slowIsSubject(in); (err == nil) != want {
			t.Fatalf("ParseSubject(%q) = %v, want accepted %v", in, err, want)
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

// slowIsSubject is the rule for V2 subjects in the plainest terms.
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
			t.Fatalf("%q has a reading under a layout and none without: %v", sub, anyErr)
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
					t.Fatalf("%q under %q: reading %q is none", sub, fields, readingKey(r))
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

// checkReadings checks what holds for every answer of a parser of V3 subjects.
func checkReadings(t *testing.T, sub string, got claims.SubjectV3, err error) {
	t.Helper()
	readings := []claims.SubjectV3{got}
	if err != nil {
		if got.Raw != "" || got.Pairs != nil || got.Kind != claims.KindUnknown {
			t.Fatalf("a reading of %q came with error %v", sub, err)
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

// joined returns the subject made of ps.
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

// slowReadings finds all readings of a subject under extra fields by trying
// every field at every colon.
func slowReadings(sub string, fields []string) map[string]bool {
	readings := map[string]bool{}
	ids := []string{"organization_id", "project_id", "environment_id", "runner_id", "user_id", "account_id", "service_account_id", "creator_id"}
	var base []string
	var extend func(rest string, fields, pairs []string)
	extend = func(rest string, fields, pairs []string) {
		if rest == "" {
			readings[strings.Join(pairs, "\x00")+"\x00"] = true
		}
		if len(readings) > maxReadings+1 {
			return
		}
		for i, field := range fields {
			value, ok := strings.CutPrefix(rest, ":"+field+":")
			if !ok {
				continue
			}
			for end := 0; end <= len(value); end++ {
				if end < len(value) && value[end] != ':' {
					continue
				}
				v := value[:end]
				toColon, _, _ := strings.Cut(value, ":")
				switch {
				case slices.Contains(ids, field):
					if !slowIsUUID(v) {
						continue
					}
				case field == "creator_principal":
					if v == "" || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz_") != "" {
						continue
					}
				case field == "email" || field == "creator_email":
					local, domain, ok := strings.Cut(toColon, "@")
					plain := ok && local != "" && domain != "" && !strings.Contains(domain, "@") && !strings.ContainsAny(toColon, `"[`)
					if plain && v != toColon {
						continue
					}
				case field == "idp" || field == "creator_idp":
					if !slowIsProvider(v, value) {
						continue
					}
				}
				pair := field + "=" + v
				if slices.ContainsFunc(base, func(b string) bool { return strings.HasPrefix(b, field+"=") && b != pair }) {
					continue
				}
				extend(value[end:], fields[i+1:], append(slices.Clone(pairs), pair))
			}
		}
	}
	for _, names := range [][]string{{"account_id"}, {"organization_id", "project_id"}, {"organization_id", "environment_id"}, {"organization_id", "user_id"}, {"organization_id", "service_account_id"}, {"organization_id", "runner_id"}} {
		rest, ok := ":"+sub, true
		base = nil
		for _, name := range names {
			var value string
			value, ok = strings.CutPrefix(rest, ":"+name+":")
			if !ok || len(value) < 36 || !slowIsUUID(value[:36]) {
				ok = false
				break
			}
			base = append(base, name+"="+value[:36])
			rest = value[36:]
		}
		if ok {
			extend(rest, fields, base)
		}
	}
	return readings
}

// slowIsProvider reports whether v, with which all begins, is a whole value of
// idp: a URL whose host part ends before the first colon that no port follows, or
// a word.
func slowIsProvider(v, all string) bool {
	scheme, rest, ok := strings.Cut(all, "://")
	if !ok || strings.Contains(scheme, ":") {
		toColon, _, _ := strings.Cut(all, ":")
		return v == toColon
	}
	hostAt := len(scheme) + 3
	n := 0
	if strings.HasPrefix(rest, "[") {
		n = max(strings.IndexByte(rest, ']'), 0)
	}
	ported := -1
	for ; n < len(rest); n++ {
		c := rest[n]
		if c == '/' || c == '?' || c == '#' {
			return len(v) >= hostAt+n || len(v) == len(all) || strings.HasPrefix(all[len(v):], ":") && len(v) >= len(scheme)
		}
		digit := n+1 < len(rest) && '0' <= rest[n+1] && rest[n+1] <= '9'
		if c == ':' && (ported >= 0 || !digit) {
			return len(v) == hostAt+n
		}
		if c == ':' {
			ported = n
		} else if ported >= 0 && (c < '0' || c > '9') {
			return len(v) == hostAt+ported
		}
	}
	return len(v) == len(all)
}

// A subject that was built from claims is read from them, and by its layout
// unless that says that it is ambiguous; then the right reading is among the
// first or there are more.
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

func FuzzParse(f *testing.F) {
	for _, p := range []string{payloadV2, payloadV3, personalPayload, `{"gsub":{"principal":"user","id":"x"},"nbf":1.5e3,"aud":["a","b"]}`, `{"iss":"\ud83d\ude00\n","x":[{},[-1.5E+3,true,null]]}`} {
		f.Add([]byte(p))
	}
	for _, tt := range refusedPayloads {
		if len(tt.in) < 1000 {
			f.Add([]byte(tt.in))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		c, err := claims.Parse(in)
		if err != nil {
			var pe *claims.ParseError
			if !errors.As(err, &pe) || pe.Offset < 0 || pe.Offset > len(in) || pe.Reason == "" {
				t.Fatalf("Parse = %#v", err)
			}
			if diffClaims(claims.Claims{}, c) != "" || c.Payload() != nil {
				t.Fatalf("claims came with error %v", err)
			}
			// What is refused for its syntax is no JSON for anybody.
			if isSyntaxFault(pe.Reason) && json.Valid(in) {
				t.Fatalf("Parse(%q) = %v, encoding/json finds it valid", in, err)
			}
			return
		}
		if !bytes.Equal(c.Payload(), in) {
			t.Fatalf("Payload() = %q", c.Payload())
		}
		checkAgainstJSON(t, in, c)
		again, err := claims.Parse(c.Payload())
		if diff := diffClaims(c, again); err != nil || diff != "" {
			t.Fatalf("parsed again: %v\n%s", err, diff)
		}
		if id, err := c.Identity(); err == nil {
			if kind, sid, err := claims.ParseSessionName(id.SessionName()); err != nil || kind != id.Kind() || sid != id.ID() {
				t.Fatalf("session name %q: %v", id.SessionName(), err)
			}
		} else if !id.IsZero() {
			t.Fatalf("identity %v came with error %v", id, err)
		}
		if text := c.String(); !utf8.ValidString(text) || len(text) > 4000 {
			t.Fatalf("String() = %q", text)
		}
		_ = c.Validate(time.Unix(1, 0), claims.Expected{Issuer: "i", Audiences: []string{"a"}, Organizations: []string{orgID}, Projects: []string{projID}})
	})
}

func isSyntaxFault(reason string) bool {
	for _, r := range []string{
		"expected", "ends early", "ends in a string", "something follows", "control character", "unknown escape",
	} {
		if strings.Contains(reason, r) {
			return true
		}
	}
	return false
}

// checkAgainstJSON holds c against what encoding/json makes of the payload.
func checkAgainstJSON(t *testing.T, in []byte, c claims.Claims) {
	t.Helper()
	var want struct {
		Issuer           string          `json:"iss"`
		Subject          string          `json:"sub"`
		AuthorizedParty  string          `json:"azp"`
		Org              string          `json:"org"`
		OrganizationID   *string         `json:"organization_id"`
		ProjectID        string          `json:"project_id"`
		EnvironmentID    string          `json:"environment_id"`
		RunnerID         string          `json:"runner_id"`
		RunnerName       string          `json:"runner_name"`
		UserID           string          `json:"user_id"`
		AccountID        string          `json:"account_id"`
		ServiceAccountID string          `json:"service_account_id"`
		CreatorPrincipal string          `json:"creator_principal"`
		CreatorID        string          `json:"creator_id"`
		CreatorEmail     string          `json:"creator_email"`
		CreatorName      string          `json:"creator_name"`
		CreatorIDP       string          `json:"creator_idp"`
		Email            string          `json:"email"`
		Name             string          `json:"name"`
		IDP              string          `json:"idp"`
		Audience         json.RawMessage `json:"aud"`
		Expiry           *float64        `json:"exp"`
		IssuedAt         *float64        `json:"iat"`
		NotBefore        *float64        `json:"nbf"`
	}
	if err := json.Unmarshal(in, &want); err != nil {
		t.Fatalf("encoding/json refuses %q: %v", in, err)
	}
	if want.OrganizationID == nil {
		want.OrganizationID = &want.Org
	}
	for _, v := range [][2]string{
		{c.Issuer, want.Issuer},
		{c.Subject, want.Subject},
		{c.AuthorizedParty, want.AuthorizedParty},
		{c.OrganizationID, *want.OrganizationID},
		{c.ProjectID, want.ProjectID},
		{c.EnvironmentID, want.EnvironmentID},
		{c.RunnerID, want.RunnerID},
		{c.RunnerName, want.RunnerName},
		{c.UserID, want.UserID},
		{c.AccountID, want.AccountID},
		{c.ServiceAccountID, want.ServiceAccountID},
		{c.CreatorPrincipal, want.CreatorPrincipal},
		{c.CreatorID, want.CreatorID},
		{c.CreatorEmail, want.CreatorEmail},
		{c.CreatorName, want.CreatorName},
		{c.CreatorIDP, want.CreatorIDP},
		{c.Email, want.Email},
		{c.Name, want.Name},
		{c.IDP, want.IDP},
	} {
		if v[0] != v[1] {
			t.Fatalf("%q: %q, encoding/json has %q", in, v[0], v[1])
		}
	}
	var aud []string
	if len(want.Audience) > 0 && want.Audience[0] == '"' {
		aud = make([]string, 1)
		if err := json.Unmarshal(want.Audience, &aud[0]); err != nil {
			t.Fatal(err)
		}
	} else if len(want.Audience) > 0 {
		if err := json.Unmarshal(want.Audience, &aud); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(aud, c.Audience) {
		t.Fatalf("%q: aud %q, encoding/json has %q", in, c.Audience, aud)
	}
	for _, v := range []struct {
		got  time.Time
		want *float64
	}{{c.Expiry, want.Expiry}, {c.IssuedAt, want.IssuedAt}, {c.NotBefore, want.NotBefore}} {
		if v.want == nil {
			if !v.got.IsZero() {
				t.Fatalf("%q: %v, encoding/json has none", in, v.got)
			}
			continue
		}
		got := float64(v.got.Unix()) + float64(v.got.Nanosecond())/1e9
		if math.Abs(got-*v.want) > 1e-4 {
			t.Fatalf("%q: %v is %f, encoding/json has %f", in, v.got, got, *v.want)
		}
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, h := range []string{`{"alg":"RS256","kid":"k0"}`, `{"alg":"ES256","typ":"JWT","jwk":{"kty":"EC"},"x":[1]}`, `{"alg":"a","crit":[]}`, `{"alg":"a","ALG":"b"}`} {
		f.Add([]byte(h))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		h, err := claims.ParseHeader(in)
		if err != nil {
			if !cmp.Equal(h, claims.Header{}) {
				t.Fatalf("header %v came with error %v", h, err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(in, &want); err != nil {
			t.Fatalf("encoding/json refuses %q: %v", in, err)
		}
		for name, got := range map[string]string{"alg": h.Algorithm, "kid": h.KeyID, "typ": h.Type, "nonce": h.Nonce} {
			var s string
			if raw, ok := want[name]; ok && json.Unmarshal(raw, &s) != nil || s != got {
				t.Fatalf("%q: %s %q, encoding/json has %q", in, name, got, s)
			}
		}
		for name, raw := range h.Extra {
			if !bytes.Equal(raw, want[name]) {
				t.Fatalf("%q: %s is %s, encoding/json has %s", in, name, raw, want[name])
			}
		}
		for _, name := range []string{"alg", "kid", "nonce", "jwk"} {
			delete(want, name)
		}
		if len(want) != len(h.Extra) {
			t.Fatalf("%q: %d extra members, want %d", in, len(h.Extra), len(want))
		}
	})
}

func FuzzParseUnverified(f *testing.F) {
	f.Add(compact(`{"alg":"RS256","kid":"k0"}`, payloadV2))
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AA")
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AB")   // unused bits
	f.Add(b64(`{"alg":"a"}`) + "." + b64(`{}`) + ".AA\n") // line break
	f.Add("e30=.e30=.e30=")
	f.Fuzz(func(t *testing.T, in string) {
		h, c, err := claims.ParseUnverified(in)
		if err != nil {
			var pe *claims.ParseError
			if !errors.As(err, &pe) || pe.Part == "token" && (pe.Offset < 0 || pe.Offset > len(in)) {
				t.Fatalf("ParseUnverified = %#v", err)
			}
			if !cmp.Equal(h, claims.Header{}) || diffClaims(claims.Claims{}, c) != "" {
				t.Fatalf("a result came with error %v", err)
			}
			return
		}
		// There is one spelling of a token.
		parts := strings.Split(in, ".")
		if len(parts) != 3 || b64(string(c.Payload())) != parts[1] {
			t.Fatalf("payload of %q written again is %q", in, b64(string(c.Payload())))
		}
	})
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
