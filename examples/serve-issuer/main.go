// Command serve-issuer is an issuer with keys in a key management service. It publishes its keys,
// signs a token, and writes its documents for an object store or a CDN.
//
//	go run ./examples/serve-issuer             # prints the names of the documents
//	go run ./examples/serve-issuer --dir out   # writes the documents
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

func main() {
	dir := flag.String("dir", "", "write the documents to this `folder`")
	url := flag.String("issuer", "https://id.example", "the `URL` of the issuer, the iss claim of its tokens")
	flag.Parse()
	if err := run(context.Background(), *url, *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serve-issuer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, issuerURL, dir string, out io.Writer) error {
	keys, err := configuration()
	if err != nil {
		return err
	}
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return err
	}
	if err := publish(ring, keys); err != nil {
		return err
	}
	handler, err := issuer.NewHandler(issuerURL, ring, nil) // http.Handle("/.well-known/", handler) serves the same bytes
	if err != nil {
		return err
	}
	// The second key is published but does not sign yet, so that verifiers with an older copy of
	// the key set get it before its first token.
	for _, k := range ring.Status() {
		fmt.Fprintf(out, "key %-8s %s\n", k.ID, k.State)
	}
	now := time.Now()
	token, err := ring.Sign(ctx, map[string]any{
		"iss": issuerURL, "sub": "service:billing", "aud": idp.AudienceAWS, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return err
	}
	header, _, err := claims.ParseUnverified(token)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "token signed with %s by %s\n", header.Algorithm, header.KeyID)
	return write(handler.Documents(), dir, out)
}

// A configured is a key in the configuration of the issuer.
type configured struct {
	id        string
	key       crypto.Signer
	published time.Time // when the key is or was published
}

// configuration returns the keys that all replicas of the issuer read at their start.
func configuration() ([]configured, error) {
	now := time.Now()
	a, errA := newKMSKey()
	b, errB := newKMSKey()
	return []configured{{"2026-a", a, now.AddDate(0, -6, 0)}, {"2026-b", b, now}}, errors.Join(errA, errB)
}

// publish adds the keys to a ring. Rings with the same configuration always sign with the same key.
func publish(ring *issuer.KeyRing, keys []configured) error {
	for _, k := range keys {
		signer, err := issuer.NewSigner(k.key, &issuer.SignerOptions{KeyID: k.id})
		if err != nil {
			return err
		}
		if err := ring.PublishAt(signer, k.published); err != nil {
			return err
		}
	}
	return nil
}

// write prints the names of the documents and, with a folder, writes them to it.
func write(documents map[string][]byte, dir string, out io.Writer) error {
	for _, path := range slices.Sorted(maps.Keys(documents)) {
		fmt.Fprintf(out, "document %s\n", path)
		if dir == "" {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // the documents are public
			return err
		}
		if err := os.WriteFile(file, documents[path], 0o644); err != nil { //nolint:gosec // the documents are public
			return err
		}
	}
	return nil
}

// A kmsKey is a key in its service, which returns the public key and signatures. It is an
// issuer.ContextSigner.
type kmsKey struct {
	public crypto.PublicKey
	sign   func(ctx context.Context, digest []byte) ([]byte, error) // calls the service
}

func newKMSKey() (kmsKey, error) {
	inside, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return kmsKey{}, err
	}
	return kmsKey{inside.Public(), func(_ context.Context, digest []byte) ([]byte, error) {
		return ecdsa.SignASN1(rand.Reader, inside, digest)
	}}, nil
}

func (k kmsKey) Public() crypto.PublicKey { return k.public }

func (k kmsKey) Sign(_ io.Reader, d []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(context.Background(), d)
}

func (k kmsKey) SignContext(ctx context.Context, _ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(ctx, digest) // ctx is the context of the token
}
