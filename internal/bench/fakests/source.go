package fakests

import (
	"context"
	"time"

	"github.com/onafed/onafed/idp"
)

// A Source yields a new token at once, as one from a file does.
type Source struct{}

// Token returns a token of an hour.
func (Source) Token(context.Context) (*idp.Token, error) { return idp.ParseToken(RawToken(time.Now())) }
