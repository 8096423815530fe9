// Command serve-issuer shows an issuer that grows from one process to files on a CDN: keys in a key management service, what is
// published, who signs, and what a rotation does.
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
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

func main() {
	dir := flag.String("dir", "", "write the documents below this `folder`")
	url := flag.String("issuer", "https://id.example", "the issuer `URL`, which is the iss of its tokens")
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
	// The second key is published and waits: a verifier whose copy of the key set is as old as Cache-Control allows has it before the
	// first token that it signs.
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

// configured is a key of the issuer's configuration.
type configured struct {
	id        string
	key       crypto.Signer
	published time.Time // since when it is served, or from when on
}

// configuration stands for what all replicas of an issuer read at their start.
func configuration() ([]configured, error) {
	now := time.Now()
	keys := []configured{{id: "2026-a", published: now.AddDate(0, -6, 0)}, {id: "2026-b", published: now}}
	for i := range keys {
		key, err := newKMSKey()
		if err != nil {
			return nil, err
		}
		keys[i].key = key
	}
	return keys, nil
}

// publish puts the keys of the configuration into a ring. Rings with the same configuration sign with the same key at the same moment.
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

// write writes the documents below a folder, or says what they are when there is none.
func write(documents map[string][]byte, dir string, out io.Writer) error {
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
type kmsKey struct {
	public crypto.PublicKey
	sign   func(ctx context.Context, digest []byte) ([]byte, error) // a call to the service
}

var _ issuer.ContextSigner = kmsKey{}

func newKMSKey() (kmsKey, error) {
	inside, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return kmsKey{}, err
	}
	return kmsKey{inside.Public(), func(ctx context.Context, digest []byte) ([]byte, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return ecdsa.SignASN1(rand.Reader, inside, digest)
	}}, nil
}

func (k kmsKey) Public() crypto.PublicKey { return k.public }

func (k kmsKey) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(context.Background(), digest)
}

func (k kmsKey) SignContext(ctx context.Context, _ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	return k.sign(ctx, digest) // the context of the token that is asked for
}
