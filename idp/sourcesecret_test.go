package idp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
)

// An error of a source may contain the token. Everything that shows the error replaces it.
func TestErrorsOfSourcesAreShownWithoutTokens(t *testing.T) {
	t.Parallel()
	secret := rawToken(inAnHour(), nil)
	boom := errors.New("boom " + secret)
	inner := &idp.SourceError{Source: "inner", Err: errors.New("refused")}
	for name, err := range map[string]error{
		"a text":                         boom,
		"a text around an error":         fmt.Errorf("boom %s: %w", secret, inner),
		"a text in an error of a source": &idp.SourceError{Source: "inner", Err: boom},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				fails := idptest.Fails(err)
				var log bytes.Buffer
				cached := idp.Cached(fails, &idp.CachedOptions{Logger: slog.New(slog.NewJSONHandler(&log, nil))})
				transport, terr := idp.NewTransport(fails, &idp.TransportOptions{Hosts: []string{"service.example"}})
				if terr != nil {
					t.Fatal(terr)
				}
				_, get := (&http.Client{Transport: transport}).Get("https://service.example")
				got := map[string]string{
					"Cached":          failure(t, cached).Error(),
					"Chain":           failure(t, idp.Chain(fails)).Error(),
					"Cached in Chain": failure(t, idp.Chain(cached)).Error(),
					"Chain in Cached": failure(t, idp.Cached(idp.Chain(fails), nil)).Error(),
					"Transport":       fmt.Sprint(get),
				}
				for _, verb := range []string{"%v", "%+v", "%#v"} {
					got["Status with "+verb] = fmt.Sprintf(verb, cached.Status())
				}
				text, jerr := json.Marshal(cached.Status())
				synctest.Wait() // the log gets the failure after the callers
				got["Status as JSON"], got["Log"] = fmt.Sprint(string(text), jerr), log.String()
				for shown, text := range got {
					if strings.Contains(text, "eyJ") || !strings.Contains(text, "boom [redacted]") && shown != "Status with %#v" {
						t.Errorf("%s shows %s", shown, text)
					}
				}
				if !errors.Is(failure(t, cached), err) {
					t.Error("errors.Is does not find the error of the source")
				}
			})
		})
	}
}

// The API token in the error of Bearer is replaced, too.
func TestErrorsOfBearerAreShownWithoutTokens(t *testing.T) {
	t.Parallel()
	secret := rawToken(inAnHour(), nil)
	c := newClient(t, nil, func(o *idp.ClientOptions) {
		o.Bearer = func(context.Context) (string, error) { return "", errors.New("boom " + secret) }
	})
	if err := failure(t, c.Source(idp.AudienceAWS)); !strings.Contains(err.Error(), "boom [redacted]") || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("Token: %v", err)
	}
}

// Names of files and variables are no secrets, however they look.
func TestErrorsOfBearerNameTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "OnaProductionApiToken2024")
	for want, bearer := range map[string]func(context.Context) (string, error){
		path:                                  idp.BearerFile(path),
		"Ona_Production_Api_Token_2024_Unset": idp.BearerEnv("Ona_Production_Api_Token_2024_Unset"),
	} {
		c := newClient(t, nil, func(o *idp.ClientOptions) { o.Bearer = bearer })
		if err := failure(t, c.Source(idp.AudienceAWS)); !strings.Contains(err.Error(), filepath.Base(want)) {
			t.Errorf("Token: %v, want %s", err, want)
		}
	}
}
