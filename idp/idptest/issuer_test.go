package idptest_test

import (
	"testing"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

func TestIssuerIsLikeOnas(t *testing.T) {
	t.Parallel()
	iss := idptest.NewIssuer(t, nil)
	keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{
		Audiences: []string{idp.AudienceAWS}, Organizations: []string{idptest.OrganizationID},
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := iss.TokenSource(idp.AudienceAWS).Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Verify(t.Context(), tok.Raw())
	if err != nil {
		t.Fatal(err)
	}
	if c.Subject != idptest.Subject || c.Expiry.Sub(c.IssuedAt).Hours() != 1 || tok.Header().KeyID != "k0" || tok.Header().Algorithm != "RS256" {
		t.Errorf("claims %+v, header %+v: not like the sample's", c, tok.Header())
	}
}
