package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/retry"
)

// CredentialsSource returns temporary credentials whose Expires is the expiration that STS gave.
// The Provider of package awsfed is one.
//
// An [aws.CredentialsProvider] is not enough: the Expires of its Retrieve is the time at which an
// SDK should ask again. A program that takes that for the expiration discards working credentials.
type CredentialsSource interface {
	Credentials(ctx context.Context) (aws.Credentials, error)
}

// CredentialsSourceFunc makes a function a [CredentialsSource].
type CredentialsSourceFunc func(ctx context.Context) (aws.Credentials, error)

// Credentials calls f.
func (f CredentialsSourceFunc) Credentials(ctx context.Context) (aws.Credentials, error) {
	return f(ctx)
}

// ErrExpired is wrapped by the error for credentials or a token that expired before they were
// handed out.
var ErrExpired = errors.New("expired")

// refusesRetry reports whether the error says that trying again does not help: Retryable() of
// package awsfed, or else Temporary() of package idp, is false.
func refusesRetry(err error) bool {
	if e, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err); ok {
		return !e.Retryable()
	}
	temporary, said := retry.Temporary(err)
	return said && !temporary
}

// checkCredentials refuses credentials that this package must not return: permanent keys, keys
// without an expiration, and text that would end a line, a shell word or a header. The error names
// the field and never contains its value.
func checkCredentials(c aws.Credentials, now time.Time) error {
	fields := [...]struct{ name, value string }{
		{"AccessKeyID", c.AccessKeyID},
		{"SecretAccessKey", c.SecretAccessKey},
		{"SessionToken", c.SessionToken},
	}
	for _, f := range fields {
		if f.value == "" {
			return fmt.Errorf("%s is empty: only complete temporary credentials are handed out", f.name)
		}
		if i := badSecretByte(f.value); i >= 0 {
			return fmt.Errorf("%s has a character at offset %d that no AWS key or token has", f.name, i)
		}
	}
	if c.AccountID != "" && !arn.IsAccount(c.AccountID) {
		return fmt.Errorf("AccountID %s is not 12 digits", quoted(c.AccountID))
	}
	if !c.CanExpire || c.Expires.IsZero() {
		return errors.New("field Expires is not set: readers would take the credentials for permanent ones")
	}
	if !now.Before(c.Expires) {
		return fmt.Errorf("%w at %s: get new ones", ErrExpired, timestamp(c.Expires))
	}
	return nil
}

// badSecretByte returns the offset of the first byte that keys and session tokens do not contain,
// or -1. It accepts base64 of both alphabets and the characters in tokens of other STS servers. It
// refuses blanks, quotes, the backslash, and shell and comment characters, so that no reader's
// quoting rules matter.
func badSecretByte(s string) int {
	return strings.IndexFunc(s, func(c rune) bool { return !isAlphanumeric(c) && !strings.ContainsRune("+/=-_.~:@,", c) })
}

// timestamp formats t as every SDK reads it: RFC 3339 in UTC with "Z", whole seconds. The fraction
// is cut and never rounded up: requests fail after an expiration that is reported too late.
func timestamp(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// quoted quotes a path, or text from others, for one line of an error.
func quoted(s string) string { return quote.Text(s, 200) }
