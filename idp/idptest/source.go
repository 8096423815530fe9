package idptest

import (
	"context"
	"sync"

	"github.com/onafed/onafed/idp"
)

// Always returns a source that returns the same token in each call, also after it has expired.
func Always(t *idp.Token) idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return t, nil
	})
}

// Fails returns a source whose calls fail with err.
func Fails(err error) idp.TokenSource {
	return idp.TokenSourceFunc(func(context.Context) (*idp.Token, error) { return nil, err })
}

// Sequence returns a source that calls the first source in its first call, the second one in its
// second call, and the last one in all later calls:
//
//	idptest.Sequence(idptest.Fails(err), iss.TokenSource("a")) // fails once
//
// It panics without sources.
func Sequence(sources ...idp.TokenSource) idp.TokenSource {
	if len(sources) == 0 {
		panic("idptest: Sequence: no sources")
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

// Blocks returns a source whose calls wait until their context ends.
func Blocks() idp.TokenSource {
	return idp.TokenSourceFunc(func(ctx context.Context) (*idp.Token, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
}
