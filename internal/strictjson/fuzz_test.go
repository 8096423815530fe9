package strictjson_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/onafed/onafed/internal/strictjson"
)

// fuzzDepth is more than encoding/json allows, so that only this package decides about the depth of
// short inputs.
const fuzzDepth = 1000

// FuzzSkip compares the Lexer with encoding/json, which accepts more: duplicate names, invalid
// UTF-8 and lone surrogates.
func FuzzSkip(f *testing.F) {
	for _, tt := range refused {
		f.Add(tt.text)
	}
	f.Add(`"\ud83d\ufffd\ude00"`)
	f.Add(`{"a":[1.5e-3,true,null,"\ud83d\ude00é"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > fuzzDepth {
			return
		}
		l := strictjson.New(text, strictjson.Limits{Depth: fuzzDepth})
		err := l.Skip()
		if err == nil {
			err = l.End()
		}
		var fault *strictjson.Error
		if err != nil && (!errors.As(err, &fault) || fault.Offset < 0 || fault.Offset > len(text)) {
			t.Fatalf("Skip(%q) = %#v, want an *Error with an offset in the text", text, err)
		}
		if want := json.Valid([]byte(text)) && isStrict(text); (err == nil) != want {
			t.Fatalf("Skip(%q) = %v, want success: %v", text, err, want)
		}
	})
}

// isStrict reports whether a valid JSON text is one that the Lexer accepts. It is slow and simple.
func isStrict(text string) bool {
	if !utf8.ValidString(text) || hasLoneSurrogate(text) {
		return false
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var open []map[string]bool // nil for an array
	name := false              // the next token is a member name
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return true
		}
		switch t := t.(type) {
		case json.Delim:
			switch t {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			name = true
		case string:
			if n := len(open); n > 0 && open[n-1] != nil && name {
				if open[n-1][t] {
					return false
				}
				open[n-1][t] = true
				name = false
				continue
			}
			name = true
		default:
			name = true
		}
	}
}

// hasLoneSurrogate reports whether a valid JSON text has an escaped surrogate without its other
// half. encoding/json replaces it with U+FFFD, so the text is decoded without any other U+FFFD.
func hasLoneSurrogate(text string) bool {
	d := json.NewDecoder(strings.NewReader(replaceEscapes(strings.ReplaceAll(text, "\ufffd", "x"))))
	for {
		t, err := d.Token()
		if err != nil {
			return false
		}
		if s, ok := t.(string); ok && strings.Contains(s, "\ufffd") {
			return true
		}
	}
}

// replaceEscapes returns a JSON text with "x" for each escaped U+FFFD in its strings.
func replaceEscapes(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\' || i+1 == len(text):
			b.WriteByte(text[i])
		case i+6 <= len(text) && text[i+1] == 'u' && strings.EqualFold(text[i+2:i+6], "fffd"):
			b.WriteByte('x')
			i += 5
		default:
			b.WriteString(text[i : i+2])
			i++
		}
	}
	return b.String()
}
