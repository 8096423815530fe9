package oidccheck_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/onafed/onafed/awsfed/oidccheck"
	"github.com/onafed/onafed/awsfed/trust/lint"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const audience = "sts.amazonaws.com"

func ids(findings []oidccheck.Finding) []string {
	m := make(map[string]bool)
	for _, f := range findings {
		m[f.ID] = true
	}
	return slices.Sorted(maps.Keys(m))
}

// check returns the findings about an issuer and a token of it, and checks that each finding is complete
// and reveals nothing.
func check(t *testing.T, iss *idptest.Issuer, raw string) []oidccheck.Finding {
	t.Helper()
	findings, err := oidccheck.Check(t.Context(), iss.URL, raw, &oidccheck.Options{HTTPClient: iss.Client(), InsecureLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Message == "" || f.Fix == "" || f.Severity != lint.Error && f.Severity != lint.Warning {
			t.Errorf("incomplete: %+v", f)
		}
		if len(raw) > 40 && len(raw) < 5000 {
			idptest.AssertNoSecret(t, f.String(), raw)
		}
		if strings.Contains(f.String(), "jane@") || strings.Contains(f.String(), "Jane") {
			t.Errorf("personal data in %s", f)
		}
	}
	return findings
}

func TestCheckIssuer(t *testing.T) {
	t.Parallel()
	const start = `{"issuer":"https://app.gitpod.io","jwks_uri":"https://app.gitpod.io/.well-known/jwks.json"`
	discovery := func(body string) idptest.Fault {
		return idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(body)}
	}
	keys := func(body string) idptest.Fault { return idptest.Fault{Path: idptest.JWKSPath, Body: []byte(body)} }
	for name, tt := range map[string]struct {
		url   string
		fault idptest.Fault
		want  []string
	}{
		"no findings":       {},
		"port":              {url: "https://issuer.example:8443", want: []string{"issuer-port"}},
		"slash":             {url: "https://issuer.example/", want: []string{"issuer-slash"}},
		"loopback":          {url: "http://127.0.0.1:8080", want: []string{"issuer-https", "issuer-port", "issuer-private"}},
		"private address":   {url: "https://10.1.2.3", want: []string{"issuer-private"}},
		"private name":      {url: "https://vault.internal", want: []string{"issuer-private"}},
		"name without dot":  {url: "https://vault", want: []string{"issuer-private"}},
		"unreachable":       {fault: idptest.Fault{Err: errors.New("refused")}, want: []string{"discovery"}},
		"404":               {fault: idptest.Fault{Status: 404}, want: []string{"discovery"}},
		"other issuer":      {fault: discovery(`{"issuer":"https://other.example","jwks_uri":"https://a.example"}`), want: []string{"discovery-issuer"}},
		"minimal document":  {fault: discovery(start + "}"), want: []string{"discovery-algorithms", "discovery-claims", "discovery-response-types", "discovery-subject-types"}},
		"claims not listed": {fault: discovery(start + `,"claims_supported":["sub"],"response_types_supported":["code id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["RS256"]}`), want: []string{"discovery-claims"}},
		"slow":              {fault: idptest.Fault{Path: idptest.JWKSPath, Delay: 3 * time.Second}, want: []string{"slow"}},
		"too slow":          {fault: idptest.Fault{Path: idptest.DiscoveryPath, Delay: 6 * time.Second}, want: []string{"slow"}},
		"hangs":             {fault: idptest.Fault{Path: idptest.DiscoveryPath, Hang: true}, want: []string{"discovery", "slow"}},
		"keys unreachable":  {fault: idptest.Fault{Path: idptest.JWKSPath, Status: 500}, want: []string{"keys"}},
		"keys not JSON":     {fault: keys("<html>"), want: []string{"keys"}},
		"no keys":           {fault: keys(`{"keys":[]}`), want: []string{"keys-none"}},
		"101 keys":          {fault: keys(`{"keys":[` + strings.Repeat(`{"kty":"RSA"},`, 100) + `{"kty":"RSA"}]}`), want: []string{"keys"}},
		"Ed25519 keys":      {fault: keys(`{"keys":[{"kty":"OKP"}]}`), want: []string{"keys-none", "keys-skipped"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				iss := idptest.NewIssuer(t, &idptest.IssuerOptions{URL: tt.url})
				iss.Inject(tt.fault)
				if found := check(t, iss, ""); !slices.Equal(ids(found), tt.want) { // nil and empty are equal
					t.Errorf("findings %v, want %v\n%v", ids(found), tt.want, found)
				}
			})
		})
	}
}

