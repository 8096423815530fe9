package idp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/onafed/onafed/idp"
)

// In an Ona environment no options are needed. Here a file and an in-memory server replace it.
func ExampleFromEnvironment() {
	secrets, remove := exampleFile("valid-api-token\n")
	defer remove()

	src, err := idp.FromEnvironment(idp.AudienceAWS, &idp.EnvironmentOptions{SecretsFile: secrets, HTTPClient: exampleAPI})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := src.Token(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Claims().Subject)
	// Output: org:0191e223-1c3c-7607-badf-303c98b52d2f/prj:019527e4-75d5-704d-a5a4-a2b52cf56198/env:019527e4-75d5-704d-a5a4-a2b52cf56196
}

func ExampleNewClient() {
	client, err := idp.NewClient(&idp.ClientOptions{
		Bearer:     func(context.Context) (string, error) { return "valid-api-token", nil }, // or idp.BearerFile, idp.BearerEnv
		HTTPClient: exampleAPI,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := client.IDToken(context.Background(), idp.AudienceAWS)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Claims().Issuer, token.Claims().Audience)
	// Output: https://app.gitpod.io [sts.amazonaws.com]
}

func ExampleClient_Source() {
	client, err := idp.NewClient(&idp.ClientOptions{
		Bearer:     func(context.Context) (string, error) { return "valid-api-token", nil },
		HTTPClient: exampleAPI,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	src := idp.Cached(client.Source(idp.AudienceAWS), nil)
	token, err := src.Token(context.Background())
	fmt.Println(token.Expiry().UTC(), err)
	// Output: 2100-01-01 00:00:00 +0000 UTC <nil>
}

func ExampleRequestError() {
	client, err := idp.NewClient(&idp.ClientOptions{
		Bearer:     func(context.Context) (string, error) { return "revoked-api-token", nil },
		HTTPClient: exampleAPI,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.IDToken(context.Background(), idp.AudienceAWS)
	if errors.Is(err, idp.ErrUnauthenticated) {
		fmt.Println("log in again")
	}
	if e, ok := errors.AsType[*idp.RequestError](err); ok {
		fmt.Println(e.StatusCode, e.Code, e.Temporary())
	}
	// Output:
	// log in again
	// 401 unauthenticated false
}

// Printing a token shows its fingerprint. Only Raw returns the text.
func ExampleParseToken() {
	token, err := idp.ParseToken(exampleRaw)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%v %s %+v\n", token, *token, struct{ T *idp.Token }{token})
	fmt.Println(token.Raw() == exampleRaw, token.ValidAt(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))

	_, err = idp.ParseToken("ona_pat_0123456789")
	fmt.Println(err)
	// Output:
	// idp.Token(b2c0edf7743d) idp.Token(b2c0edf7743d) {T:idp.Token(b2c0edf7743d)}
	// true true
	// idp: not an ID token: want a JWT, three parts joined by dots, got an opaque value of 18 bytes (an API key or a personal access token is not an ID token)
}

func ExampleFile() {
	path, remove := exampleFile(exampleRaw + "\n")
	defer remove()

	token, err := idp.File(path).Token(context.Background())
	fmt.Println(token.Claims().OrganizationID, err)
	// Output: 0191e223-1c3c-7607-badf-303c98b52d2f <nil>
}

func ExampleEnv() {
	os.Setenv("MY_ID_TOKEN", exampleRaw)
	defer os.Unsetenv("MY_ID_TOKEN")

	token, err := idp.Env("MY_ID_TOKEN").Token(context.Background())
	fmt.Println(token.Header().KeyID, err)
	// Output: k0 <nil>
}

func ExampleExec() {
	src := idp.Exec("ona-of-this-example", "idp", "token", "--audience", idp.AudienceAWS)

	_, err := src.Token(context.Background())
	if errors.Is(err, exec.ErrNotFound) {
		fmt.Println("the command is not installed here")
	}
	// Output: the command is not installed here
}

func ExampleStatic() {
	token, err := idp.ParseToken(exampleRaw)
	if err != nil {
		fmt.Println(err)
		return
	}
	same, err := idp.Static(token).Token(context.Background())
	fmt.Println(same == token, err)
	// Output: true <nil>
}

// The chain uses the first configured source, also if it fails: the next may be another identity.
func ExampleChain() {
	path, remove := exampleFile("not a token")
	defer remove()

	src := idp.Chain(
		idp.Env("A_VARIABLE_THAT_IS_NOT_SET"), // not configured
		idp.File(path),                        // configured
		idp.Exec("ona", "idp", "token", "--audience", idp.AudienceAWS),
	)
	_, err := src.Token(context.Background())
	if _, ok := errors.AsType[*idp.NotTokenError](err); ok {
		fmt.Println("there is no ID token in the file")
	}
	// Output: there is no ID token in the file
}

func ExampleCached() {
	src := idp.Cached(idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		raw, err := mintExample(ctx)
		if err != nil {
			return nil, err
		}
		return idp.ParseToken(raw)
	}), &idp.CachedOptions{MinLife: 5 * time.Minute})
	for range 3 {
		if _, err := src.Token(context.Background()); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("valid:", src.Status().Valid)
	// Output:
	// minting
	// valid: true
}

// A client adds ID tokens to its requests. The service verifies them, see issuer.Verifier.Middleware.
// Here the service is in memory, and refuses the first token.
func ExampleNewTransport() {
	first, second := rawToken(exampleExpiry, nil), rawToken(exampleExpiry, map[string]any{"jti": "2"})
	service := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Header.Get("Authorization") != "Bearer "+second {
			return respond(r, http.StatusUnauthorized, "token refused"), nil
		}
		return respond(r, http.StatusOK, "welcome"), nil
	})
	next := []string{first, second}
	src := idp.Cached(idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
		raw := next[0]
		next = next[1:]
		return idp.ParseToken(raw)
	}), nil)

	transport, err := idp.NewTransport(src, &idp.TransportOptions{
		Hosts: []string{"service.example"},
		Base:  service, // for tests; leave it out otherwise
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: transport}
	for _, url := range []string{"https://service.example/hello", "https://other.example/hello"} {
		resp, err := client.Get(url)
		if err != nil {
			fmt.Println(err)
			continue
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fmt.Println(resp.StatusCode, string(body), err)
	}
	// Output:
	// 200 welcome <nil>
	// Get "https://other.example/hello": idp: Transport: no token is sent to "other.example", which is not one of the hosts of its options
}

func ExampleCachedSource_Status() {
	src := idp.Cached(idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) {
		return nil, errors.New("the API is down")
	}), nil)
	_, _ = src.Token(context.Background())
	status := src.Status()
	status.RetryAt = time.Time{} // random
	text, err := json.MarshalIndent(status, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// {
	//   "valid": false,
	//   "refreshing": false,
	//   "failures": 1,
	//   "error": "idp: idp.TokenSourceFunc: the API is down"
	// } <nil>
}
