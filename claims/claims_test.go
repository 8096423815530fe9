package claims_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/claims"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `{"sub":"s","team":{"id":12345678901234567890},"exp":1740517845}`)
	var v struct {
		Team struct{ ID json.Number }
	}
	if err := c.Decode(&v); err != nil || v.Team.ID != "12345678901234567890" {
		t.Errorf("Decode = %+v, %v", v, err)
	}
	var m map[string]any
	if err := c.Decode(&m); err != nil {
		t.Fatal(err)
	}
	if out, err := json.Marshal(m); err != nil || string(out) != `{"exp":1740517845,"sub":"s","team":{"id":12345678901234567890}}` {
		t.Errorf("Marshal of decoded claims = %s, %v", out, err)
	}
	if err := (claims.Claims{}).Decode(&m); err == nil {
		t.Error("Decode of claims that were not parsed succeeded")
	}
	secret := mustParse(t, `{"creator_name":"Jo Doe","n":31337}`)
	for _, v := range []any{
		&struct {
			Name int `json:"creator_name"`
		}{},
		&struct{ N uint8 }{},
		&struct {
			Name time.Time `json:"creator_name"`
		}{},
		nil,
	} {
		err := secret.Decode(v)
		if verb := fmt.Sprintf("%#v", err); strings.Contains(verb, "Jo Doe") || strings.Contains(verb, "31337") {
			t.Errorf("Decode(%T) = %s", v, verb)
		}
		if err == nil || strings.Contains(err.Error(), "Jo Doe") || strings.Contains(err.Error(), "31337") {
			t.Errorf("Decode(%T) = %v, want an error without the value", v, err)
		}
	}
}

func TestDecodeError(t *testing.T) {
	t.Parallel()
	var te *json.UnmarshalTypeError
	if err := mustParse(t, `{"n":"x"}`).Decode(&struct {
		N int `json:"n"`
	}{}); !errors.As(err, &te) || err.Error() != `claims: decode: claim "n" does not fit a Go value of type int` {
		t.Errorf("Decode = %v, want a *json.UnmarshalTypeError", err)
	}
}

func TestClaimsJSON(t *testing.T) {
	t.Parallel()
	c := mustParse(t, payloadV3)
	out, err := json.Marshal(struct{ C claims.Claims }{c})
	if err == nil || !strings.Contains(err.Error(), "Payload") || strings.Contains(err.Error(), "example.com") {
		t.Errorf("Marshal = %s, %v, want an error that names Payload", out, err)
	}
	var v struct{ C claims.Claims }
	if err := json.Unmarshal([]byte(`{"C":`+payloadV3+`}`), &v); err != nil || v.C.CreatorEmail != "jo@example.com" {
		t.Errorf("Unmarshal = %v, %v", v.C, err)
	}
	if err := json.Unmarshal([]byte(`{"C":{"Sub":"x"}}`), &v); err == nil || v.C.CreatorEmail != "jo@example.com" {
		t.Errorf("after an error Unmarshal left %v, %v", v.C, err)
	}
}
