package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// Outage is an outage of STS that begins 20 minutes before an hour's
// credentials expire and ends half a minute before they do. They are valid all
// the time, so no call has a reason to fail or to wait.
type Outage struct {
	Fault fakests.Fault
	Ours  Tally
	// Default is the SDK's cache as it comes; Window is the one that asks 5
	// minutes before the expiry.
	Default, Window Tally
}

// Faults are the ones that an outage is tried with.
func Faults() []fakests.Fault {
	return []fakests.Fault{fakests.Error500, fakests.Refused, fakests.Throttled, fakests.Hanging, fakests.HTML}
}

// RunOutage lets callers call once a second each until the credentials of the
// time before the outage are over.
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
		// Nothing may be under way when the bubble ends.
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
