package jose_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/onafed/onafed/internal/jose"
)

// Members agrees with encoding/json about the members of each object that it accepts.
func FuzzMembers(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1}`, `{"a":1,"a":2}`, `{"a":{"a":1}}`, `[]`, `null`, `{"\u0061":1,"a":2}`, `{"a":1}x`, "{\"\xff\":1}", `{"a":`, ` {"a" : [1, 2] } `} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := jose.Members(data)
		if err != nil {
			if got != nil {
				t.Fatalf("%v with %v", got, err)
			}
			return
		}
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("Members(%q) = %v, encoding/json: %v", data, got, err)
		}
		if len(got) != len(want) {
			t.Fatalf("Members(%q) = %v, want %v", data, got, want)
		}
		for name, v := range want {
			if !slices.Equal(got[name], v) {
				t.Fatalf("member %q is %q, want %q", name, got[name], v)
			}
		}
	})
}
