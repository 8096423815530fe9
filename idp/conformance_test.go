package idp_test

import (
	"net/http"
	"testing"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// The sources of this package pass idptest.TestTokenSource.
func TestSourcesConform(t *testing.T) {
	t.Setenv("ONAFED_TEST_TOKEN", rawToken(inAnHour(), nil))
	tok := token(t, inAnHour(), nil)
	client := newClient(t, func(r *http.Request) (*http.Response, error) { return answerToken(r), nil }, nil)
	opts := bare(t)
	opts.SecretsFile = write(t, "x")
	opts.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return answerToken(r), nil })}
	found, err := idp.FromEnvironment(idp.AudienceAWS, opts)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]idp.TokenSource{
		"Static":          idp.Static(tok),
		"File":            idp.File(write(t, tok.Raw())),
		"Env":             idp.Env("ONAFED_TEST_TOKEN"),
		"Exec":            run("token", idp.ExecOptions{}),
		"Client":          client.Source(idp.AudienceAWS),
		"Chain":           idp.Chain(idp.Static(nil), client.Source(idp.AudienceAWS)),
		"Cached":          idp.Cached(client.Source(idp.AudienceAWS), nil),
		"Cached File":     idp.Cached(idp.File(write(t, tok.Raw())), nil),
		"Cached Cached":   idp.Cached(idp.Cached(client.Source(idp.AudienceAWS), nil), nil),
		"FromEnvironment": found,
	} {
		t.Run(name, func(t *testing.T) {
			if err := idptest.TestTokenSource(t.Context(), src); err != nil {
				t.Error(err)
			}
		})
	}
}
