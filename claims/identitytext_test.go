package claims_test

import (
	"encoding"
	"encoding/json"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
)

// storedIdentities has an Identity of every form, with its text and its JSON.
func storedIdentities(tb testing.TB) []struct {
	id         claims.Identity
	text, json string
} {
	tb.Helper()
	read := func(payload string) claims.Identity {
		id, err := mustParse(tb, payload).Identity()
		if err != nil {
			tb.Fatal(err)
		}
		return id
	}
	const org = "organization:" + orgID + "/"
	object := func(kind, id, more string) string {
		return `{"kind":"` + kind + `","id":"` + id + `","organization":"` + orgID + `"` + more + `}`
	}
	return []struct {
		id         claims.Identity
		text, json string
	}{
		{claims.Identity{}, "", "null"},
		{read(payloadV2), org + "project:" + projID + "/environment:" + envID, object("environment", envID, `,"project":"`+projID+`"`)},
		{read(`{"sub":"org:` + orgID + `/env:` + envID + `"}`), org + "environment:" + envID, object("environment", envID, "")},
		{read(`{"sub":"environment:` + orgID + `:` + envID + `"}`), org + "project:unknown/environment:" + envID, object("environment", envID, `,"project":null`)},
		{read(`{"sub":"org:` + orgID + `/user:` + userID + `"}`), org + "user:" + userID, object("user", userID, "")},
		{read(`{"sub":"org:` + orgID + `/rnr:` + envID + `"}`), org + "runner:" + envID, object("runner", envID, "")},
		{read(`{"sub":"serviceaccount:` + orgID + `:` + saID + `"}`), org + "serviceaccount:" + saID, object("serviceaccount", saID, "")},
		{read(`{"sub":"account:` + orgID + `:` + acctID + `"}`), org + "account:" + acctID, object("account", acctID, "")},
		{read(v3("account_id:"+acctID, `"account_id":"`+acctID+`"`)), "account:" + acctID, `{"kind":"account","id":"` + acctID + `"}`},
	}
}

func TestIdentityText(t *testing.T) {
	t.Parallel()
	for _, tt := range storedIdentities(t) {
		text, err := tt.id.MarshalText()
		if err != nil || string(text) != tt.text {
			t.Errorf("MarshalText of %v = %q, %v, want %q", tt.id, text, err, tt.text)
		}
		got := mustIdentity(t)
		if err := got.UnmarshalText([]byte(tt.text)); err != nil || got != tt.id {
			t.Errorf("UnmarshalText(%q) = %#v, %v", tt.text, got, err)
		}
		m, err := json.Marshal(map[claims.Identity]int{tt.id: 1})
		if err != nil || string(m) != `{"`+tt.text+`":1}` {
			t.Errorf("Marshal of a map = %s, %v", m, err)
		}
		var back map[claims.Identity]int
		if err := json.Unmarshal(m, &back); err != nil || back[tt.id] != 1 {
			t.Errorf("Unmarshal(%s) = %v, %v", m, back, err)
		}
	}
}

func TestIdentityJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range storedIdentities(t) {
		got, err := json.Marshal(tt.id)
		if err != nil || string(got) != tt.json {
			t.Errorf("Marshal = %s, %v, want %s", got, err, tt.json)
		}
		back := mustIdentity(t)
		if err := json.Unmarshal(got, &back); err != nil || back != tt.id {
			t.Errorf("Unmarshal(%s) = %#v, %v", got, back, err)
		}
	}
	more := `{"since":[{}],"id":"` + acctID + `","kind":"account"}`
	var id claims.Identity
	if err := json.Unmarshal([]byte(more), &id); err != nil || id.ID() != acctID {
		t.Errorf("Unmarshal with another member = %v, %v", id, err)
	}
}

// mustIdentity returns an Identity that differs from those in storedIdentities.
func mustIdentity(tb testing.TB) claims.Identity {
	tb.Helper()
	id, err := mustParse(tb, `{"sub":"org:`+saID+`/user:`+saID+`"}`).Identity()
	if err != nil {
		tb.Fatal(err)
	}
	return id
}

