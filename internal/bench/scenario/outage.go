package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// An Outage is an outage of STS that begins 20 minutes before credentials of an hour expire and ends
// half a minute before. They are valid all the time, so no call needs to fail or to wait.
type Outage struct {
	Fault fakests.Fault
	Ours  Tally
	// Default is the SDK's cache with its defaults; Window is the one that refreshes 5 minutes before the
	// expiry.
	Default, Window Tally
}

// Faults returns the faults of the outages.
func Faults() []fakests.Fault {
	return []fakests.Fault{fakests.Error500, fakests.Refused, fakests.Throttled, fakests.Hanging, fakests.HTML}
}

// RunOutage runs callers with one call a second each until the credentials from before the outage have
// expired.
func RunOutage(fault fakests.Fault, callers int) Outage {
	through := func(side func(*fakests.STS) aws.CredentialsProvider) Tally {
		s := &fakests.STS{Latency: latency}
		p := side(s)
		if _, err := p.Retrieve(context.Background()); err != nil {
			return Tally{Failed: -1}
		}
		loaded := time.Now()
		at := func(d time.Duration) time.Time { return loaded.Add(d) }
		time.AfterFunc(40*time.Minute, func() { s.Set(fault) })
		time.AfterFunc(time.Hour-30*time.Second, func() { s.Set(fakests.None) })
		t := crowd{callers: callers, every: time.Second, from: at(39 * time.Minute), to: at(time.Hour - 2*time.Second)}.call(p, s)
		// Nothing may be running when the bubble ends.
		time.Sleep(5 * time.Minute)
		return t
	}
	return Outage{
		Fault:   fault,
		Ours:    through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Provider(s.Client()) }),
		Default: through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), 0) }),
		Window:  through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), window) }),
	}
}
