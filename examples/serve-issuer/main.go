// Command serve-issuer shows an issuer that grows from one process to files on a CDN: a key in a key management service, what is
// published, and what a rotation does.
//
//	go run ./examples/serve-issuer             # prints what would be published
//	go run ./examples/serve-issuer --dir out   # writes it, for an object store
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/onafed/onafed/idp/issuer"
)

func main() {
	dir := flag.String("dir", "", "write the documents below this `folder`")
	url := flag.String("issuer", "https://id.example", "the issuer `URL`, which is the iss of its tokens")
	flag.Parse()
	if err := run(*url, *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serve-issuer:", err)
		os.Exit(1)
	}
}

func run(issuerURL, dir string, out io.Writer) error {
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return err
	}
	handler, err := issuer.NewHandler(issuerURL, ring, nil) // http.Handle("/.well-known/", handler) serves the same bytes
	if err != nil {
		return err
	}
	for _, name := range []string{"2026-a", "2026-b"} {
		key, err := newKMSKey()
		if err != nil {
			return err
		}
		signer, err := issuer.NewSigner(key, &issuer.SignerOptions{KeyID: name})
		if err != nil {
			return err
		}
		if err := ring.Publish(signer); err != nil {
			return err
		}
	}
	// The second key is published and waits: a verifier whose copy of the key set is as old as Cache-Control allows has it before the
	// first token that it signs.
	for _, k := range ring.Status() {
		fmt.Fprintf(out, "key %-8s %s\n", k.ID, k.State)
	}
	documents := handler.Documents()
	for _, path := range slices.Sorted(maps.Keys(documents)) {
		if dir == "" {
			fmt.Fprintf(out, "document %s\n", path)
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the documents are public
			return err
		}
		if err := os.WriteFile(file, documents[path], 0o644); err != nil { //nolint:gosec // the documents are public
			return err
		}
		fmt.Fprintf(out, "wrote %s\n", path)
	}
	return nil
}

// kmsKey stands for a key that never leaves its service: what the library needs of it is the public half, and a signature.
type kmsKey struct{ inside *ecdsa.PrivateKey }

var _ issuer.ContextSigner = kmsKey{}

func newKMSKey() (kmsKey, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return kmsKey{k}, err
}

func (k kmsKey) Public() crypto.PublicKey { return k.inside.Public() }

func (k kmsKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.inside.Sign(rand, digest, opts)
}

// SignContext is where a real one calls its service, with the context of the token that is asked for.
func (k kmsKey) SignContext(_ context.Context, rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return k.Sign(rand, digest, opts)
}