// Text and JSON that MarshalText and MarshalJSON do not return is refused, and changes nothing.
func TestIdentityTextRefuses(t *testing.T) {
	t.Parallel()
	const org, user = "organization:" + orgID + "/", "user:" + userID
	for _, text := range []string{
		" ", "unknown principal", user, org, "organization:" + orgID, org + "user:", org + "user", org + user + "/", org + user + " ", " " + org + user,
		org + "robot:" + userID, org + "unknown:" + userID, org + ":" + userID, "organization:/" + user, "organization:x/" + user,
		org + org + user, org + "project:/environment:" + envID, org + "project:x/environment:" + envID, org + "project:" + projID,
		org + "project:" + projID + "/" + user, org + "project:unknown/" + user, "project:" + projID + "/account:" + acctID,
		strings.ToUpper(org) + user, org + strings.ToUpper(user), org + "user:" + strings.ToUpper(userID), org + "User:" + userID,
	} {
		checkRefused(t, text, func(id *claims.Identity) error { return id.UnmarshalText([]byte(text)) })
	}
	for _, text := range []string{
		`{}`, `[]`, `"` + user + `"`, `1`, `true`, `{"kind":"user"}`, `{"kind":"user","id":"` + userID + `"}`,
		`{"kind":1,"id":"` + userID + `","organization":"` + orgID + `"}`, `{"kind":"user","id":1,"organization":"` + orgID + `"}`,
		`{"kind":"unknown","id":"` + userID + `","organization":"` + orgID + `"}`,
		`{"Kind":"user","id":"` + userID + `","organization":"` + orgID + `"}`,
		`{"kind":"user","id":"` + userID + `","organization":"x"}`, `{"kind":"user","id":"` + userID + `","organization":["` + orgID + `"]}`,
		`{"kind":"user","id":"` + userID + `","organization":"` + orgID + `","project":"` + projID + `"}`,
		`{"kind":"user","id":"` + userID + `","organization":"` + orgID + `","project":null}`,
		`{"kind":"environment","id":"` + envID + `","organization":"` + orgID + `","project":"x"}`,
		`{"kind":"environment","id":"` + envID + `","organization":"` + orgID + `","project":1}`,
		`{"kind":"user","kind":"user","id":"` + userID + `","organization":"` + orgID + `"}`,
	} {
		checkRefused(t, text, func(id *claims.Identity) error { return json.Unmarshal([]byte(text), id) })
	}
}

func checkRefused(t *testing.T, text string, read func(*claims.Identity) error) {
	t.Helper()
	id := mustIdentity(t)
	if err := read(&id); err == nil || id != mustIdentity(t) {
		t.Errorf("%q gives %v, %v, want an error and no change", text, id, err)
	}
}

func TestNamesAreText(t *testing.T) {
	t.Parallel()
	for v := claims.VersionUnknown; v <= claims.V3; v++ {
		checkName(t, v, v.String(), new(claims.Version))
	}
	for k := claims.KindUnknown; k <= claims.KindAccount; k++ {
		checkName(t, k, k.String(), new(claims.Kind))
	}
	for _, v := range []encoding.TextMarshaler{claims.Version(-1), claims.Version(4), claims.Kind(-1), claims.Kind(6)} {
		if text, err := v.MarshalText(); err == nil {
			t.Errorf("MarshalText of %d = %q", v, text)
		}
	}
	for _, text := range []string{"", "Unknown", "v1", "V4", "1", " V1", "Environment", "env", "service_account", "user "} {
		v, k := claims.V2, claims.KindRunner
		if v.UnmarshalText([]byte(text)) == nil || k.UnmarshalText([]byte(text)) == nil || v != claims.V2 || k != claims.KindRunner {
			t.Errorf("UnmarshalText(%q) gives %v, %v", text, v, k)
		}
	}
}

// checkName checks that value is the word in JSON, and that dst can read it.
func checkName[T comparable, P interface {
	*T
	encoding.TextUnmarshaler
}](t *testing.T, value T, word string, dst P) {
	t.Helper()
	text, err := json.Marshal(map[T]T{value: value})
	if err != nil || string(text) != `{"`+word+`":"`+word+`"}` {
		t.Errorf("Marshal = %s, %v", text, err)
	}
	if err := dst.UnmarshalText([]byte(word)); err != nil || *dst != value {
		t.Errorf("UnmarshalText(%q) = %v, %v", word, *dst, err)
	}
}

func FuzzIdentityText(f *testing.F) {
	for _, tt := range storedIdentities(f) {
		f.Add(tt.text)
		f.Add(tt.json)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var id, fromJSON claims.Identity
		if err := id.UnmarshalText([]byte(s)); err != nil && !id.IsZero() {
			t.Errorf("%q: %v with an error", s, id)
		} else if text, _ := id.MarshalText(); err == nil && string(text) != s {
			t.Errorf("%q is read and written as %q", s, text)
		}
		if err := json.Unmarshal([]byte(s), &fromJSON); err != nil {
			return
		}
		text, err := json.Marshal(fromJSON)
		var back claims.Identity
		if err != nil || json.Unmarshal(text, &back) != nil || back != fromJSON {
			t.Errorf("%q is read as %v and written as %s", s, fromJSON, text)
		}
	})
}
