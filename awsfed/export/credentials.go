package export

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
)

// CredentialsSource yields temporary credentials whose Expires is the
// expiration that STS gave. The Provider of package awsfed is one.
//
// An [aws.CredentialsProvider] is not enough: what its Retrieve returns in
// Expires is the time at which an SDK should ask again, and a program that is
// told this for the end of its credentials gives up working ones.
type CredentialsSource interface {
	Credentials(ctx context.Context) (aws.Credentials, error)
}

// CredentialsSourceFunc makes a function a [CredentialsSource].
type CredentialsSourceFunc func(ctx context.Context) (aws.Credentials, error)

// Credentials calls f.
func (f CredentialsSourceFunc) Credentials(ctx context.Context) (aws.Credentials, error) {
	return f(ctx)
}

// ErrExpired is wrapped by the error for credentials that have expired before
// they could be handed out.
var ErrExpired = errors.New("the credentials have expired")

// isDenial tells an error that says itself that trying again is of no use.
func isDenial(err error) bool {
	var final interface{ Retryable() bool }
	return errors.As(err, &final) && !final.Retryable()
}

// checkCredentials refuses what must not leave this package: permanent keys,
// keys without an end, and text that would break out of a line, a shell word
// or a header. It names the field and never its value.
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
		return fmt.Errorf("%w at %s: ask for new ones", ErrExpired, timestamp(c.Expires))
	}
	return nil
}

// badSecretByte is the offset of the first byte outside what keys and session
// tokens are made of, or -1. Base64 of both alphabets and the characters of
// other STS servers' tokens pass; blanks, quotes, backslash, shell and comment
// characters do not, so that no quoting rule of any reader is ever needed.
func badSecretByte(s string) int {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '+', c == '/', c == '=', c == '-', c == '_', c == '.', c == '~', c == ':', c == '@', c == ',':
		default:
			return i
		}
	}
	return -1
}

// timestamp prints t as every SDK reads it: RFC 3339 in UTC with "Z", whole
// seconds. A fraction is cut, never rounded up: an end that is told too late
// is an end at which requests fail.
func timestamp(t time.Time) string {
	return t.UTC().Truncate(time.Second).Format(time.RFC3339)
}

// quoted prints what others wrote, or a path, for a line of an error.
func quoted(s string) string { return quote.Text(s, 200) }
