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

// shortLife is the life of tokens and credentials in these tests. An hour's would take three times as long to play.
const shortLife = 20 * time.Minute

// testNetwork takes each component through each fault of the network, in a bubble.
func testNetwork(t *testing.T, r *report) {
	t.Helper()
	for _, f := range networkFaults(late) {
		r.add(f.name, f.how)
		for _, c := range components() {
			t.Run(c.name+"/"+f.name, func(t *testing.T) {
				t.Parallel()
				dir := quickDir(t)
				synctest.Test(t, func(t *testing.T) {
					r.cell(t, c.name, f.name, dir, func(cl *cell) {
						cl.life = shortLife
						w := newWorld(t, inMemory, shortLife)
						s := &scene{cell: cl, component: c, world: w, fault: f, subject: c.start(cl, w)}
						s.play()
						s.leaveNothing()
					})
				})
			})
		}
	}
}

// A scene is a component under one fault.
type scene struct {
	*cell
	component
	*world
	fault   fault
	subject *subject

	waited  time.Duration // longest wait of a caller who could have been served
	stalled time.Duration // longest wait of the others
	failed  int           // calls that failed
}

func (s *scene) play() {
	s.fromTheStart()
	if !s.keeps {
		return
	}
	s.whileValid()
	s.healthy()
}

// fromTheStart has the fault there before anything was fetched.
func (s *scene) fromTheStart() {
	passes := s.fault.passable(s.name)
	s.begin(s.fault, s.host)

	// A caller who gives up after a moment is let go then.
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.Context(), 100*time.Millisecond)
	_, err := s.subject.use(ctx)
	cancel()
	if took := time.Since(begin); took > 100*time.Millisecond {
		s.Errorf("a caller with 100ms to wait waited for %v", took)
	}
	s.checkError(err)
	s.settle()

	// One with patience gets an answer or an error in time, with few requests.
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(s.step) {
		before := s.count()
		_, err := s.ask(s.cold)
		if passes != (err == nil) {
			s.Errorf("before anything was fetched: error %v, want one: %v", err, !passes)
			break
		}
		if n := s.count() - before; n > s.perCall {
			s.Errorf("one call made %d requests, want at most %d", n, s.perCall)
		}
	}
	s.end()
	s.repaired("")
}

// whileValid has the fault begin a minute after the component got a value, and end four minutes after the value's end.
func (s *scene) whileValid() {
	passes := s.fault.passable(s.name)
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
		s.Errorf("%v are left of %s, want some of %v", left, first, life)
	}
	s.settle()
	s.begin(s.fault, s.host)
	from, began := s.count(), time.Now()

	s.until(end.Add(-time.Minute), end, func() {
		if _, err := s.ask(s.warm); err != nil && time.Now().Before(end) {
			s.Errorf("%v before the value's end: %v", time.Until(end), err)
		}
	})
	s.hammer(s.warm)
	s.until(end.Add(-250*time.Millisecond), end, func() {
		if _, err := s.ask(s.warm); err != nil && time.Now().Before(end) {
			s.Errorf("%v before the value's end: %v", time.Until(end), err)
		}
	})
	s.leftAlone(from, end)
	time.Sleep(time.Until(end) + time.Millisecond)
	if s.subject.turn != nil {
		s.subject.turn()
	}
	s.until(end.Add(4*time.Minute), time.Time{}, func() {
		id, err := s.ask(s.cold)
		switch {
		case passes && err != nil:
			s.Errorf("after the value's end: %v", err)
		case !passes && err == nil:
			s.Errorf("%s is handed out %v after its end", id, time.Since(end))
		case err != nil && s.subject.late != nil:
			if wrong := s.subject.late(err); wrong != nil {
				s.Errorf("after the value's end: %v", wrong)
			}
		}
	})
	s.hammer(s.cold)
	requests, took := s.count()-from, time.Since(began)
	if float64(requests) > 10+took.Seconds() {
		s.Errorf("%d requests in %v: that is a loop", requests, took)
	}
	s.end()
	s.repaired(first)
	s.note("%d requests in %v, longest wait %v while valid and %v after", requests, took.Round(time.Minute), s.waited.Round(time.Millisecond), s.stalled.Round(time.Millisecond))
}

