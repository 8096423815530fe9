package idptest

import (
	"context"
	"sync"

	"github.com/onafed/onafed/idp"
)

// Always returns a source that returns the token at each call, also after it has expired, which an honest source does not.
func Always(t *idp.Token) idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return t, nil
	})
}

// Fails returns a source that returns the error at each call.
func Fails(err error) idp.TokenSource {
	return idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, err })
}

// Sequence returns a source that asks the first source at its first call, the second at its second, and the last from then on:
//
//	idptest.Sequence(idptest.Fails(err), iss.TokenSource("a")) // fails once
//
// It panics when there is none.
func Sequence(sources ...idp.TokenSource) idp.TokenSource {
	if len(sources) == 0 {
		panic("idptest: Sequence of nothing")
	}
	var mu sync.Mutex
	next := 0
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		mu.Lock()
		src := sources[next]
		next = min(next+1, len(sources)-1)
		mu.Unlock()
		return src.Token(ctx)
	})
}

// Blocks returns a source that waits until the context of the call ends.
func Blocks() idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
}
