package scenario

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/onafed/onafed/internal/bench/fakests"
	"github.com/onafed/onafed/internal/testkit/nextcache"
)

// A Denial is what callers experience when the role is refused and allowed again while the credentials
// are valid.
type Denial struct {
	// Raised is the time from STS's first refusal to the first error of a call.
	Raised time.Duration
	// Flaps is the number of calls that succeeded between that and the repair.
	Flaps int
	// Gone is the time from the repair to the last error of a call.
	Gone time.Duration
	// STSCalls is the number of STS calls in that time.
	STSCalls int
}

// RunDenial runs 20 callers of our provider, in the cache that wrap puts around it, with ten calls a
// second each. The role is refused from 40 minutes on, before the refresh of credentials of an hour
// begins, until a minute before they expire.
func RunDenial(wrap func(aws.CredentialsProvider) aws.CredentialsProvider) Denial {
	var d Denial
	s := &fakests.STS{Latency: latency}
	p := wrap(fakests.Provider(s.Client()))
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
	c.seen = func(began time.Time, took time.Duration, _ time.Time, err error) {
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

// Bare puts no cache around a provider.
func Bare(p aws.CredentialsProvider) aws.CredentialsProvider { return p }

// InCache puts the SDK's cache around a provider, as config.WithCredentialsProvider does.
func InCache(p aws.CredentialsProvider) aws.CredentialsProvider { return aws.NewCredentialsCache(p) }

// InComingCache puts the model of the SDK's coming cache around a provider. Refusals of STS get through
// as those of the SDK's own providers do.
func InComingCache(p aws.CredentialsProvider) aws.CredentialsProvider {
	return nextcache.New(p, func(o *nextcache.Options) { o.NonRecoverable = fakests.IsDenied })
}
