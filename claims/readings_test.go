package claims_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/onafed/onafed/claims"
)

// Subjects made of random pieces have the readings that trying everything finds.
func TestLayoutParseOracle(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	fields := []string{
		"organization_id", "project_id", "environment_id", "creator_id", "creator_principal",
		"creator_email", "email", "creator_idp", "idp", "creator_name", "name", "idp_claims.a",
	}
	values := []string{
		orgID, projID, envID, userID, "user", "Jo", "", "a@b", "@b", "a@", `"a@b`, "a@[1", "https://x", "https://x:80", "https://x/y", "https://[a", "x://", "://", "é",
	}
	counts := map[string]int{}
	for range 8000 {
		extra := slices.Clone(fields)
		rnd.Shuffle(len(extra), func(i, j int) { extra[i], extra[j] = extra[j], extra[i] })
		extra = extra[:rnd.IntN(6)]
		l := mustLayout(t, extra...)
		sub := []string{baseProject, baseEnv, baseUser, "account_id:" + acctID}[rnd.IntN(4)]
		for range rnd.IntN(6) {
			// Fields of the layout in its order are likely, others possible.
			field := fields[rnd.IntN(len(fields))]
			if len(extra) > 0 && rnd.IntN(4) > 0 {
				field = extra[rnd.IntN(len(extra))]
			}
			sub += ":" + field + ":" + values[rnd.IntN(len(values))]
			if rnd.IntN(8) == 0 {
				sub += ":" + values[rnd.IntN(len(values))]
			}
		}
		want := slowReadings(sub, extra)
		got, err := l.Parse(sub)
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
					t.Fatalf("%q under %q: reading %q is none, or there twice", sub, extra, readingKey(r))
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
			t.Errorf("only %d subjects with %s: the test does not test", counts[kind], kind)
		}
	}
}
