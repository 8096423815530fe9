package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
)

// An Expiry is an outage of STS that begins two minutes before the advisory window of credentials of an
// hour and ends a minute after they expire.
type Expiry struct {
	Ours, Today, Coming ExpirySide
}

// An ExpirySide is what callers experienced.
type ExpirySide struct {
	Tally
	// ExpiredFor is the time from the first call with an expired key to the last one.
	ExpiredFor time.Duration
	// Fresh is the time from the end of the outage to the first call with new credentials.
	Fresh time.Duration
}

// RunExpiry runs one caller with a call a second, through the outage and half an hour more. Coming is the
// model of the SDK's coming cache around the SDK's own provider.
func RunExpiry(fault fakests.Fault) Expiry {
	through := func(side func(*fakests.STS) aws.CredentialsProvider) (r ExpirySide) {
		s := &fakests.STS{Latency: latency}
		p := side(s)
		if _, err := p.Retrieve(context.Background()); err != nil {
			return ExpirySide{Tally: Tally{Failed: -1}}
		}
		loaded := time.Now()
		repair := loaded.Add(61 * time.Minute)
		time.AfterFunc(43*time.Minute, func() { s.Set(fault) })
		time.AfterFunc(time.Until(repair), func() { s.Set(fakests.None) })
		var first time.Time
		c := crowd{callers: 1, every: time.Second, from: loaded.Add(40 * time.Minute), to: loaded.Add(91 * time.Minute)}
		c.seen = func(began time.Time, took time.Duration, end time.Time, err error) {
			at := began.Add(took)
			switch {
			case err != nil:
			case !at.Before(end):
				if first.IsZero() {
					first = at
				}
				r.ExpiredFor = at.Sub(first)
			case at.After(repair) && r.Fresh == 0:
				r.Fresh = at.Sub(repair)
			}
		}
		r.Tally = c.call(p, s)
		time.Sleep(5 * time.Minute)
		return r
	}
	return Expiry{
		Ours:   through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Provider(s.Client()) }),
		Today:  through(func(s *fakests.STS) aws.CredentialsProvider { return fakests.Cache(s.Client(), 0) }),
		Coming: through(func(s *fakests.STS) aws.CredentialsProvider { return InComingCache(fakests.WebIdentity(s.Client())) }),
	}
}

// MaxFresh is the goal for Fresh: the longest backoff, and the attempt under way, which takes up to 30 s
// if STS hangs and up to 3.5 s otherwise.
func MaxFresh(fault fakests.Fault) time.Duration {
	if fault == fakests.Hanging {
		return 45*time.Second + time.Second
	}
	return 15*time.Second + 4500*time.Millisecond
}