// hammer calls a hundred times within a second: after a failure there is a pause of about a second at the least, whoever calls.
func (s *scene) hammer(limit time.Duration) {
	if s.name == credCache {
		return // it has no memory of failures: each of its calls is another process
	}
	from, began := s.count(), time.Now()
	for range 100 {
		_, _ = s.ask(limit)
		time.Sleep(10 * time.Millisecond)
	}
	// What was under way, and one flight for each second or part of one.
	flights := 2 + int(time.Since(began)/time.Second)
	if n := s.count() - from; n > flights*s.perCall {
		s.Errorf("%d requests for a hundred calls in %v", n, time.Since(began))
	}
}

// healthy lets an hour pass without a fault: three lives.
func (s *scene) healthy() {
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

// until asks again and again. Towards the end it asks more often.
func (s *scene) until(stop, end time.Time, ask func()) {
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

// settle lets what runs behind the callers end.
func (s *scene) settle() {
	time.Sleep(time.Minute)
	synctest.Wait()
}

// repaired asks until there is an answer other than the old one.
func (s *scene) repaired(old string) {
	begin := time.Now()
	for {
		id, err := s.ask(s.cold)
		if err == nil && id != old {
			break
		}
		if time.Since(begin) > s.repair {
			s.Errorf("no new value %v after the fault: %q, %v", time.Since(begin), id, err)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
	if took := time.Since(begin); took > s.repair {
		s.Errorf("a new value %v after the fault, want at most %v", took, s.repair)
	}
}

// ask makes a call, and checks what must hold for every one: it ends in time, and what it hands out is good now by the servers' clock.
func (s *scene) ask(limit time.Duration) (id string, err error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(s.Context(), limit+time.Minute) // so that a test which fails ends
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
		s.Errorf("%s is handed out %v after its end", id, s.localNow().Sub(end))
	}
	return id, nil
}

// endsAt is when a value ends.
func (s *scene) endsAt(id string) time.Time {
	if s.subject.end != nil {
		return s.subject.end(id)
	}
	end, ok := s.endOf(id)
	if !ok {
		s.Errorf("%q was never given out", id)
	}
	return end
}

// localNow is the clock by which endsAt is meant: the servers' where a server set the end.
func (s *scene) localNow() time.Time {
	if s.subject.end != nil {
		return time.Now()
	}
	return s.now()
}

// leftAlone checks that a server which asked to be left alone was, as far as the life that is left allows. Of a key set's two documents
// one may be there when the other is not, so each is asked for.
func (s *scene) leftAlone(from int, end time.Time) {
	if s.fault.retryAfter == 0 || !s.obeys {
		return
	}
	hits, _ := s.since(from)
	last := make(map[string]hit)
	for _, h := range hits {
		before := last[h.host+h.path]
		last[h.host+h.path] = h
		gap := h.at.Sub(before.at)
		if before.spoiled && gap < s.fault.retryAfter && end.Sub(before.at) > 10*s.fault.retryAfter {
			s.Errorf("asked again %v after Retry-After: %v", gap, s.fault.retryAfter)
			return
		}
	}
}

// checkErrorOf looks for secrets in an error: in its text always, in every way to print it for the first few.
func (c *cell) checkErrorOf(w *world, err error) {
	if err == nil {
		return
	}
	secrets := w.recent()
	text := err.Error()
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(text, s) }) {
		c.Errorf("an error has a secret in it")
	}
	if kind := text[:min(len(text), 40)]; !c.seen[kind] && len(c.seen) < 3 {
		c.seen[kind] = true
		for _, secret := range secrets[max(0, len(secrets)-2):] {
			idptest.AssertNoSecret(c, err, secret)
		}
		idptest.AssertNoSecret(c, err, w.bearer)
	}
}

func (s *scene) checkError(err error) { s.checkErrorOf(s.world, err) }

// leaveNothing checks that nothing is left behind but what the caller made: the bubble itself would not end with a goroutine in it.
func (s *scene) leaveNothing() { s.cell.leaveNothing(s.world) }

func (c *cell) leaveNothing(w *world) {
	time.Sleep(2 * time.Minute) // whatever was under way
	synctest.Wait()
	w.client.CloseIdleConnections()
	synctest.Wait()
	if n := w.open.Load(); n != 0 {
		c.Errorf("%d connections are left open", n)
	}
	log := w.log.String()
	w.mu.Lock()
	secrets := append([]string{w.bearer}, w.secrets[:min(len(w.secrets), 20)]...)
	secrets = append(secrets, w.secrets[max(0, len(w.secrets)-20):]...)
	w.mu.Unlock()
	if slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(log, s) }) {
		c.Errorf("the log has a secret in it")
	}
}
