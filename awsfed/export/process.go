package export

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// processOutput is the JSON that SDKs read from a credential_process, with its members in the order
// of AWS's documentation.
type processOutput struct {
	Version         int
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	SessionToken    string
	Expiration      string
	AccountID       string `json:"AccountId,omitempty"`
}

// Process does the work of a credential_process: it asks src once and writes one JSON object and a
// newline to w in a single Write. When it fails it has written nothing, and the error contains no
// secret. The caller prints the error to standard error and exits with a status other than 0.
//
// SDKs run the process again in every program and at each expiration, and share nothing. Use
// [Cache.Source] as src to share the credentials.
func Process(ctx context.Context, w io.Writer, src CredentialsSource) error {
	if src == nil {
		return &OptionError{"Process", "src", errNil}
	}
	c, err := src.Credentials(ctx)
	if err != nil {
		return fmt.Errorf("export: no credentials: %w", err)
	}
	if err := checkCredentials(c, time.Now()); err != nil {
		return fmt.Errorf("export: credentials refused: %w", err)
	}
	out, err := json.Marshal(processOutput{ //nolint:gosec // printing the keys is the purpose
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
