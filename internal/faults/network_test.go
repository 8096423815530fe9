package faults_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onafed/onafed/idp/idptest"
)

// shortLife is the lifetime of tokens and credentials in these tests. With an hour they would take
// three times as long.
const shortLife = 20 * time.Minute

// testNetwork runs each component with each fault of the network, in a bubble.
func testNetwork(t *testing.T, r *report) {
	t.Helper()
	for _, f := range networkFaults(latency) {
		r.add(f.name, f.how)
		for _, c := range components() {
			t.Run(c.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				dir := quickDir(t)
				synctest.Test(t, func(t *testing.T) {
					r.cell(t, c.name, f.name, dir, func(cl *cell) {
						cl.life = shortLife
						w := newWorld(t, inMemory, shortLife)
						s := &trial{cell: cl, component: c, world: w, fault: f, subject: c.start(cl, w)}
						s.run()
						s.checkCleanup()
					})
				})
			})
		}
	}
}

// trial is a component with one fault.
type trial struct {
	*cell
	component
	*world
	fault   fault
	subject *subject

	waited  time.Duration // longest wait of a caller while a value was valid
	stalled time.Duration // longest wait of the other callers
	failed  int           // calls that failed
}

func (s *trial) run() {
	s.withoutValue()
	if !s.keeps {
		return
	}
	s.withValue()
	s.withoutFault()
}

// withoutValue begins the fault before the component has a value.
func (s *trial) withoutValue() {
	tolerated := s.fault.isTolerated(s.name)
	s.begin(s.fault, s.host)

	// A call returns when its context ends.
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.Context(), 100*time.Millisecond)
	_, err := s.subject.use(ctx)
	cancel()
	if took := time.Since(begin); took > 100*time.Millisecond {
		s.Errorf("a caller with a timeout of 100ms waited for %v", took)
	}
	s.checkError(err)
	s.settle()

	// A caller without a timeout gets a value or an error in time, with few requests.
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(s.step) {
		before := s.count()
		_, err := s.ask(s.cold)
		if tolerated != (err == nil) {
			s.Errorf("without a value: error %v, want an error: %v", err, !tolerated)
			break
		}
		if n := s.count() - before; n > s.perCall {
			s.Errorf("one call made %d requests, want at most %d", n, s.perCall)
		}
	}
	s.end()
	s.checkRecovery("")
}

// withValue begins the fault a minute after the component got a value, and ends it four minutes
// after the value expired.
func (s *trial) withValue() {
	tolerated := s.fault.isTolerated(s.name)
	s.settle()
	first, err := s.ask(s.cold)
	if err != nil {
		s.Errorf("without a fault: %v", err)
		return
	}
	end := s.endsAt(first)
	life := shortLife
	if s.name == keySet {
		life = maxStale
	}
	if left := time.Until(end); left > life || left < life/4 {
		s.Errorf("%v are left of the value %s, want at most %v", left, first, life)
	}
	s.settle()
	s.begin(s.fault, s.host)
	from, began := s.count(), time.Now()

	s.until(end.Add(-time.Minute), end, func() {
		if _, err := s.ask(s.warm); err != nil && time.Now().Before(end) {
			s.Errorf("%v before the value expired: %v", time.Until(end), err)
		}
	})
	s.callOften(s.warm)
	s.until(end.Add(-250*time.Millisecond), end, func() {
		if _, err := s.ask(s.warm); err != nil && time.Now().Before(end) {
			s.Errorf("%v before the value expired: %v", time.Until(end), err)
		}
	})
	s.checkRetryAfter(from, end)
	time.Sleep(time.Until(end) + time.Millisecond)
	if s.subject.changeValue != nil {
		s.subject.changeValue()
	}
	s.until(end.Add(4*time.Minute), time.Time{}, func() {
		id, err := s.ask(s.cold)
		switch {
		case tolerated && err != nil:
			s.Errorf("after the value expired: %v", err)
		case !tolerated && err == nil:
			s.Errorf("%s was returned %v after it expired", id, time.Since(end))
		case err != nil && s.subject.checkExpired != nil:
			if wrong := s.subject.checkExpired(err); wrong != nil {
				s.Errorf("after the value expired: %v", wrong)
			}
		}
	})
	s.callOften(s.cold)
	requests, took := s.count()-from, time.Since(began)
	if float64(requests) > 10+took.Seconds() {
		s.Errorf("%d requests in %v: too many", requests, took)
	}
	s.end()
	s.checkRecovery(first)
	s.note("%d requests in %v, longest wait %v before the expiry and %v after it", requests, took.Round(time.Minute), s.waited.Round(time.Millisecond), s.stalled.Round(time.Millisecond))
}

// callOften makes a hundred calls within a second. After a failure the component pauses for about a
// second, however many callers there are.
func (s *trial) callOften(limit time.Duration) {
	if s.name == credCache {
		return // it does not remember failures, because each call is another process
	}
	from, began := s.count(), time.Now()
	for range 100 {
		_, _ = s.ask(limit)
		time.Sleep(10 * time.Millisecond)
	}
	// The refresh that was running, and one for each second or part of a second.
	refreshes := 2 + int(time.Since(began)/time.Second)
	if n := s.count() - from; n > refreshes*s.perCall {
		s.Errorf("%d requests for a hundred calls in %v", n, time.Since(began))
	}
}

