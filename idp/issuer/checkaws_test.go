package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func ids(found []issuer.Finding) []string {
	m := make(map[string]bool)
	for _, f := range found {
		m[f.ID] = true
	}
	return slices.Sorted(maps.Keys(m))
}

func TestCheckAWS(t *testing.T) {
	t.Parallel()
	const aud = "sts.amazonaws.com"
	doc := `{"issuer":"https://app.gitpod.io","jwks_uri":"https://app.gitpod.io/.well-known/jwks.json"`
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for name, tt := range map[string]struct {
		url   string
		fault idptest.Fault
		token func(iss *idptest.Issuer) string
		want  []string
	}{
		"all is well":       {token: func(i *idptest.Issuer) string { return i.Sign(i.Claims(aud)) }},
		"no token":          {},
		"an array of one":   {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "aud", []string{aud})) }},
		"port":              {url: "https://issuer.example:8443", want: []string{"issuer-port"}},
		"slash":             {url: "https://issuer.example/", want: []string{"issuer-slash"}},
		"loopback":          {url: "http://127.0.0.1:8080", want: []string{"issuer-https", "issuer-port", "issuer-private"}},
		"private address":   {url: "https://10.1.2.3", want: []string{"issuer-private"}},
		"private name":      {url: "https://vault.internal", want: []string{"issuer-private"}},
		"bare name":         {url: "https://vault", want: []string{"issuer-private"}},
		"unreachable":       {fault: idptest.Fault{Err: errors.New("refused")}, want: []string{"discovery"}},
		"404":               {fault: idptest.Fault{Status: 404}, want: []string{"discovery"}},
		"other issuer":      {fault: idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(`{"issuer":"https://other.example","jwks_uri":"https://a.example"}`)}, want: []string{"discovery-issuer"}},
		"bare document":     {fault: idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(doc + "}")}, want: []string{"discovery-algorithms", "discovery-claims", "discovery-response-types", "discovery-subject-types"}},
		"claims not listed": {fault: idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(doc + `,"claims_supported":["sub"],"response_types_supported":["code id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}`)}, want: []string{"discovery-claims"}},
		"only EdDSA":        {fault: idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(doc + `,"claims_supported":["aud","iat","iss","sub"],"response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["EdDSA"]}`)}, token: func(i *idptest.Issuer) string { return i.Sign(i.Claims(aud)) }, want: []string{"discovery-algorithms", "token-alg-unlisted"}},
		"slow":              {fault: idptest.Fault{Path: idptest.JWKSPath, Delay: 3 * time.Second}, want: []string{"slow"}},
		"too slow":          {fault: idptest.Fault{Path: idptest.DiscoveryPath, Delay: 6 * time.Second}, want: []string{"slow"}},
		"hangs":             {fault: idptest.Fault{Path: idptest.DiscoveryPath, Hang: true}, want: []string{"discovery", "slow"}},
		"keys unreachable":  {fault: idptest.Fault{Path: idptest.JWKSPath, Status: 500}, want: []string{"keys"}},
		"keys no JSON":      {fault: idptest.Fault{Path: idptest.JWKSPath, Body: []byte("<html>")}, want: []string{"keys"}},
		"no keys":           {fault: idptest.Fault{Path: idptest.JWKSPath, Body: []byte(`{"keys":[]}`)}, want: []string{"keys-none"}},
		"101 keys":          {fault: idptest.Fault{Path: idptest.JWKSPath, Body: []byte(`{"keys":[` + strings.Repeat(`{"kty":"RSA"},`, 100) + `{"kty":"RSA"}]}`)}, want: []string{"keys"}},
		"Ed25519 keys":      {fault: idptest.Fault{Path: idptest.JWKSPath, Body: []byte(`{"keys":[{"kty":"OKP"}]}`)}, want: []string{"keys-none", "keys-skipped"}},
		"no token at all":   {token: func(*idptest.Issuer) string { return "ghp_opaque" }, want: []string{"token"}},
		"huge":              {token: func(*idptest.Issuer) string { return strings.Repeat("x", 20001) }, want: []string{"token-size"}},
		"PS256": {token: func(i *idptest.Issuer) string {
			return i.SignRaw([]byte(`{"alg":"PS256","kid":"k0"}`), payloadOf(t, i.Claims(aud)))
		}, want: []string{"token-alg"}},
		"a key for another algorithm": {token: func(i *idptest.Issuer) string {
			s, err := issuer.NewSigner(i.PrivateKey(), &issuer.SignerOptions{KeyID: "k0", Algorithm: "RS512"})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := s.Sign(t.Context(), i.Claims(aud))
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}, want: []string{"token-alg-unlisted", "token-key-alg"}},
		"no kid": {token: func(i *idptest.Issuer) string {
			return i.SignRaw([]byte(`{"alg":"RS256"}`), payloadOf(t, i.Claims(aud)))
		}, want: []string{"token-kid"}},
		"unknown kid": {token: func(i *idptest.Issuer) string {
			return i.SignRaw([]byte(`{"alg":"RS256","kid":"k9"}`), payloadOf(t, i.Claims(aud)))
		}, want: []string{"token-key"}},
		"bad signature": {token: func(i *idptest.Issuer) string { s := i.Sign(i.Claims(aud)); return s[:len(s)-8] + "AAAAAAAA" }, want: []string{"token-signature"}},
		"iss":           {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "iss", i.URL+"/")) }, want: []string{"token-iss"}},
		"no aud":        {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "aud", nil)) }, want: []string{"token-aud"}},
		"two aud":       {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "aud", []string{aud, "b"})) }, want: []string{"token-aud-several"}},
		"azp":           {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "azp", "client")) }, want: []string{"token-aud-other", "token-azp"}},
		"azp the same":  {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "azp", aud)) }},
		"long aud":      {token: func(i *idptest.Issuer) string { return i.Sign(i.Claims(strings.Repeat("a", 256))) }, want: []string{"token-aud-long", "token-aud-other"}},
		"float times": {token: func(i *idptest.Issuer) string {
			return i.SignRaw([]byte(`{"alg":"RS256","kid":"k0"}`), fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":"subject","iat":%d.5,"exp":%d}`, i.URL, aud, now(0)-1, now(time.Hour)))
		}, want: []string{"token-time"}},
		"no exp":       {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "exp", nil)) }, want: []string{"token-exp"}},
		"no iat":       {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "iat", nil)) }, want: []string{"token-iat"}},
		"expired":      {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "exp", now(-6*time.Minute))) }, want: []string{"token-expired"}},
		"in the grace": {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "exp", now(-4*time.Minute))) }, want: []string{"token-expired"}},
		"iat to come":  {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "iat", now(time.Minute))) }, want: []string{"token-iat-future"}},
		"nbf to come":  {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "nbf", now(time.Minute))) }, want: []string{"token-nbf"}},
		"no sub":       {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "sub", nil)) }, want: []string{"token-sub"}},
		"long sub": {token: func(i *idptest.Issuer) string {
			return i.Sign(idptest.With(i.Claims(aud), "sub", strings.Repeat("s", 256)))
		}, want: []string{"token-sub-long"}},
		"short sub": {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "sub", "s")) }, want: []string{"token-sub-short"}},
		"sub in Greek": {token: func(i *idptest.Issuer) string {
			return i.Sign(idptest.With(i.Claims(aud), "sub", "υποκείμενο"))
		}, want: []string{"token-sub-ascii"}},
		"sub with a star": {token: func(i *idptest.Issuer) string { return i.Sign(idptest.With(i.Claims(aud), "sub", "subject*")) }, want: []string{"token-sub-wildcard"}},
		"sub with an e-mail": {token: func(i *idptest.Issuer) string {
			return i.Sign(idptest.With(i.Claims(aud), "sub", "organization_id:"+idptest.OrganizationID+":creator_email:jane@example.com"))
		}, want: []string{"token-sub-personal"}},
		"sub with a name": {token: func(i *idptest.Issuer) string {
			return i.Sign(idptest.With(i.Claims(aud), "sub", "organization_id:"+idptest.OrganizationID+":creator_name:Jane Roe"))
		}, want: []string{"token-sub-personal"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: tt.url})
				if tt.fault.Path != "" || tt.fault.Status != 0 || tt.fault.Err != nil {
					iss.Inject(tt.fault)
				}
				raw := ""
				if tt.token != nil {
					raw = tt.token(iss)
				}
				found, err := issuer.CheckAWS(t.Context(), iss.URL, raw, &issuer.CheckAWSOptions{HTTPClient: iss.Client(), InsecureLoopbackHTTP: true})
				if err != nil {
					t.Fatal(err)
				}
				if got := ids(found); !slices.Equal(got, tt.want) { // nil and nothing are equal
					t.Errorf("findings %v, want %v\n%v", got, tt.want, found)
				}
				for _, f := range found {
					if f.Message == "" || f.Fix == "" || f.Severity != issuer.SeverityError && f.Severity != issuer.SeverityWarning {
						t.Errorf("incomplete: %+v", f)
					}
					if len(raw) > 40 && len(raw) < 5000 {
						idptest.AssertNoSecret(t, f.String(), raw)
					}
					if strings.Contains(f.String(), "jane@") || strings.Contains(f.String(), "Jane") {
						t.Errorf("personal data in %s", f)
					}
				}
			})
		})
	}
}

