package awsfedtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// A day of a program with this module's provider, in a bubble: every hour's credentials are fetched in memory, an outage is lived
// through, and what is signed is good at each minute.
func TestProviderThroughADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		s := awsfedtest.New(t, iss.URL, iss.Client(), roleARN)
		p, err := awsfed.New(s, roleARN, iss.TokenSource(audience))
		if err != nil {
			t.Fatal(err)
		}
		client := s.Client(p, once)
		s.Inject(awsfedtest.Fault{Delay: 100 * time.Millisecond}) // a network
		for minute := range 24 * 60 {
			if minute == 6*60 {
				// The web identity calls alone, or GetCallerIdentity would fail too.
				time.AfterFunc(10*time.Minute, s.Inject(awsfedtest.Fault{Action: "AssumeRoleWithWebIdentity", Code: "InternalFailure"}))
			}
			if _, err := client.GetCallerIdentity(t.Context(), nil); err != nil {
				t.Fatalf("minute %d: %v", minute, err)
			}
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		exchanges := 0
		for _, c := range s.Calls() {
			if c.Action == "AssumeRoleWithWebIdentity" {
				exchanges++
			}
		}
		// A credential of an hour is used for 45 minutes at the most, and for half an hour at the least.
		if exchanges < 24 || exchanges > 90 {
			t.Errorf("%d exchanges in a day", exchanges)
		}
	})
}
