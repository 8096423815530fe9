package idp_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/onafed/onafed/idp"
)

// What the examples have in place of the outside world.

// exampleExpiry is far away, so that the examples are valid for as long as anybody reads them.
var exampleExpiry = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// exampleRaw is a token as somebody else would get it.
var exampleRaw = rawToken(exampleExpiry, nil)

// exampleAPI stands for the Ona API.
var exampleAPI = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "Bearer valid-api-token" {
		return respond(r, http.StatusUnauthorized, `{"code":"unauthenticated","message":"token revoked"}`), nil
	}
	return respond(r, http.StatusOK, `{"token":"`+exampleRaw+`"}`), nil
})}

// exampleFile returns the path of a file with the text.
func exampleFile(text string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, "token")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return path, func() { _ = os.RemoveAll(dir) }
}

// mintExample is somebody's own way to get a token.
func mintExample(context.Context) (string, error) {
	fmt.Println("minting")
	return exampleRaw, nil
}

var _ idp.TokenSource = (*idp.CachedSource)(nil)
