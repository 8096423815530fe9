package awsfedtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed"
	"github.com/onafed/onafed/awsfed/awsfedtest"
	"github.com/onafed/onafed/idp/idptest"
)

// A program with an awsfed.Provider makes a signed call each minute for a day. No call fails,
// although there is an outage.
func TestProviderForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		iss := idptest.NewIssuer(t, nil)
		s := awsfedtest.New(t, iss, roleARN)
		p, err := awsfed.New(s, roleARN, iss.TokenSource(audience))
		if err != nil {
			t.Fatal(err)
		}
		client := s.Client(p, once)
		s.Inject(awsfedtest.Fault{Delay: 100 * time.Millisecond}) // of the network
		for minute := range 24 * 60 {
			if minute == 6*60 {
				// GetCallerIdentity must not fail.
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
		// Credentials that are valid for an hour are used for 30 to 45 minutes.
		if exchanges < 24 || exchanges > 90 {
			t.Errorf("%d exchanges in a day", exchanges)
		}
	})
}
