package fakests

import (
	"context"
	"time"

	"github.com/onafed/onafed/idp"
)

// A Source returns a new token at once, as a file source does.
type Source struct{}

// Token returns a token that expires in an hour.
func (Source) Token(context.Context) (*idp.Token, error) { return idp.ParseToken(RawToken(time.Now())) }
