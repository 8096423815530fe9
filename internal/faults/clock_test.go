package faults_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/awsfed/export"
	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/idp/idptest"
	"github.com/onafed/onafed/idp/issuer"
)

// clockChange is a difference between the clocks. The clock of a bubble only goes forward, so the
// tests set the servers' clock. For the component it makes no difference whether the servers' clock
// goes ahead or the local clock falls behind.
type clockChange struct {
	name, how string
	ahead     time.Duration // of the servers' clock
	at        time.Duration // since the start
}

func clockChanges() []clockChange {
	const off = 10 * time.Minute
	return []clockChange{
		{"servers' clock 10 min ahead", "from the start", off, 0},
		{"servers' clock 10 min behind", "from the start", -off, 0},
		{"local clock set back 10 min", "20 minutes after the first value", off, 20 * time.Minute},
		{"local clock set forward 10 min", "20 minutes after the first value", -off, 20 * time.Minute},
	}
}

func testClock(t *testing.T, r *report) {
	t.Helper()
	type test struct {
		column string
		run    func(*cell, *world, clockChange)
	}
	tests := []test{{keySet, keySetClock}, {tokenFile, tokenFileClock}, {credFile, credFileClock}}
	for _, c := range components() {
		if c.name != keySet {
			tests = append(tests, test{c.name, func(cl *cell, w *world, change clockChange) { componentClock(cl, w, c, change) }})
		}
	}
	for _, change := range clockChanges() {
		r.add(change.name, change.how)
		for _, p := range tests {
			t.Run(change.name+"/"+p.column, func(t *testing.T) {
				t.Parallel()
				dir := quickDir(t)
				synctest.Test(t, func(t *testing.T) {
					r.cell(t, p.column, change.name, dir, func(c *cell) {
						w := newWorld(t, inMemory, time.Hour)
						if change.at == 0 {
							w.setClock(change.ahead)
						}
						p.run(c, w, change)
						c.checkCleanup(w)
					})
				})
			})
		}
	}
	t.Run("token shorter than the skew", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r.cell(t, apiClient, clockChanges()[1].name, "", func(c *cell) { shortToken(c, newWorld(t, inMemory, 5*time.Minute)) })
		})
	})
}

// componentClock calls the component for four hours. Every value must be valid by the clock of the
// server that issued it.
func componentClock(c *cell, w *world, co component, change clockChange) {
	s := &trial{cell: c, component: co, world: w, subject: co.start(c, w)}
	hours := func(d time.Duration) {
		s.until(time.Now().Add(d), time.Time{}, func() {
			limit := s.warm
			if !s.keeps {
				limit = s.cold
			}
			if _, err := s.ask(limit); err != nil {
				s.Errorf("%v", err)
			}
		})
	}
	if _, err := s.ask(s.cold); err != nil {
		s.Errorf("%v", err)
	}
	if change.at > 0 {
		hours(change.at)
		w.setClock(change.ahead)
	}
	from := s.count()
	if !s.keeps {
		s.step = 5 * time.Minute // it does nothing between two calls
	}
	hours(4 * time.Hour)
	if n := s.count() - from; s.keeps && n > 4*s.perHour {
		s.Errorf("%d requests in four hours", n)
	}
	if s.keeps {
		c.note("%d requests in four hours", s.count()-from)
	}
	if co.name != provider && co.name != providerToken {
		return // the other components know only the times in the token
	}
	// In an outage the credentials expire, by the clock of STS.
	s.settle()
	id, err := s.ask(s.cold)
	if err != nil {
		s.Errorf("%v", err)
	}
	w.begin(fault{name: "status 503", answer: page("text/html", 503, "<h1>503</h1>")}, s.host)
	end := s.endsAt(id).Add(-change.ahead) // by the local clock
	s.until(end.Add(-30*time.Second), time.Time{}, func() {
		if _, err := s.ask(s.warm); err != nil {
			s.Errorf("%v before the expiry: %v", time.Until(end), err)
		}
	})
	time.Sleep(time.Until(end.Add(2 * time.Second))) // the servers' Date is in whole seconds
	if id, err := s.ask(s.cold); err == nil {
		s.Errorf("%s was returned after it expired", id)
	}
	w.end()
	s.checkRecovery(id)
}

