package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/onafed/onafed/idp/issuer"
)

// TestContextReachesTheKey ends the context while the key signs.
func TestContextReachesTheKey(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	key, err := newKMSKey()
	if err != nil {
		t.Fatal(err)
	}
	key.sign = func(ctx context.Context, _ []byte) ([]byte, error) {
		cancel()
		return nil, ctx.Err()
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Sign(ctx, map[string]any{"sub": "service:billing"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign: %v, want %v", err, context.Canceled)
	}
}

// TestReplicasAgree gives the same configuration to two rings.
func TestReplicasAgree(t *testing.T) {
	keys, err := configuration()
	if err != nil {
		t.Fatal(err)
	}
	var documents [2][]byte
	for i := range documents {
		ring, err := issuer.NewKeyRing(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := publish(ring, keys); err != nil {
			t.Fatal(err)
		}
		if documents[i], err = ring.MarshalJSON(); err != nil {
			t.Fatal(err)
		}
		if got := ring.Status(); len(got) != 2 || got[0].State != issuer.KeySigning || got[1].State != issuer.KeyWaiting {
			t.Errorf("replica %d: %+v, want the first key to sign and the second to wait", i, got)
		}
	}
	if !bytes.Equal(documents[0], documents[1]) {
		t.Errorf("two replicas publish\n%s\n%s", documents[0], documents[1])
	}
}

func TestDocumentsAreWritten(t *testing.T) {
	dir := t.TempDir()
	if err := run(t.Context(), "https://id.example", dir, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"openid-configuration", "jwks.json"} {
		if b, err := os.ReadFile(filepath.Join(dir, ".well-known", name)); err != nil || len(b) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
