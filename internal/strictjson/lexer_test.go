package strictjson_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onafed/onafed/internal/strictjson"
)

const testDepth = 8

// skip reads a whole text of any kind.
func skip(text string) error {
	l := strictjson.New(text, strictjson.Limits{Depth: testDepth})
	if err := l.Skip(); err != nil {
		return err
	}
	return l.End()
}

func TestSkipAccepts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"white space":                         " \t\r\n{ \"a\" : [ 1 , 2 ] } \n",
		"values":                              `[{"b":{}},[],1.5e-3,-0,0.0,1E+2,true,false,null,"x",""]`,
		"escapes":                             `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\uD83D\uDE00é😀"`,
		"replacement character":               "\"\ufffd\\ufffd\"",
		"equal names in different objects":    `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}`,
		"a name of an inner object, later":    `{"x":{"a":1},"a":2}`,
		"names that differ in case":           `{"a":1,"A":2}`,
		"the deepest nesting that is allowed": strings.Repeat("[", testDepth) + strings.Repeat("]", testDepth),
	} {
		if err := skip(text); err != nil {
			t.Errorf("%s: Skip(%s) = %v", name, text, err)
		}
	}
}

// refused are texts that are refused, with the offset of the fault and the reason.
var refused = []struct {
	name, text string
	offset     int
	reason     string
}{
	{"empty", "", 0, "the text ends where a value is expected"},
	{"white space only", " \n", 2, "the text ends where a value is expected"},
	{"a word", "hello", 0, "not a JSON value"},
	{"byte order mark", "\ufeff{}", 0, "byte order mark before the value"},
	{"open object", `{`, 1, "member name in double quotes expected"},
	{"name without quotes", `{a:1}`, 1, "member name in double quotes expected"},
	{"comment", `{/**/}`, 1, "member name in double quotes expected"},
	{"comma before }", `{"a":1,}`, 7, "member name in double quotes expected"},
	{"no colon", `{"a"1}`, 4, "colon expected after the member name"},
	{"no value", `{"a":}`, 5, "not a JSON value"},
	{"the text ends before a value", `{"a": `, 6, "the text ends where a value is expected"},
	{"the text ends after a value", `{"a":1`, 6, "comma or } expected"},
	{"no comma between members", `{"a":1 "b":2}`, 7, "comma or } expected"},
	{"no comma between elements", `[1 2]`, 3, "comma or ] expected"},
	{"comma before ]", `[1,]`, 3, "not a JSON value"},
	{"open array", `[`, 1, "the text ends where a value is expected"},
	{"wrong bracket", `[1}`, 2, "comma or ] expected"},
	{"text after the value", `{} x`, 3, "text follows the end of the JSON value"},
	{"second value", `{}{}`, 2, "text follows the end of the JSON value"},
	{"NUL after the value", "{}\x00", 2, "text follows the end of the JSON value"},
	{"duplicate name", `{"a":1,"b":2,"a":3}`, 13, "duplicate member name"},
	{"duplicate name by escape", `{"sub":"a","\u0073ub":"b"}`, 11, "duplicate member name"},
	{"duplicate name in an object", `{"a":{"b":1,"b":2}}`, 12, "duplicate member name"},
	{"duplicate name in an array", `[{"b":1,"b":2}]`, 8, "duplicate member name"},
	{"duplicate name after an object", `{"a":{"b":1},"a":2}`, 13, "duplicate member name"},
	{"duplicate empty name", `{"":1,"":2}`, 6, "duplicate member name"},
	{"invalid UTF-8", "\"x\xff\"", 2, "invalid UTF-8"},
	{"overlong UTF-8", "\"\xc0\x80\"", 1, "invalid UTF-8"},
	{"surrogate in UTF-8", "\"\xed\xa0\x80\"", 1, "invalid UTF-8"},
	{"cut UTF-8", "\"\xc3\"", 1, "invalid UTF-8"},
	{"invalid UTF-8 after an escape", "\"\\n\xff\"", 3, "invalid UTF-8"},
	{"invalid UTF-8 in a name", "{\"\xff\":1}", 2, "invalid UTF-8"},
	{"lone high surrogate", `"\ud83d"`, 1, "lone surrogate"},
	{"lone low surrogate", `"\ude00"`, 1, "lone surrogate"},
	{"two high surrogates", `"\ud83d\ud83d"`, 1, "lone surrogate"},
	{"reversed surrogates", `"\ude00\ud83d"`, 1, "lone surrogate"},
	{"half a pair", `"\ud83d\u"`, 1, "lone surrogate"},
	{"high surrogate and a character", `"\ud83dxxxxxx"`, 1, "lone surrogate"},
	{"line break in a string", "\"\n\"", 1, "control character in a string"},
	{"NUL after an escape", "\"\\n\x00\"", 3, "control character in a string"},
	{"unknown escape", `"\x41"`, 1, "unknown escape sequence"},
	{"escaped quotation mark of JavaScript", `"\'"`, 1, "unknown escape sequence"},
	{"short escape", `"\u12"`, 1, "escape sequence without four hexadecimal digits"},
	{"short escape at the end", `"\u123`, 1, "escape sequence without four hexadecimal digits"},
	{"sign in an escape", `"\u+123"`, 1, "escape sequence without four hexadecimal digits"},
	{"escape at the end", `"\`, 1, "escape sequence without an end"},
	{"open string", `["a`, 1, "string without an end"},
	{"open string after an escape", `["\n`, 1, "string without an end"},
	{"leading zero", `01`, 0, "number with a leading zero"},
	{"leading zero after a sign", `-01`, 1, "number with a leading zero"},
	{"plus", `+1`, 0, "not a JSON value"},
	{"minus alone", `-`, 1, "digit expected"},
	{"point first", `.5`, 0, "not a JSON value"},
	{"point last", `1.`, 2, "digit expected"},
	{"exponent without digits", `1e+`, 3, "digit expected"},
	{"hexadecimal number", `0x10`, 1, "text follows the end of the JSON value"},
	{"NaN", `NaN`, 0, "not a JSON value"},
	{"cut literal", `[nul]`, 1, "not a JSON value"},
	{"literal with a capital", `True`, 0, "not a JSON value"},
	{"literal with a tail", `truer`, 4, "text follows the end of the JSON value"},
	{"too deep", strings.Repeat("[", testDepth+1), testDepth, "nested too deeply"},
	{"objects too deep", strings.Repeat(`{"a":`, testDepth+1), 5 * testDepth, "nested too deeply"},
}

func TestSkipRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refused {
		var got *strictjson.Error
		if err := skip(tt.text); !errors.As(err, &got) || got.Offset != tt.offset || got.Reason != tt.reason {
			t.Errorf("%s: Skip(%s) = %v, want %q at offset %d", tt.name, tt.text, err, tt.reason, tt.offset)
		}
	}
}

// A method that reads one kind of value refuses the others.
func TestWrongKind(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]strictjson.Kind{
		`{}`: strictjson.Object, `[]`: strictjson.Array, `""`: strictjson.String, `-1`: strictjson.Number,
		`true`: strictjson.True, `false`: strictjson.False, `null`: strictjson.Null, ``: 0, `?`: 0,
	} {
		text = " " + text
		for of, read := range map[strictjson.Kind]func(*strictjson.Lexer) error{
			strictjson.Object: func(l *strictjson.Lexer) error { return l.Object(func(string, int) error { return l.Skip() }) },
			strictjson.Array:  func(l *strictjson.Lexer) error { return l.Array(l.Skip) },
			strictjson.String: func(l *strictjson.Lexer) error { _, err := l.Text(); return err },
			strictjson.Number: func(l *strictjson.Lexer) error { _, err := l.Number(); return err },
		} {
			l := strictjson.New(text, strictjson.Limits{Depth: 1})
			if got := l.Kind(); got != kind {
				t.Errorf("Kind of %q = %v, want %v", text, got, kind)
			}
			if err := read(l); (err == nil) != (of == kind) {
				t.Errorf("reading %q as %v: %v", text, of, err)
			}
		}
	}
}

