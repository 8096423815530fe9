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

// exampleExpiry is in the far future, so that the examples do not expire.
var exampleExpiry = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// exampleRaw is the text of a token.
var exampleRaw = rawToken(exampleExpiry, nil)

// exampleAPI answers like the Ona API.
var exampleAPI = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") != "Bearer valid-api-token" {
		return respond(r, http.StatusUnauthorized, `{"code":"unauthenticated","message":"token revoked"}`), nil
	}
	return respond(r, http.StatusOK, `{"token":"`+exampleRaw+`"}`), nil
})}

// exampleFile writes a file with the text and returns its path.
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

// mintExample gets the text of a token, as a program of your own may do.
func mintExample(context.Context) (string, error) {
	fmt.Println("minting")
	return exampleRaw, nil
}

var _ idp.TokenSource = (*idp.CachedSource)(nil)
