package uploader_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	uploader "github.com/onafed/onafed/examples/mock-source"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

const audience = "upload.example"

// service verifies tokens as a real service does, with the keys of the test's issuer.
func service(t *testing.T, iss *idptest.Issuer) *httptest.Server {
	t.Helper()
	keys, err := issuer.NewIssuerKeySet(iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: iss.Client()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := issuer.NewVerifier(iss.URL, keys, &issuer.VerifierOptions{Audiences: []string{audience}, Organizations: []string{idptest.OrganizationID}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(v.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })))
	t.Cleanup(srv.Close)
	return srv
}

func TestUpload(t *testing.T) {
	iss := idptest.NewIssuer(t, nil)
	down := errors.New("the API is down")
	for _, c := range []struct {
		name   string
		tokens idp.TokenSource
		want   string // part of the error, or ""
	}{
		{"a good token", iss.TokenSource(audience), ""},
		{"a token for another service", iss.TokenSource(idp.AudienceAWS), "401"},
		{"a failing source", idptest.Fails(down), down.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			u := &uploader.Uploader{URL: service(t, iss).URL, Tokens: c.tokens}
			err := u.Upload(t.Context(), strings.NewReader("content"))
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("Upload: %v, want %q", err, c.want)
			}
		})
	}
}

func TestUploadAfterAFailure(t *testing.T) {
	iss := idptest.NewIssuer(t, nil)
	down := errors.New("the API is down")
	once := idptest.Sequence(idptest.Fails(down), iss.TokenSource(audience))
	u := &uploader.Uploader{URL: service(t, iss).URL, Tokens: once}
	for i, want := range []error{down, nil, nil} {
		if err := u.Upload(t.Context(), strings.NewReader("content")); !errors.Is(err, want) {
			t.Errorf("Upload %d: %v, want %v", i+1, err, want)
		}
	}
}

func TestUploadGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	u := &uploader.Uploader{URL: "http://127.0.0.1:1", Tokens: idptest.Blocks()}
	if err := u.Upload(ctx, strings.NewReader("content")); !errors.Is(err, context.Canceled) {
		t.Errorf("Upload: %v, want %v", err, context.Canceled)
	}
}
