package export_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/idp/idptest"
)

// A handler, an entry and a setting can be printed and logged without a secret.
func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	h := newHandler(t, always(c), nil)
	if w := answer(h, request(t.Context())); w.Code != http.StatusOK {
		t.Fatalf("status %d", w.Code)
	}
	for _, secret := range []string{c.SecretAccessKey, c.SessionToken, handlerToken} {
		idptest.AssertNoSecret(t, h, secret)
	}

	entry := export.NewCacheEntry(export.CacheIdentity{}, c)
	set := export.Set("aws_secret_access_key", c.SecretAccessKey)
	for _, v := range []any{entry, &entry, []export.CacheEntry{entry}, struct{ Field export.CacheEntry }{entry}, struct{ field any }{entry}, struct{ field any }{set}, set, &set, []export.Setting{set}, map[string]export.Setting{"x": set}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%p", "%w"} {
			out := fmt.Sprintf(verb, v)
			for _, secret := range []string{c.SecretAccessKey, c.SessionToken} {
				if strings.Contains(out, secret) || strings.Contains(strings.ToLower(out), fmt.Sprintf("%x", secret)) || strings.Contains(strings.ToLower(out), fmt.Sprintf("% x", secret)) {
					t.Errorf("%T with %s shows a secret", v, verb)
				}
			}
		}
	}
	for _, v := range []any{entry, &entry, set, &set} {
		idptest.AssertNoSecret(t, v, c.SecretAccessKey)
		idptest.AssertNoSecret(t, v, c.SessionToken)
	}
	for _, v := range []any{entry, set} {
		if out, err := json.Marshal([]any{v}); err != nil || !strings.HasPrefix(string(out), `["export.`) {
			t.Errorf("%T as JSON: %s, %v", v, out, err)
		}
	}
	if got, want := fmt.Sprint(entry), "export.CacheEntry(until "+c.Expires.UTC().Format(time.RFC3339)+")"; got != want {
		t.Errorf("CacheEntry prints %s, want %s", got, want)
	}
	if got, want := fmt.Sprint(export.CacheEntry{}), "export.CacheEntry(empty)"; got != want {
		t.Errorf("an empty CacheEntry prints %s, want %s", got, want)
	}
	if got, want := fmt.Sprintf("%+v", set), `export.Setting("aws_secret_access_key")`; got != want {
		t.Errorf("Setting prints %s, want %s", got, want)
	}
}
