package claims_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/onafed/onafed/claims"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func TestParseUnverified(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{payloadV2, payloadV3, `{"x":"` + strings.Repeat("long", 3000) + `"}`} {
		h, c, err := claims.ParseUnverified(compact(`{"alg":"RS256","kid":"k0"}`, payload))
		if err != nil {
			t.Fatalf("ParseUnverified: %v", err)
		}
		if diff := cmp.Diff(claims.Header{Algorithm: "RS256", KeyID: "k0"}, h); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if diff := diffClaims(mustParse(t, payload), c); diff != "" || string(c.Payload()) != payload {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

// The longest token that is allowed.
func TestParseUnverifiedLimit(t *testing.T) {
	t.Parallel()
	start := b64(`{"alg":"RS256"}`) + "." + b64(`{"iss":"a"}`) + "."
	long := start + strings.Repeat("A", claims.MaxTokenSize-len(start))
	if _, _, err := claims.ParseUnverified(long); err != nil {
		t.Errorf("ParseUnverified of %d bytes: %v", len(long), err)
	}
	var pe *claims.ParseError
	if _, _, err := claims.ParseUnverified(long + "A"); !errors.As(err, &pe) || pe.Offset != claims.MaxTokenSize {
		t.Errorf("ParseUnverified of %d bytes: %v, want an error at its limit", len(long)+1, err)
	}
}

func TestParseUnverifiedRefuses(t *testing.T) {
	t.Parallel()
	const header = `{"alg":"RS256"}` // 15 bytes: 20 digits
	h, p, s := b64(header), b64(payloadV2), b64("signature")
	ok := h + "." + p + "." + s
	if _, _, err := claims.ParseUnverified(ok); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, token, part string
		offset            int
		reason            string
	}{
		{"empty", "", "token", 0, "not a JWT"},
		{"opaque", "gitpod_pat_x", "token", 12, "not a JWT"},
		{"two parts", h + "." + p, "token", len(h + p + "."), "two parts"},
		{"four parts", ok + "." + s, "token", len(ok), "more than three parts"},
		{"JWE", ok + "." + s + "." + s, "token", len(ok), "JWE"},
		{"six parts", ok + "." + s + "." + s + "." + s, "token", len(ok), "more than three parts"},
		{"empty header", "." + p + "." + s, "token", 0, "empty part"},
		{"empty payload", h + ".." + s, "token", len(h) + 1, "empty part"},
		{"unsigned", h + "." + p + ".", "token", len(h+p) + 2, "empty part"},
		{"trailing newline", ok + "\n", "token", len(ok), "not in base64url"},
		{"line break inside", h[:4] + "\n" + ok[4:], "token", 4, "not in base64url"},
		{"carriage return inside", h[:4] + "\r" + ok[4:], "token", 4, "not in base64url"},
		{"leading space", " " + ok, "token", 0, "not in base64url"},
		{"Bearer", "Bearer " + ok, "token", 6, "not in base64url"},
		{"padded", h + "=." + p + "." + s, "token", 20, "padded"},
		{"plus", h + "." + p + "." + "+" + s[1:], "token", len(h+p) + 2, "not in base64url"},
		{"slash", h + "." + p + "." + "/" + s[1:], "token", len(h+p) + 2, "not in base64url"},
		{"byte outside ASCII", h + "." + p + "." + "\xff" + s[1:], "token", len(h+p) + 2, "not in base64url"},
		{"one digit too many", h + "." + p + "." + "A" + s, "token", len(h+p) + 2 + len(s), "unused bits"},
		{"unused bits of two digits", h + "." + p + ".AB", "token", len(h+p) + 3, "unused bits"},
		{"unused bits of three digits", h + "." + p + ".AAB", "token", len(h+p) + 4, "unused bits"},
		{"too long", ok + strings.Repeat("A", claims.MaxTokenSize), "token", claims.MaxTokenSize, "longer than 20,000"},
		{"header is not JSON", b64("x") + "." + p + "." + s, "header", 0, "not a JSON object"},
		{"payload is not JSON", h + "." + b64("x") + "." + s, "payload", 0, "not a JSON object"},
		{"payload with a duplicate", h + "." + b64(`{"sub":"a","sub":"b"}`) + "." + s, "payload", 11, "duplicate"},
	} {
		h, c, err := claims.ParseUnverified(tt.token)
		var pe *claims.ParseError
		if !errors.As(err, &pe) {
			t.Errorf("%s: ParseUnverified = %v, want a *ParseError", tt.name, err)
			continue
		}
		if pe.Part != tt.part || pe.Offset != tt.offset || !strings.Contains(pe.Reason, tt.reason) {
			t.Errorf("%s: %v, want %s, offset %d, %q", tt.name, pe, tt.part, tt.offset, tt.reason)
		}
		if !cmp.Equal(h, claims.Header{}) || diffClaims(claims.Claims{}, c) != "" {
			t.Errorf("%s: ParseUnverified returned a result with the error", tt.name)
		}
		if len(tt.token) > 100 && strings.Contains(err.Error(), tt.token[:20]) {
			t.Errorf("%s: the error shows the token: %v", tt.name, err)
		}
	}
}
