// Package uploader is a program that uses an ID token to call a service. Its test shows how to mock
// the token source for success and for failures. It uses only loopback.
package uploader

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/onafed/onafed/idp"
)

// An Uploader sends files to a service that accepts ID tokens.
type Uploader struct {
	URL    string
	Tokens idp.TokenSource // for the audience of the service
	Client *http.Client    // nil means http.DefaultClient
}

// Upload sends content with the token in the Authorization header.
func (u *Uploader) Upload(ctx context.Context, content io.Reader) error {
	token, err := u.Tokens.Token(ctx)
	if err != nil {
		return fmt.Errorf("uploader: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, u.URL, content)
	if err != nil {
		return fmt.Errorf("uploader: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Raw())
	client := u.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("uploader: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("uploader: the service answered %s", resp.Status)
	}
	return nil
}
