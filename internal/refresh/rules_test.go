package refresh_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/onafed/onafed/internal/refresh"
	"github.com/onafed/onafed/internal/testkit/refreshrules"
)

// A vectorEngine is an engine with the values of a vector.
type vectorEngine struct{ *refresh.Engine[value] }

func (e vectorEngine) Call(ctx context.Context) string {
	v, err := e.Value(ctx)
	switch {
	case errors.Is(err, errRefused):
		return "permanent"
	case err != nil:
		return "temporary"
	}
	return fmt.Sprint("K", v.n)
}

func (e vectorEngine) Invalidate(key string) {
	e.Engine.Invalidate(func(v value) bool { return fmt.Sprint("K", v.n) == key })
}

func TestCommonRules(t *testing.T) {
	t.Parallel()
	refreshrules.Run(t, func(_ *testing.T, v *refreshrules.Vector) refreshrules.Subject {
		o := options()
		o.AdvisoryWindow, o.ServeExpired = time.Duration(v.Window), v.ServeExpired
		if v.Backoff != 0 {
			o.Backoff = func(int, time.Duration) time.Duration { return time.Duration(v.Backoff) }
		}
		return vectorEngine{newEngine(func(ctx context.Context) (value, error) {
			n, result, err := v.Fetch(ctx)
			life := time.Duration(v.Lifetime)
			switch result {
			case "temporary":
				err = errors.New("down")
			case "permanent":
				err = errRefused
			case "expired":
				life = -time.Second
			}
			return value{n, time.Now().Add(life)}, err
		}, o)}
	})
}