func payloadOf(t *testing.T, claims map[string]any) []byte {
	t.Helper()
	iss := idptest.NewIssuer(t, &idptest.IssuerOptions{Algorithm: "ES256"})
	return payloadOfToken(t, iss.Sign(claims))
}

func TestCheckAWSOddURLs(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") })}
	for raw, want := range map[string]string{
		"": "issuer-url", "issuer.example": "issuer-url", "https://issuer.example?x=1": "issuer-query", "https://issuer.example#x": "issuer-query",
		"https://u@issuer.example": "issuer-query", "http://issuer.example": "issuer-https", "\x1b": "issuer-url",
	} {
		found, err := issuer.CheckAWS(t.Context(), raw, "", &issuer.CheckAWSOptions{HTTPClient: client})
		if err != nil || !slices.Contains(ids(found), want) {
			t.Errorf("CheckAWS(%q) = %v, %v; want %s", raw, ids(found), err, want)
		}
		for _, f := range found {
			if strings.Contains(f.String(), "\x1b") {
				t.Errorf("%q is repeated raw", raw)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := issuer.CheckAWS(ctx, "https://issuer.example", "", &issuer.CheckAWSOptions{HTTPClient: client}); !errors.Is(err, context.Canceled) {
		t.Errorf("CheckAWS with a context that has ended: %v", err)
	}
}
