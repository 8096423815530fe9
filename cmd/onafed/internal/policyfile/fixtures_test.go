package policyfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/onafed/onafed/awsfed/trust"
)

const org = "0191e223-1c3c-7607-badf-303c98b52d2f"

// policyWithSid returns the text of a small policy.
func policyWithSid(sid string) string {
	return `{"Statement":{"Sid":"` + sid + `","Effect":"Deny","Principal":"*","Action":"*"}}`
}

func readFile(tb testing.TB, file string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func readPolicy(tb testing.TB, file string) trust.Policy {
	tb.Helper()
	p, err := trust.Parse([]byte(readFile(tb, file)))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}
