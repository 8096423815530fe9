// Package uploader stands for a program that uses an ID token, here to call a service of its own. Its test shows how to mock the token
// source, in every way in which that can succeed and fail. It needs loopback and nothing else.
package uploader

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/onafed/onafed/idp"
)

// Uploader sends files to a service that lets in ID tokens.
type Uploader struct {
	URL    string
	Tokens idp.TokenSource // for the audience of the service
	Client *http.Client    // nil: http.DefaultClient
}

// Upload sends content. The token goes into the Authorization header and nowhere else.
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
