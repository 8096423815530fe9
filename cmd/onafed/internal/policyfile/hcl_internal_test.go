package policyfile

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hclReader reads HCL expressions of objects, tuples and strings (HCL native syntax specification,
// "Collection Values").
type hclReader struct {
	rest string
	err  error
}

// next reports whether the text goes on with a prefix, after spaces, and skips both.
func (r *hclReader) next(prefix string) bool {
	rest, ok := strings.CutPrefix(strings.TrimLeft(r.rest, " "), prefix)
	if ok {
		r.rest = rest
	}
	return ok
}

func (r *hclReader) value() any {
	switch {
	case r.err != nil:
		return nil
	case r.next("{\n"):
		object := make(map[string]any)
		for r.err == nil && !r.next("}") {
			key := r.key()
			if !r.next("=") {
				r.err = fmt.Errorf("no = after the key %q", key)
			}
			if _, twice := object[key]; twice {
				r.err = fmt.Errorf("the key %q appears twice", key)
			}
			object[key] = r.value()
			if r.err == nil && !r.next("\n") {
				r.err = fmt.Errorf("no newline after the value of %q", key)
			}
		}
		return object
	case r.next("[\n"):
		tuple := []any{}
		for r.err == nil && !r.next("]") {
			tuple = append(tuple, r.value())
			if r.err == nil && !r.next(",\n") {
				r.err = fmt.Errorf("no comma after value %d", len(tuple))
			}
		}
		return tuple
	}
	return r.text()
}

func (r *hclReader) key() string {
	r.next("")
	if strings.HasPrefix(r.rest, `"`) {
		return r.text()
	}
	key, rest, _ := strings.Cut(r.rest, " ")
	r.rest = rest
	return key
}

// text reads a quoted string.
func (r *hclReader) text() string {
	r.next("")
	for end := 1; end < len(r.rest); end++ {
		switch r.rest[end] {
		case '\\':
			end++
		case '"':
			s, err := readHCLString(r.rest[:end+1])
			r.rest, r.err = r.rest[end+1:], err
			return s
		}
	}
	r.err = fmt.Errorf("no string at %q", r.rest)
	return ""
}

func TestHCLExpression(t *testing.T) {
	t.Parallel()
	const text = `{"A":"x","Bcd":"y","Object":{"for":"1","a b":["x","${y}"],"E":[]},"Z":"z","n":1,"t":true,"null":null}`
	const want = `{
    A   = "x"
    Bcd = "y"
    Object = {
      "for" = "1"
      "a b" = [
        "x",
        "$${y}",
      ]
      E = [
      ]
    }
    Z      = "z"
    "n"    = 1
    "t"    = true
    "null" = null
  }`
	got, err := hclExpression([]byte(text), "  ")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hclExpression (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "{", `{"a":`, `["a"`, `{"a":}`} {
		if got, err := hclExpression([]byte(bad), ""); err == nil {
			t.Errorf("hclExpression(%q) = %q, want an error", bad, got)
		}
	}
}

// FuzzHCLExpression checks that objects of strings and arrays keep their values.
func FuzzHCLExpression(f *testing.F) {
	f.Add("Key", "${x}", "\"\n")
	f.Add("for", "", "}")
	f.Add("null", "#", "//")
	f.Fuzz(func(t *testing.T, key, a, b string) {
		text, err := json.Marshal(map[string]any{key: a, key + "2": []string{a, b}, "Object": map[string]string{b: a}})
		if err != nil {
			t.Fatal(err)
		}
		var want any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		hcl, err := hclExpression(text, "")
		if err != nil {
			t.Fatal(err)
		}
		r := &hclReader{rest: hcl}
		got := r.value()
		if r.err != nil || r.rest != "" {
			t.Fatalf("%v, and %q is left of\n%s", r.err, r.rest, hcl)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("another value (-want +got):\n%s", diff)
		}
	})
}