// What to do depends on the reason why a document cannot be fetched.
func TestFixOfDocumentsThatCannotBeFetched(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault idptest.Fault
		want  string
	}{
		"refused connection": {idptest.Fault{Err: errors.New("connection refused")}, "Check that the server runs"},
		"hangs":              {idptest.Fault{Hang: true}, "Check that the server runs"},
		"500":                {idptest.Fault{Status: 500}, "logs of the server"},
		"503":                {idptest.Fault{Status: 503}, "logs of the server"},
		"429":                {idptest.Fault{Status: 429}, "limit for requests"},
		"401":                {idptest.Fault{Status: 401}, "without authentication"},
		"403":                {idptest.Fault{Status: 403}, "without authentication"},
		"404":                {idptest.Fault{Status: 404}, "with status 200"},
		"not JSON":           {idptest.Fault{Body: []byte("<html>")}, "JSON"},
	} {
		for document, path := range map[string]string{"discovery": idptest.DiscoveryPath, "keys": idptest.JWKSPath} {
			t.Run(name+" "+document, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					iss := idptest.NewIssuer(t, nil)
					fault := tt.fault
					fault.Path = path
					iss.Inject(fault)
					found := check(t, iss, "")
					i := slices.IndexFunc(found, func(f oidccheck.Finding) bool { return f.ID == document })
					if i < 0 || !strings.Contains(found[i].Fix, tt.want) || strings.Contains(found[i].Fix, "authentication") != strings.Contains(tt.want, "authentication") {
						t.Errorf("findings %v, want %s with the fix %q", found, document, tt.want)
					}
				})
			})
		}
	}
}

// A program that writes the findings as JSON writes a list.
func TestNoFindingsAreAnEmptyList(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	found, err := oidccheck.Check(t.Context(), iss.URL, "", &oidccheck.Options{HTTPClient: iss.Client()})
	if err != nil || found == nil || len(found) != 0 {
		t.Errorf("Check = %#v, %v, want an empty list", found, err)
	}
}

func TestCheckClaims(t *testing.T) {
	t.Parallel()
	now := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	sub := func(s string) []any { return []any{"sub", s} }
	for name, tt := range map[string]struct {
		change []any // of the claims, for idptest.With
		want   []string
	}{
		"no findings":         {},
		"aud is an array":     {[]any{"aud", []string{audience}}, nil},
		"iss":                 {[]any{"iss", "https://app.gitpod.io/"}, []string{"token-iss"}},
		"no aud":              {[]any{"aud", nil}, []string{"token-aud"}},
		"two aud":             {[]any{"aud", []string{audience, "b"}}, []string{"token-aud-several"}},
		"azp":                 {[]any{"azp", "client"}, []string{"token-aud-other", "token-azp"}},
		"azp equal to aud":    {[]any{"azp", audience}, nil},
		"long aud":            {[]any{"aud", strings.Repeat("a", 256)}, []string{"token-aud-long", "token-aud-other"}},
		"no exp":              {[]any{"exp", nil}, []string{"token-exp"}},
		"no iat":              {[]any{"iat", nil}, []string{"token-iat"}},
		"expired":             {[]any{"exp", now(-6 * time.Minute)}, []string{"token-expired"}},
		"expired, in grace":   {[]any{"exp", now(-4 * time.Minute)}, []string{"token-expired"}},
		"iat in the future":   {[]any{"iat", now(time.Minute)}, []string{"token-iat-future"}},
		"nbf in the future":   {[]any{"nbf", now(time.Minute)}, []string{"token-nbf"}},
		"no sub":              {[]any{"sub", nil}, []string{"token-sub"}},
		"long sub":            {sub(strings.Repeat("s", 256)), []string{"token-sub-long"}},
		"short sub":           {sub("s"), []string{"token-sub-short"}},
		"sub is not ASCII":    {sub("υποκείμενο"), []string{"token-sub-ascii"}},
		"sub with a star":     {sub("subject*"), []string{"token-sub-wildcard"}},
		"sub with an e-mail":  {sub("organization_id:" + idptest.OrganizationID + ":creator_email:jane@example.com"), []string{"token-sub-personal"}},
		"sub with a name":     {sub("organization_id:" + idptest.OrganizationID + ":creator_name:Jane Roe"), []string{"token-sub-personal"}},
		"exp is not a number": {[]any{"exp", "1"}, []string{"token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			iss := idptest.NewIssuer(t, nil)
			found := check(t, iss, iss.Sign(idptest.With(iss.Claims(audience), tt.change...)))
			if !slices.Equal(ids(found), tt.want) {
				t.Errorf("findings %v, want %v\n%v", ids(found), tt.want, found)
			}
		})
	}
}

