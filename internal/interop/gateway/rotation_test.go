package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/onafed/onafed/awsfed"
)

// A key rotation with the gateway. It fetches the key set for each call and reads only the first
// key, so it refuses tokens of the new key while the old key comes first. An issuer for such a
// verifier must replace the key. The gateway answers AccessDenied, as for a role that does not allow
// the token, so the provider must be told to keep its credentials. Then no call fails.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "https://rotation.example.com", "sts.amazonaws.com")
	role := w.role(t, "rotation", strings.Replace(openToAll, "HOST", "rotation.example.com", 1))
	events := make(chan awsfed.RefreshEvent, 100)
	p := w.provider(t, role, func(o *awsfed.Options) {
		o.Duration, o.AnyDuration, o.KeepOnRefusal = 16*time.Second, true, true
		o.RefreshBackoff = func(int, time.Duration) time.Duration { return 200 * time.Millisecond }
		o.OnRefresh = func(e awsfed.RefreshEvent) { events <- e }
	})
	client := w.s3(p)
	object(t, client, "rotation")
	if e := <-events; e.Err != nil {
		t.Fatal(e.Err)
	}

	if err := w.Ring.Publish(newSigner(t, "k1")); err != nil {
		t.Fatal(err)
	}
	refused, swapped := 0, false
	for deadline := time.After(30 * time.Second); ; {
		if _, err := get(t.Context(), client, "rotation", "a"); err != nil {
			t.Fatalf("a call failed during the rotation: %v", err)
		}
		select {
		case e := <-events:
			switch {
			case e.Err != nil && swapped:
				t.Fatalf("with the new key alone in the set: %v", e.Err)
			case e.Err != nil:
				if !e.Valid || e.Retryable {
					t.Fatalf("the credentials were discarded because of %v", e.Err)
				}
				refused++
				if err := w.Ring.Remove("k0"); err != nil {
					t.Fatal(err)
				}
				swapped = true
			case refused == 0:
				t.Fatal("a token of the second key of the set was accepted: the gateway reads more than the first, so this test can be simpler")
			default:
				t.Logf("refused %d times while both keys were published, accepted with the new key alone; no call failed", refused)
				return
			}
		case <-deadline:
			t.Fatal("there was no refresh with the new key")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
