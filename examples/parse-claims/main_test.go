package main

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/onafed/onafed/claims"
)

func TestStandardInput(t *testing.T) {
	part := base64.RawURLEncoding.EncodeToString
	token := part([]byte(`{"alg":"RS256"}`)) + "." +
		part([]byte(`{"sub":"org:0191e223-1c3c-7607-badf-303c98b52d2f/env:019527e4-75d5-704d-a5a4-a2b52cf56196"}`)) + ".AA"
	for _, tt := range []struct{ name, in, out, err string }{
		{"no line break", token, "environment 019527e4-75d5-704d-a5a4-a2b52cf56196", ""},
		{"line break", token + "\n", "environment 019527e4-75d5-704d-a5a4-a2b52cf56196", ""},
		{"Windows line break", token + "\r\n", "environment 019527e4-75d5-704d-a5a4-a2b52cf56196", ""},
		{"space", token + " \n", "", "base64url"},
		{"too long", strings.Repeat("a", claims.MaxTokenSize+1), "", "20,000 bytes"},
		{"not a token", "hunter2\n", "", "not a JWT"},
	} {
		var out strings.Builder
		err := run([]string{"-"}, strings.NewReader(tt.in), &out)
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) || !strings.Contains(out.String(), tt.out) {
			t.Errorf("%s: %v, printed\n%s", tt.name, err, out.String())
		}
		if err != nil && strings.Contains(err.Error(), tt.in) {
			t.Errorf("%s: the error contains the input: %v", tt.name, err)
		}
	}
	if err := run([]string{token}, strings.NewReader(""), new(strings.Builder)); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("a token as an argument: %v", err)
	}
}
