// Command call-service shows both halves of a service that accepts ID tokens: a client that sends the
// token of its environment, and a server that accepts the tokens of one project. Issuer, server and
// client are in one process. A real client gets its tokens from idp.FromEnvironment, and a real server
// the keys from the issuer's URL (issuer.NewIssuerKeySet).
//
//	go run ./examples/call-service
package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/issuer"
)

const (
	organization = "0191e223-1c3c-7607-badf-303c98b52d2f"
	project      = "019527e4-75d5-704d-a5a4-a2b52cf56198"
	environment  = "019527e4-75d5-704d-a5a4-a2b52cf56196"
	audience     = "https://deploy.example"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "call-service:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	ring, err := issuer.NewKeyRing(nil)
	if err != nil {
		return err
	}
	old, err := publishKey(ring)
	if err != nil {
		return err
	}
	address, stop, err := serve(ring)
	if err != nil {
		return err
	}
	defer stop()

	// A source of tokens for this service. In an environment: idp.FromEnvironment(audience, nil).
	src := idp.Cached(idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		fmt.Fprintln(out, "client: gets a token")
		return sign(ctx, ring)
	}), nil)
	transport, err := idp.NewTransport(src, &idp.TransportOptions{
		Hosts:                []string{address}, // of a real service: "deploy.example"
		InsecureLoopbackHTTP: true,              // not for a real service
	})
	if err != nil {
		return err
	}
	client := &http.Client{Transport: transport}

	get(ctx, out, client, "http://"+address)
	get(ctx, out, client, "http://"+address)

	// After an emergency rotation the cached token is refused. The client gets another one.
	if _, err := publishKey(ring); err != nil {
		return err
	}
	if err := ring.Remove(old); err != nil {
		return err
	}
	fmt.Fprintln(out, "issuer: has a new key")
	get(ctx, out, client, "http://"+address)

	// The token is for one service. The client does not send it to another.
	get(ctx, out, client, "https://other.example")
	return nil
}

// serve starts the service on a loopback address.
func serve(keys issuer.KeySet) (address string, stop func(), err error) {
	verifier, err := issuer.NewVerifier(idp.Issuer, keys, &issuer.VerifierOptions{
		Audiences:     []string{audience},
		Organizations: []string{organization},
		Projects:      []string{project},
	})
	if err != nil {
		return "", nil, err
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := issuer.ClaimsFromContext(r.Context())
		id, err := c.Identity()
		if err != nil {
			http.Error(w, "forbidden", http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, "hello, %s %s", id.Kind(), id.ID())
	})
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: verifier.Middleware(hello), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	return listener.Addr().String(), func() { _ = server.Close() }, nil
}

// get sends a request and prints the answer.
func get(ctx context.Context, out io.Writer, client *http.Client, to string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to, http.NoBody)
	if err != nil {
		fmt.Fprintln(out, "client:", err)
		return
	}
	resp, err := client.Do(r)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		fmt.Fprintln(out, "client:", err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		fmt.Fprintln(out, "client:", err)
		return
	}
	fmt.Fprintf(out, "client: %d %s\n", resp.StatusCode, body)
}

// publishKey adds a new key to the ring and returns its ID.
func publishKey(ring *issuer.KeyRing) (string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	signer, err := issuer.NewSigner(key, nil)
	if err != nil {
		return "", err
	}
	return signer.Key().ID, ring.Publish(signer)
}

// sign returns a token of the environment.
func sign(ctx context.Context, ring *issuer.KeyRing) (*idp.Token, error) {
	subject, err := claims.SubjectFrom(claims.Organization(organization), claims.Project(project), claims.Environment(environment))
	if err != nil {
		return nil, err
	}
	now := time.Now()
	raw, err := ring.Sign(ctx, map[string]any{
		"iss": idp.Issuer, "aud": audience, "sub": subject, "org": organization, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	if err != nil {
		return nil, err
	}
	return idp.ParseToken(raw)
}