// withoutFault runs for an hour without a fault, which is three lifetimes.
func (s *trial) withoutFault() {
	s.settle()
	from := s.count()
	s.until(time.Now().Add(time.Hour), time.Time{}, func() {
		if _, err := s.ask(s.warm); err != nil {
			s.Errorf("without a fault: %v", err)
		}
	})
	if n := s.count() - from; n > 3*s.perHour {
		s.Errorf("%d requests in an hour without a fault", n)
	}
}

// until calls ask until the time stop. Shortly before end it calls more often.
func (s *trial) until(stop, end time.Time, ask func()) {
	for failed := s.bad; time.Now().Before(stop) && (failed || !s.bad); {
		ask()
		pause := s.step
		switch left := time.Until(end); {
		case end.IsZero() || s.name == keySet:
		case left < 15*time.Second:
			pause = 500 * time.Millisecond
		case left < 2*time.Minute:
			pause = min(pause, 5*time.Second)
		}
		time.Sleep(min(pause, max(time.Until(stop), time.Millisecond)))
	}
}

// settle waits for background work to end.
func (s *trial) settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// checkRecovery calls until the value differs from the old one.
func (s *trial) checkRecovery(old string) {
	begin := time.Now()
	for {
		id, err := s.ask(s.cold)
		if err == nil && id != old {
			break
		}
		if time.Since(begin) > s.recovery {
			s.Errorf("no new value %v after the fault: %q, %v", time.Since(begin), id, err)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	if took := time.Since(begin); took > s.recovery {
		s.Errorf("new value %v after the fault, want at most %v", took, s.recovery)
	}
}

// ask makes a call and checks the properties of every call: it returns in time, and the value is
// valid by the servers' clock.
func (s *trial) ask(limit time.Duration) (id string, err error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.Context(), limit+time.Minute) // so that a failing test ends
	defer cancel()
	id, err = s.subject.use(ctx)
	took := time.Since(begin)
	if took > limit {
		s.Errorf("a caller waited for %v, want at most %v: %v", took, limit, err)
	}
	if limit == s.cold {
		s.stalled = max(s.stalled, took)
	} else {
		s.waited = max(s.waited, took)
	}
	if err != nil {
		s.failed++
		s.checkError(err)
		return "", err
	}
	if end := s.endsAt(id); !s.localNow().Before(end) {
		s.Errorf("%s was returned %v after it expired", id, s.localNow().Sub(end))
	}
	return id, nil
}

// endsAt returns the expiry of a value.
func (s *trial) endsAt(id string) time.Time {
	if s.subject.end != nil {
		return s.subject.end(id)
	}
	end, ok := s.endOf(id)
	if !ok {
		s.Errorf("%q was never issued", id)
	}
	return end
}

// localNow returns the time of the clock that endsAt uses: the servers' clock, if a server set the
// expiry.
func (s *trial) localNow() time.Time {
	if s.subject.end != nil {
		return time.Now()
	}
	return s.now()
}

// checkRetryAfter checks that the component waited for Retry-After, as far as the remaining
// lifetime allows. A key set requests two documents, each with its own Retry-After.
func (s *trial) checkRetryAfter(from int, end time.Time) {
	if s.fault.retryAfter == 0 || !s.obeys {
		return
	}
	requests, _ := s.since(from)
	last := make(map[string]request)
	for _, req := range requests {
		before := last[req.host+req.path]
		last[req.host+req.path] = req
		gap := req.at.Sub(before.at)
		if before.faulty && gap < s.fault.retryAfter && end.Sub(before.at) > 10*s.fault.retryAfter {
			s.Errorf("next request %v after a Retry-After of %v", gap, s.fault.retryAfter)
			return
		}
	}
}

// checkErrorOf checks that an error shows no secret: in its text always, and with all verbs for the
// first few errors.
func (c *cell) checkErrorOf(w *world, err error) {
	if err == nil {
		return
	}
	secrets := w.recent()
	text := err.Error()
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) }) {
		c.Errorf("an error shows a secret")
	}
	if kind := text[:min(len(text), 40)]; !c.seen[kind] && len(c.seen) < 3 {
		c.seen[kind] = true
		for _, secret := range secrets[max(0, len(secrets)-2):] {
			idptest.AssertNoSecret(c, err, secret)
		}
		idptest.AssertNoSecret(c, err, w.bearer)
	}
}

func (s *trial) checkError(err error) { s.checkErrorOf(s.world, err) }

func (s *trial) checkCleanup() { s.cell.checkCleanup(s.world) }

// checkCleanup checks that no connection is open, and that the log shows no secret. A bubble does
// not end while it has goroutines.
func (c *cell) checkCleanup(w *world) {
	time.Sleep(2 * time.Minute) // for background work
	synctest.Wait()
	w.client.CloseIdleConnections()
	synctest.Wait()
	if n := w.open.Load(); n != 0 {
		c.Errorf("%d connections are still open", n)
	}
	log := w.log.String()
	w.mu.Lock()
	secrets := append([]string{w.bearer}, w.secrets[:min(len(w.secrets), 20)]...)
	secrets = append(secrets, w.secrets[max(0, len(w.secrets)-20):]...)
	w.mu.Unlock()
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(log, s) }) {
		c.Errorf("the log shows a secret")
	}
}