func TestCheckTokenForm(t *testing.T) {
	t.Parallel()
	payload := func(i *idptest.Issuer) []byte {
		b, err := json.Marshal(i.Claims(audience))
		if err != nil {
			t.Error(err)
		}
		return b
	}
	header := func(h string) func(*idptest.Issuer) string {
		return func(i *idptest.Issuer) string { return i.SignRaw([]byte(h), payload(i)) }
	}
	for name, tt := range map[string]struct {
		token func(*idptest.Issuer) string
		fault idptest.Fault
		want  []string
	}{
		"not a JWT":   {token: func(*idptest.Issuer) string { return "ghp_opaque" }, want: []string{"token"}},
		"too long":    {token: func(*idptest.Issuer) string { return strings.Repeat("x", 20001) }, want: []string{"token-size"}},
		"PS256":       {token: header(`{"alg":"PS256","kid":"k0"}`), want: []string{"token-alg"}},
		"no kid":      {token: header(`{"alg":"RS256"}`), want: []string{"token-kid"}},
		"unknown kid": {token: header(`{"alg":"RS256","kid":"k9"}`), want: []string{"token-key"}},
		"wrong signature": {token: func(i *idptest.Issuer) string {
			s := i.Sign(i.Claims(audience))
			return s[:len(s)-8] + "AAAAAAAA"
		}, want: []string{"token-signature"}},
		"times are not integers": {token: func(i *idptest.Issuer) string {
			now := time.Now().Unix()
			return i.SignRaw([]byte(`{"alg":"RS256","kid":"k0"}`), fmt.Appendf(nil, `{"iss":%q,"aud":%q,"sub":"subject","iat":%d.5,"exp":%d}`, i.URL, audience, now-1, now+3600))
		}, want: []string{"token-time"}},
		"key of another alg": {token: func(i *idptest.Issuer) string {
			s, err := issuer.NewSigner(i.PrivateKey(), &issuer.SignerOptions{KeyID: "k0", Algorithm: "RS512"})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := s.Sign(t.Context(), i.Claims(audience))
			if err != nil {
				t.Fatal(err)
			}
			return raw
		}, want: []string{"token-alg-unlisted", "token-key-alg"}},
		"alg not listed": {
			token: func(i *idptest.Issuer) string { return i.Sign(i.Claims(audience)) },
			fault: idptest.Fault{Path: idptest.DiscoveryPath, Body: []byte(`{"issuer":"https://app.gitpod.io","jwks_uri":"https://app.gitpod.io/.well-known/jwks.json",` +
				`"claims_supported":["aud","iat","iss","sub"],"response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["EdDSA"]}`)},
			want: []string{"discovery-algorithms", "token-alg-unlisted"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			iss := idptest.NewIssuer(t, nil)
			iss.Inject(tt.fault)
			if found := check(t, iss, tt.token(iss)); !slices.Equal(ids(found), tt.want) {
				t.Errorf("findings %v, want %v\n%v", ids(found), tt.want, found)
			}
		})
	}
}

// noNetwork is a client whose requests fail.
func noNetwork() *http.Client { return &http.Client{Transport: failingTransport{}} }

type failingTransport struct{}

func (failingTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no network")
}

func TestCheckIssuerURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"": "issuer-url", "issuer.example": "issuer-url", "https://issuer.example?x=1": "issuer-query", "https://issuer.example#x": "issuer-query",
		"https://u@issuer.example": "issuer-query", "http://issuer.example": "issuer-https", "\x1b": "issuer-url",
	} {
		found, err := oidccheck.Check(t.Context(), raw, "", &oidccheck.Options{HTTPClient: noNetwork()})
		if err != nil || !slices.Contains(ids(found), want) {
			t.Errorf("Check(%q) = %v, %v; want %s", raw, ids(found), err, want)
		}
		for _, f := range found {
			if strings.Contains(f.String(), "\x1b") {
				t.Errorf("%q is not quoted in the finding", raw)
			}
		}
	}
}

func TestCheckReturnsTheErrorOfTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	found, err := oidccheck.Check(ctx, "https://issuer.example", "", &oidccheck.Options{HTTPClient: noNetwork()})
	if !errors.Is(err, context.Canceled) || found != nil {
		t.Errorf("Check = %v, %v; want context.Canceled", found, err)
	}
}

// The names in JSON are documented and do not change.
func TestFindingJSON(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(oidccheck.Finding{ID: "issuer-port", Severity: lint.Warning, Message: "m", Fix: "f"})
	if want := `{"id":"issuer-port","severity":"warning","message":"m","fix":"f"}`; err != nil || string(data) != want {
		t.Errorf("Marshal = %s, %v, want %s", data, err, want)
	}
}