// keySetClock verifies tokens that were issued by the local clock and by the servers' clock. The
// verifier uses the local clock.
func keySetClock(c *cell, w *world, change clockChange) {
	keys, err := issuer.NewIssuerKeySet(w.iss.URL, &issuer.RemoteKeySetOptions{HTTPClient: w.client, Logger: w.logger()})
	if err != nil {
		c.Fatal(err)
	}
	v, err := issuer.NewVerifier(w.iss.URL, keys, &issuer.VerifierOptions{
		Audiences: []string{"deploy"}, Organizations: []string{idptest.OrganizationID}, Algorithms: []string{"ES256"},
	})
	if err != nil {
		c.Fatal(err)
	}
	begin := time.Now()
	for changed := change.at == 0; time.Since(begin) < 4*time.Hour; time.Sleep(2 * time.Minute) {
		if !changed && time.Since(begin) >= change.at {
			changed = true
			w.setClock(change.ahead)
		}
		if _, err := v.Verify(c.Context(), w.iss.Token("deploy").Raw()); err != nil {
			c.Errorf("token issued by the local clock: %v", err)
		}
		t := w.mint("deploy")
		_, err := v.Verify(c.Context(), t.Raw())
		ahead := t.Claims().IssuedAt.After(time.Now().Add(time.Minute))
		switch {
		case !ahead && err != nil:
			c.Errorf("token issued by the servers' clock: %v", err)
		case ahead && !errors.Is(err, claims.ErrNotYetValid):
			c.Errorf("token issued ten minutes in the future: %v, want claims.ErrNotYetValid", err)
		}
		c.checkErrorOf(w, err)
	}
	if n := w.count(); n > 4*10 {
		c.Errorf("%d requests in four hours", n)
	}
	c.note("%d requests in four hours", w.count())
}

// tokenFileClock runs a token file while the clocks differ.
func tokenFileClock(c *cell, w *world, change clockChange) {
	k := runTokenFile(c, w)
	time.Sleep(time.Minute)
	if change.at > 0 {
		k.watch(change.at, func(string, time.Time) {})
		w.setClock(change.ahead)
	}
	k.checkFresh()
	k.finish()
}

// credFileClock writes credentials. The file has the expiration that STS returned.
func credFileClock(c *cell, w *world, change clockChange) {
	p := newProvider(c, w, w.source())
	f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
	if err != nil {
		c.Fatal(err)
	}
	if change.at > 0 {
		if _, err := p.Credentials(c.Context()); err != nil {
			c.Errorf("%v", err)
		}
		time.Sleep(change.at)
		w.setClock(change.ahead)
	}
	again := 0
	for range 20 {
		time.Sleep(10 * time.Minute)
		creds, err := p.Credentials(c.Context())
		if err != nil {
			c.Errorf("%v", err)
			return
		}
		err = f.WriteCredentials(c.Context(), "default", creds)
		if errors.Is(err, export.ErrExpired) && change.ahead < 0 {
			// The credentials are valid by the clock of STS, so the provider returns them. They
			// have expired by the local clock, which the readers of the file use. The provider has
			// new ones by now.
			again++
			synctest.Wait()
			if creds, err = p.Credentials(c.Context()); err == nil {
				err = f.WriteCredentials(c.Context(), "default", creds)
			}
		}
		if err != nil {
			c.Errorf("%v", err)
		}
		got, _, err := f.Lookup("default", "x_security_token_expires")
		end, ok := w.endOf(creds.AccessKeyID)
		if want := end.UTC().Format(time.RFC3339); err != nil || !ok || got != want {
			c.Errorf("the expiration of %s in the file is %q, and STS returned %s: %v", creds.AccessKeyID, got, want, err)
		}
	}
	c.note("20 writes, %d of them repeated because the credentials had expired by the local clock", again)
	c.onlyFiles(c.dir, "credentials")
}

// shortToken gets a token that has expired by the local clock. The error has the times of both
// clocks, and there is no second request.
func shortToken(c *cell, w *world) {
	w.setClock(-10 * time.Minute)
	from := w.count()
	_, err := newClient(c, w).IDToken(c.Context(), idp.AudienceAWS)
	if !errors.Is(err, claims.ErrExpired) {
		c.Errorf("expired token: %v, want claims.ErrExpired", err)
	}
	if n := w.count() - from; n != 1 {
		c.Errorf("%d requests, want 1", n)
	}
	for _, at := range []time.Time{time.Now(), w.now()} {
		if text := at.UTC().Format("15:04"); !strings.Contains(fmt.Sprint(err), text) {
			c.Errorf("%v, want the times of both clocks, also %s", err, text)
		}
	}
	c.checkErrorOf(w, err)
	c.checkCleanup(w)
}
