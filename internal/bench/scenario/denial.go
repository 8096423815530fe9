package scenario

import (
	"context"
	"time"

	"github.com/onafed/onafed/internal/bench/fakests"
)

// Denial is what callers see when the role is taken away and given back while
// the credentials are valid.
type Denial struct {
	// Raised is from STS's first refusal to the first error of a call.
	Raised time.Duration
	// Flaps counts calls that succeeded after that and before the repair.
	Flaps int
	// Gone is from the repair to the last error of a call.
	Gone time.Duration
	// STSCalls is how often STS was asked in the time.
	STSCalls int
}

// RunDenial has 20 callers call ten times a second each. The role is refused
// from 40 minutes on, before an hour's credentials begin to be refreshed, until
// a minute before they expire.
func RunDenial() Denial {
	var d Denial
	s := &fakests.STS{Latency: latency}
	p := fakests.Provider(s.Client())
	if _, err := p.Retrieve(context.Background()); err != nil {
		return Denial{Flaps: -1}
	}
	loaded := time.Now()
	at := func(d time.Duration) time.Time { return loaded.Add(d) }
	repair := at(59 * time.Minute)
	time.AfterFunc(40*time.Minute, func() { s.Set(fakests.Denied) })
	time.AfterFunc(time.Until(repair), func() { s.Set(fakests.None) })
	var raised, last time.Time
	var refused time.Time
	c := crowd{callers: 20, every: 100 * time.Millisecond, from: at(39 * time.Minute), to: at(61 * time.Minute)}
	c.seen = func(began time.Time, took time.Duration, err error) {
		end := began.Add(took)
		switch {
		case err != nil:
			if raised.IsZero() {
				raised, refused = end, s.FirstFailure()
			}
			last = end
		case !raised.IsZero() && end.Before(repair):
			d.Flaps++
		}
	}
	d.STSCalls = c.call(p, s).STSCalls
	d.Raised, d.Gone = raised.Sub(refused), max(0, last.Sub(repair))
	time.Sleep(time.Minute)
	return d
}