func TestMaxRune(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{`"ÿ"`: true, `"Ā"`: false, `"\n€"`: false, `"\u20ac"`: true} {
		_, err := strictjson.New(text, strictjson.Limits{MaxRune: 0xFF}).Text()
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "character above U+00FF") {
			t.Errorf("Text of %s: %v, want success: %v", text, err, ok)
		}
	}
}

func TestRawAndSeek(t *testing.T) {
	t.Parallel()
	l := strictjson.New(`{"a": [1, "x"] , "b": 2}`, strictjson.Limits{Depth: 2})
	var start int
	var raw, again string
	err := l.Document(func(name string, offset int) (err error) {
		if name == "a" {
			start = l.Offset()
			raw, err = l.Raw()
			return err
		}
		end := l.Offset()
		l.Seek(start)
		again, err = l.Raw()
		if err != nil || offset != 17 || end != 22 {
			t.Errorf("name at %d, value at %d, %v", offset, end, err)
		}
		l.Seek(end)
		return l.Skip()
	})
	if err != nil || raw != `[1, "x"]` || again != raw {
		t.Errorf("Document = %v, Raw = %q, then %q", err, raw, again)
	}
}

func TestExtent(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		` {"a":1,"a":[2]} ,`:        `{"a":1,"a":[2]}`,
		`["\\","]\"",{}]]`:          `["\\","]\"",{}]`,
		`{"a":"\ud800","b":"}"}"x"`: `{"a":"\ud800","b":"}"}`,
		` "x" ,`:                    `"x"`,
		`-1.5,`:                     `-1.5`,
		`null]`:                     `null`,
		`[`:                         ``,
		`{"a`:                       ``,
		`["\`:                       ``,
		``:                          ``,
	} {
		l := strictjson.New(text, strictjson.Limits{})
		got, err := l.Extent()
		if got != want || (err == nil) != (want != "") || err == nil && !strings.HasSuffix(text[:l.Offset()], got) {
			t.Errorf("Extent of %s = %q, %v, want %q", text, got, err, want)
		}
	}
}

// An error of the function that reads the members is returned unchanged.
func TestDocumentReturnsTheErrorOfTheCaller(t *testing.T) {
	t.Parallel()
	want := errors.New("x")
	l := strictjson.New(`{"a":[0]}`, strictjson.Limits{Depth: 2})
	err := l.Document(func(string, int) error { return l.Array(func() error { return want }) })
	if !errors.Is(err, want) {
		t.Errorf("Document = %v, want %v", err, want)
	}
}

// Duplicates are found however many members there are.
func TestManyNames(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 47, 48, 49, 50, 100, 1200} {
		var b strings.Builder
		b.WriteString(`{"o":{`)
		for i := range n {
			fmt.Fprintf(&b, `"m%d":{"x":1},`, i)
		}
		for _, i := range []int{0, n / 2, n - 1} {
			var got *strictjson.Error
			err := skip(b.String() + fmt.Sprintf(`"m%d":2}}`, i))
			if !errors.As(err, &got) || got.Offset != b.Len() || got.Reason != "duplicate member name" {
				t.Fatalf("%d members, member %d twice: %v", n, i, err)
			}
		}
		if err := skip(b.String() + `"last":2}}`); err != nil {
			t.Errorf("%d members: %v", n, err)
		}
	}
}

func TestIsNumber(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"0": true, "-0": true, "12": true, "1.50": true, "1e5": true, "1E-5": true, "-1.2e+3": true,
		"": false, "-": false, "01": false, "1.": false, ".1": false, "1e": false, "+1": false, "1 ": false, " 1": false, "0x1": false, "true": false,
	} {
		if got := strictjson.IsNumber(s); got != want {
			t.Errorf("IsNumber(%q) = %v, want %v", s, got, want)
		}
	}
}

// Reading a text without escapes allocates nothing.
func TestDocumentAllocs(t *testing.T) {
	const text = `{"iss":"https://app.gitpod.io","aud":["a","é"],"exp":1740517845,"x":{"y":null}}`
	var issuer string
	got := testing.AllocsPerRun(100, func() {
		l := strictjson.New(text, strictjson.Limits{Depth: 2})
		_ = l.Document(func(name string, _ int) (err error) {
			if name != "iss" {
				return l.Skip()
			}
			issuer, err = l.Text()
			return err
		})
	})
	if got != 0 || issuer != "https://app.gitpod.io" {
		t.Errorf("%v allocations, issuer %q", got, issuer)
	}
}
