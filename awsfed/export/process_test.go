package export_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"

	"github.com/onafed/onafed/awsfed/export"
)

func always(c aws.Credentials) export.CredentialsSource {
	return export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) { return c, nil })
}

// writeCounter counts the writes, or fails each with err.
type writeCounter struct {
	bytes.Buffer
	writes int
	err    error
}

func (w *writeCounter) Write(p []byte) (int, error) {
	w.writes++
	if w.err != nil {
		return 0, w.err
	}
	return w.Buffer.Write(p)
}

func TestProcess(t *testing.T) {
	t.Parallel()
	c := credentials(1)
	c.Expires = time.Date(2126, 1, 2, 3, 4, 5, 678, time.FixedZone("", 3600))
	var w writeCounter
	if err := export.Process(t.Context(), &w, always(c)); err != nil {
		t.Fatal(err)
	}
	want := `{"Version":1,"AccessKeyId":"` + c.AccessKeyID + `","SecretAccessKey":"` + c.SecretAccessKey + `","SessionToken":"` + c.SessionToken +
		`","Expiration":"2126-01-02T02:04:05Z","AccountId":"123456789012"}` + "\n"
	if w.String() != want || w.writes != 1 {
		t.Errorf("Process wrote %q in %d writes, want %q in one", w.String(), w.writes, want)
	}

	// The Go SDK reads it.
	output := filepath.Join(t.TempDir(), "output")
	if err := os.WriteFile(output, w.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	show := "cat '" + output + "'"
	if runtime.GOOS == "windows" {
		show = "type " + output
	}
	got, err := processcreds.NewProvider(show).Retrieve(t.Context())
	if err != nil || got.SessionToken != c.SessionToken || got.AccountID != c.AccountID || !got.Expires.Equal(c.Expires.Truncate(time.Second)) {
		t.Errorf("the SDK reads %v, %v", got.Expires, err)
	}

	c.AccountID = ""
	w = writeCounter{}
	if err := export.Process(t.Context(), &w, always(c)); err != nil || !json.Valid(w.Bytes()) || strings.Contains(w.String(), "AccountId") {
		t.Errorf("without an account: %s, %v", w.String(), err)
	}
}

// After a failure nothing is written, and the error contains no secret.
func TestProcessFails(t *testing.T) {
	t.Parallel()
	sentinel := errors.New("STS said no")
	expired, permanent := credentials(1), credentials(1)
	expired.Expires = time.Now().Add(-time.Second)
	permanent.CanExpire = false
	tests := []struct {
		rule string
		src  export.CredentialsSource
		w    writeCounter
		is   error
	}{
		{rule: "source", src: export.CredentialsSourceFunc(func(context.Context) (aws.Credentials, error) { return credentials(1), sentinel }), is: sentinel},
		{rule: "no source", src: nil},
		{rule: "expired", src: always(expired), is: export.ErrExpired},
		{rule: "no expiration", src: always(permanent)},
		{rule: "writer", src: always(credentials(1)), w: writeCounter{err: sentinel}, is: sentinel},
	}
	for _, tt := range tests {
		err := export.Process(t.Context(), &tt.w, tt.src)
		if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
			t.Errorf("%s: error %v, want %v", tt.rule, err, tt.is)
			continue
		}
		if tt.w.Len() > 0 || strings.Contains(err.Error(), credentials(1).SecretAccessKey) {
			t.Errorf("%s: wrote %q, error %v", tt.rule, tt.w.String(), err)
		}
	}
}
