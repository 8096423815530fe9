package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// processOutput is what the SDKs read from a credential_process. The order of
// the members is the one of AWS's documentation.
type processOutput struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
}

// Process is the body of a credential_process: it asks src once and writes one
// JSON object and a newline to w, in a single Write. When anything fails it has
// written nothing, and the error holds no secret: the caller prints it to
// standard error and exits with a status other than 0.
//
// SDKs run the process again in every program and at each expiry and share
// nothing; put a [Cache] before src.
func Process(ctx context.Context, w io.Writer, src CredentialsSource) error {
	if src == nil {
		return errors.New("export: Process: the source is nil")
	}
	c, err := src.Credentials(ctx)
	if err != nil {
		return fmt.Errorf("export: no credentials: %w", err)
	}
	if err := checkCredentials(c, time.Now()); err != nil {
		return fmt.Errorf("export: credentials refused: %w", err)
	}
	out, err := json.Marshal(processOutput{ //nolint:gosec // handing out the keys is what this is for
		Version:         1,
		AccessKeyID:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey,
		SessionToken:    c.SessionToken,
		Expiration:      timestamp(c.Expires),
		AccountID:       c.AccountID,
	})
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if _, err := w.Write(append(out, '\n')); err != nil {
		return fmt.Errorf("export: writing the credentials: %w", err)
	}
	return nil
}
