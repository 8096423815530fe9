package claims_test

import (
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/onafed/onafed/claims"
)

var (
	_ driver.Valuer = claims.Subject{}
	_ sql.Scanner   = (*claims.Subject)(nil)
)

func TestSubjectInDatabase(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   any
		want string
		ok   bool
	}{
		{"NULL", nil, "", true},
		{"empty string", "", "", true},
		{"empty bytes", []byte{}, "", true},
		{"string", subV2, subV2, true},
		{"bytes", []byte(subV2), subV2, true},
		{"not a subject", "org:1", subV2, false},
		{"white space", subV2 + " ", subV2, false},
		{"number", int64(1), subV2, false},
		{"bool", true, subV2, false},
	} {
		s := claims.MustParseSubject(subV2)
		if err := s.Scan(tt.in); (err == nil) != tt.ok || s.String() != tt.want {
			t.Errorf("%s: Scan = %q, %v, want %q, ok %v", tt.name, s, err, tt.want, tt.ok)
		}
		// database/sql converts values itself before it calls Scan.
		var null sql.Null[claims.Subject]
		if err := null.Scan(tt.in); (err == nil) != tt.ok || tt.ok && null.V.String() != tt.want {
			t.Errorf("%s: Null.Scan = %q, %v", tt.name, null.V, err)
		}
	}
	if v, err := (claims.Subject{}).Value(); v != nil || err != nil {
		t.Errorf("Value of the zero Subject = %v, %v, want NULL", v, err)
	}
	v, err := claims.MustParseSubject(subV2).Value()
	if v != subV2 || err != nil || !driver.IsValue(v) {
		t.Errorf("Value = %v, %v", v, err)
	}
	buffer := []byte(subV2)
	var s claims.Subject
	if err := s.Scan(buffer); err != nil {
		t.Fatal(err)
	}
	clear(buffer) // a driver may use it again
	if s.String() != subV2 {
		t.Errorf("the subject shares memory with the driver: %q", s)
	}
}
