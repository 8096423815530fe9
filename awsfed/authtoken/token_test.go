package authtoken_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/onafed/onafed/awsfed/authtoken"
)

func TestTokensAreNotPrinted(t *testing.T) {
	t.Parallel()
	s, err := authtoken.RDS(config(static()), rdsHost, "app")
	if err != nil {
		t.Fatal(err)
	}
	tok := token(t, s)
	type holder struct {
		exported any
		token    authtoken.Token
		pointer  *authtoken.Token
		source   *authtoken.Source
	}
	var out bytes.Buffer
	for _, v := range []any{tok, &tok, s, holder{tok, tok, &tok, s}, []authtoken.Token{tok}, map[string]authtoken.Token{"a": tok}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("token", "v", v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("token", "v", v)
		if text, err := json.Marshal(v); err == nil {
			out.Write(text)
		}
	}
	if err := gob.NewEncoder(&out).Encode(tok); err == nil {
		t.Error("gob encoded a token")
	}
	_, params := query(t, tok.Raw())
	for name, secret := range map[string]string{
		"the token": tok.Raw(), "the signature": params.Get("X-Amz-Signature"), "the secret key": keys.SecretAccessKey, "the session token": keys.SessionToken,
		"the token in hexadecimal": fmt.Sprintf("%x", tok.Raw()[:20]),
	} {
		if strings.Contains(strings.ToLower(out.String()), strings.ToLower(secret)) {
			t.Errorf("the output contains %s", name)
		}
	}
	if !strings.Contains(out.String(), "authtoken.Token(expires ") {
		t.Error("the output does not describe the token")
	}
}

func TestEmptyToken(t *testing.T) {
	t.Parallel()
	var tok authtoken.Token
	if tok.Raw() != "" || !tok.Expiry().IsZero() || fmt.Sprint(tok) != "authtoken.Token(empty)" {
		t.Errorf("the zero Token is %v, with text %q and expiry %v", tok, tok.Raw(), tok.Expiry())
	}
}
