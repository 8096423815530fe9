package claims_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
)

// randomSubject returns the extra fields of a layout, and a subject of random pieces. Fields of the
// layout in its order are likely, others possible.
func randomSubject(rnd *rand.Rand) (extra []string, sub string) {
	fields := []string{
		"organization_id", "project_id", "environment_id", "creator_id", "creator_principal",
		"creator_email", "email", "creator_idp", "idp", "creator_name", "name", "idp_claims.a",
	}
	values := []string{
		orgID, projID, envID, userID, "user", "Jo", "", "a@b", "@b", "a@", `"a@b`, "a@[1", "https://x", "https://x:80", "https://x/y", "https://[a", "x://", "://", "é",
	}
	extra = slices.Clone(fields)
	rnd.Shuffle(len(extra), func(i, j int) { extra[i], extra[j] = extra[j], extra[i] })
	extra = extra[:rnd.IntN(6)]
	sub = []string{baseProject, baseEnv, baseUser, "account_id:" + acctID}[rnd.IntN(4)]
	for range rnd.IntN(6) {
		field := fields[rnd.IntN(len(fields))]
		if len(extra) > 0 && rnd.IntN(4) > 0 {
			field = extra[rnd.IntN(len(extra))]
		}
		sub += ":" + field + ":" + values[rnd.IntN(len(values))]
		if rnd.IntN(8) == 0 {
			sub += ":" + values[rnd.IntN(len(values))]
		}
	}
	return extra, sub
}

// The readings of random subjects are those that the slow search finds.
func TestLayoutParseOracle(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	counts := map[string]int{}
	for range 8000 {
		extra, sub := randomSubject(rnd)
		want := slowReadings(sub, extra)
		got, err := mustLayout(t, extra...).Parse(sub)
		checkReadings(t, sub, got, err)
		var ae *claims.AmbiguousSubjectError
		switch {
		case err == nil:
			counts["one"]++
			if len(want) != 1 || !want[readingKey(got)] {
				t.Fatalf("%q under %q: %q, want %v", sub, extra, readingKey(got), want)
			}
		case errors.As(err, &ae):
			counts["several"]++
			if !ae.More && len(ae.Readings) != len(want) || ae.More != (len(want) > maxReadings) {
				t.Fatalf("%q under %q: %d readings, more %v, want %d", sub, extra, len(ae.Readings), ae.More, len(want))
			}
			for i, r := range ae.Readings {
				if !want[readingKey(r)] || slices.ContainsFunc(ae.Readings[:i], func(o claims.SubjectV3) bool { return readingKey(o) == readingKey(r) }) {
					t.Fatalf("%q under %q: reading %q is wrong or repeated", sub, extra, readingKey(r))
				}
			}
		default:
			counts["none"]++
			if len(want) != 0 {
				t.Fatalf("%q under %q: %v, want %v", sub, extra, err, want)
			}
		}
	}
	for _, kind := range []string{"one", "several", "none"} {
		if counts[kind] < 200 {
			t.Errorf("only %d subjects with %s readings, want at least 200", counts[kind], kind)
		}
	}
}

// slowReadings finds all readings of a subject in a layout with the given extra fields. It tries
// every field at every colon.
func slowReadings(sub string, fields []string) map[string]bool {
	readings := map[string]bool{}
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
				if !slowIsValue(field, v, value) {
					continue
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

// slowIsValue reports whether v, a prefix of all, can be a whole value of field.
func slowIsValue(field, v, all string) bool {
	toColon, _, _ := strings.Cut(all, ":")
	switch field {
	case "organization_id", "project_id", "environment_id", "runner_id", "user_id", "account_id", "service_account_id", "creator_id":
		return slowIsUUID(v)
	case "creator_principal":
		return v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz_") == ""
	case "email", "creator_email":
		local, domain, ok := strings.Cut(toColon, "@")
		plain := ok && local != "" && domain != "" && !strings.Contains(domain, "@") && !strings.ContainsAny(toColon, `"[`)
		return !plain || v == toColon
	case "idp", "creator_idp":
		return slowIsProvider(v, all)
	}
	return true
}

// slowIsProvider reports whether v, a prefix of all, is a whole value of idp: a word, or a URL
// whose host part ends before the first colon that no port follows.
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
