package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExceptionsFileNamesPlatforms(t *testing.T) {
	list, err := parseExceptions(exceptionsFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if _, err := choose(platforms(), []string{e.platform}); err != nil && e.platform != emulated {
			t.Errorf("line %d: %v", e.line, err)
		}
	}
}

func TestParseExceptions(t *testing.T) {
	text := "# comment\n\nwine awsfed/export  TestA/b_c \tthe reason, with blanks\narm64 idp * another\n"
	got, err := parseExceptions(text)
	want := []exception{
		{"wine", "awsfed/export", "TestA/b_c", "the reason, with blanks", 3},
		{"arm64", "idp", "*", "another", 4},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(exception{})); err != nil || diff != "" {
		t.Errorf("parseExceptions: error %v, -want +got:\n%s", err, diff)
	}
	for text, reason := range map[string]string{
		"wine idp TestA\n":                      ":1: 3 fields",
		"wine idp TestA x\n\nwine idp TestA y":  ":3: the same exception as in line 1",
		"wine idp TestA x\nwine idp":            ":2: 2 fields",
		"wine idp TestA x\n  wine idp TestA  y": ":2: the same exception",
	} {
		if got, err := parseExceptions(text); err == nil || got != nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("parseExceptions(%q) = %v, %v, want an error with %q", text, got, err, reason)
		}
	}
}

func TestExceptionsOf(t *testing.T) {
	list := []exception{
		{"wine", "idp", "TestA", "x", 1},
		{"wine", "idp/issuer", "*", "x", 2},
		{"arm64", "idp", "*", "x", 3},
	}
	tests := []struct {
		platforms []string
		pkg       string
		want      []exception
		all       bool
	}{
		{[]string{"wine"}, "idp", list[:1], false},
		{[]string{"wine"}, "idp/issuer", list[1:2], true},
		{[]string{"arm64"}, "idp", list[2:], true},
		{[]string{"arm64", "wine"}, "idp", []exception{list[0], list[2]}, true},
		{[]string{"arm64"}, "idp/issuer", nil, false},
		{[]string{"386"}, "idp", nil, false},
	}
	for _, test := range tests {
		got, all := exceptionsOf(list, test.platforms, test.pkg)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(exception{})); diff != "" || all != test.all {
			t.Errorf("exceptionsOf(%q, %q): all %t, want %t, -want +got:\n%s", test.platforms, test.pkg, all, test.all, diff)
		}
	}
}

func TestSkipPatternMatchesOnlyTheTest(t *testing.T) {
	got := skipPattern([]exception{{test: "TestB"}, {test: "TestA/b.c|d"}})
	if want := `^TestA$/^b\.c\|d$|^TestB$`; got != want {
		t.Errorf("skipPattern = %q, want %q", got, want)
	}
	for element, want := range map[string]bool{"TestA": true, "TestAB": false, "XTestA": false} {
		if got := regexp.MustCompile(pattern("TestA")).MatchString(element); got != want {
			t.Errorf("%q matches %q: %t, want %t", pattern("TestA"), element, got, want)
		}
	}
}
