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

// A twist is how clocks come apart. A bubble's clock only goes forward, so what is set is the servers' clock: to the component it is the
// same whether they go ahead or its own machine falls behind.
type twist struct {
	name, how string
	ahead     time.Duration // of the servers' clock
	at        time.Duration // since the start
}

func twists() []twist {
	const off = 10 * time.Minute
	return []twist{
		{"servers' clock 10 min ahead", "from the start", off, 0},
		{"servers' clock 10 min behind", "from the start", -off, 0},
		{"local clock set back 10 min", "20 minutes after the first value", off, 20 * time.Minute},
		{"local clock set forward 10 min", "20 minutes after the first value", -off, 20 * time.Minute},
	}
}

func testClock(t *testing.T, r *report) {
	t.Helper()
	type play struct {
		column string
		run    func(*cell, *world, twist)
	}
	plays := []play{{keySet, keySetClock}, {tokenFile, tokenFileClock}, {credFile, credFileClock}}
	for _, c := range components() {
		if c.name != keySet {
			plays = append(plays, play{c.name, func(cl *cell, w *world, tw twist) { componentClock(cl, w, c, tw) }})
		}
	}
	for _, tw := range twists() {
		r.add(tw.name, tw.how)
		for _, p := range plays {
			t.Run(tw.name+"/"+p.column, func(t *testing.T) {
				t.Parallel()
				dir := quickDir(t)
				synctest.Test(t, func(t *testing.T) {
					r.cell(t, p.column, tw.name, dir, func(c *cell) {
						w := newWorld(t, inMemory, time.Hour)
						if tw.at == 0 {
							w.setClock(tw.ahead)
						}
						p.run(c, w, tw)
						c.leaveNothing(w)
					})
				})
			})
		}
	}
	t.Run("token shorter than the skew", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			r.cell(t, apiClient, twists()[1].name, "", func(c *cell) { shortToken(c, newWorld(t, inMemory, 5*time.Minute)) })
		})
	})
}

// componentClock asks for four hours. Every value must be good by the clock of who gave it out.
func componentClock(c *cell, w *world, co component, tw twist) {
	s := &scene{cell: c, component: co, world: w, subject: co.start(c, w)}
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
	if tw.at > 0 {
		hours(tw.at)
		w.setClock(tw.ahead)
	}
	from := s.count()
	if !s.keeps {
		s.step = 5 * time.Minute // there is nothing between two of its calls
	}
	hours(4 * time.Hour)
	if n := s.count() - from; s.keeps && n > 4*s.perHour {
		s.Errorf("%d requests in four hours", n)
	}
	if s.keeps {
		c.note("%d requests in four hours", s.count()-from)
	}
	if co.name != provider && co.name != providerToken {
		return // the others are told no time but the token's own
	}
	// With an outage on top of it the end comes, and it comes by the clock of STS.
	s.settle()
	id, err := s.ask(s.cold)
	if err != nil {
		s.Errorf("%v", err)
	}
	w.begin(fault{name: "503 storm", answer: page("text/html", 503, "<h1>503</h1>")}, s.host)
	end := s.endsAt(id).Add(-tw.ahead) // by the local clock
	s.until(end.Add(-30*time.Second), time.Time{}, func() {
		if _, err := s.ask(s.warm); err != nil {
			s.Errorf("%v before the end: %v", time.Until(end), err)
		}
	})
	time.Sleep(time.Until(end.Add(2 * time.Second))) // the servers' Date is in whole seconds
	if id, err := s.ask(s.cold); err == nil {
		s.Errorf("%s is handed out after its end", id)
	}
	w.end()
	s.repaired(id)
}

// keySetClock has keys and tokens by different clocks: the keys are used by the local one, and tokens are judged by it.
func keySetClock(c *cell, w *world, tw twist) {
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
	for twisted := tw.at == 0; time.Since(begin) < 4*time.Hour; time.Sleep(2 * time.Minute) {
		if !twisted && time.Since(begin) >= tw.at {
			twisted = true
			w.setClock(tw.ahead)
		}
		if _, err := v.Verify(c.Context(), w.iss.Token("deploy").Raw()); err != nil {
			c.Errorf("a token by the local clock: %v", err)
		}
		t := w.mint("deploy")
		_, err := v.Verify(c.Context(), t.Raw())
		ahead := t.Claims().IssuedAt.After(time.Now().Add(time.Minute))
		switch {
		case !ahead && err != nil:
			c.Errorf("a token by the servers' clock: %v", err)
		case ahead && !errors.Is(err, claims.ErrNotYetValid):
			c.Errorf("a token of ten minutes from now: %v, want claims.ErrNotYetValid", err)
		}
		c.checkErrorOf(w, err)
	}
	if n := w.count(); n > 4*10 {
		c.Errorf("%d requests in four hours", n)
	}
	c.note("%d requests in four hours", w.count())
}

// tokenFileClock keeps a file through it.
func tokenFileClock(c *cell, w *world, tw twist) {
	k := keep(c, w)
	time.Sleep(time.Minute)
	if tw.at > 0 {
		k.watch(tw.at, func(string, time.Time) {})
		w.setClock(tw.ahead)
	}
	k.fresh()
	k.finish()
}

// credFileClock writes credentials: the file has STS's own expiration.
func credFileClock(c *cell, w *world, tw twist) {
	p := newProvider(c, w, w.source())
	f, err := export.NewCredentialsFile(filepath.Join(c.dir, "credentials"), nil)
	if err != nil {
		c.Fatal(err)
	}
	if tw.at > 0 {
		if _, err := p.Credentials(c.Context()); err != nil {
			c.Errorf("%v", err)
		}
		time.Sleep(tw.at)
		w.setClock(tw.ahead)
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
		if errors.Is(err, export.ErrExpired) && tw.ahead < 0 {
			// They are good by STS's clock, for which the provider hands them out, and have ended by ours, which the readers of
			// the file go by. By now there are new ones.
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
			c.Errorf("the file says that %s expire at %q, STS says %s: %v", creds.AccessKeyID, got, want, err)
		}
	}
	c.note("20 writes, %d of them refused at first because the local clock says that the credentials have ended", again)
	c.onlyFiles(c.dir, "credentials")
}

// shortToken has the API give out what has ended by the local clock: an error that names both clocks, and no second request.
func shortToken(c *cell, w *world) {
	w.setClock(-10 * time.Minute)
	from := w.count()
	_, err := newClient(c, w).IDToken(c.Context(), idp.AudienceAWS)
	if !errors.Is(err, claims.ErrExpired) {
		c.Errorf("a token that has ended: %v, want claims.ErrExpired", err)
	}
	if n := w.count() - from; n != 1 {
		c.Errorf("%d requests for it", n)
	}
	for _, at := range []time.Time{time.Now(), w.now()} {
		if text := at.UTC().Format("15:04"); !strings.Contains(fmt.Sprint(err), text) {
			c.Errorf("%v, want both clocks in it, also %s", err, text)
		}
	}
	c.checkErrorOf(w, err)
	c.leaveNothing(w)
}
