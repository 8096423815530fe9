package simulation

import (
	"context"
	"errors"
	"time"
)

// maxWait is how long a call waits while there is a valid value.
const maxWait = time.Second

// slack is for the rounding of times.
const slack = time.Millisecond

// ended returns until when the value is used.
func (r *role) ended(k *key) time.Time { return k.localEnd.Add(-r.w.plan.rules.MinLife) }

// valid reports whether k is valid at that time.
func (r *role) valid(k *key, at time.Time) bool {
	return k != nil && k.invalidated.IsZero() && at.Before(r.ended(k))
}

// arrive checks a request when it arrives. The caller holds mu.
func (r *role) arrive() {
	w, now := r.w, time.Now()
	w.sum.Requests++
	r.requests++
	if r.requests > 1 {
		w.problem("role %d: %d requests at a time", r.n, r.requests)
	}
	r.count++
	if r.count > 6 {
		w.problem("role %d: %d requests in a refresh", r.n, r.count)
	}
	if r.count == 1 {
		r.start(now)
	}
}

// start checks the time between the last result and the next refresh. The caller holds mu.
func (r *role) start(now time.Time) {
	w, last := r.w, r.last
	w.sum.Refreshes++
	r.started = now
	if last == nil || !w.jumped.Before(last.at) {
		return
	}
	var least time.Duration
	gap, k := now.Sub(last.at), r.current
	switch {
	case k != nil && k.invalidated.After(last.at):
		return
	case last.permanent && last.valid && w.plan.rules.KeepOnPermanent:
		return // the pause ends with the time for which the value is kept
	case last.permanent:
		least = time.Second
		r.refusing = r.bounded(r.refusing, now, 1900)
	case last.key != nil:
		end := r.ended(k)
		if !now.Before(end) || !w.jumped.Before(k.began) {
			return
		}
		least = max(end.Sub(last.at)/8, end.Sub(last.at)-longestWindow(w.plan.rules.AdvisoryWindow, k.localEnd.Sub(k.began)+w.plan.timeout))
	case k == nil:
		return // a first refresh that failed is repeated by the next call
	case w.plan.rules.Backoff != nil:
		least = 4 * time.Second
	case last.valid && !now.Before(r.ended(k)):
		return // the backoff ended with the value
	default:
		least = time.Second
		if last.valid {
			least = min(least, k.life*9/600)
		}
		r.failing = r.bounded(r.failing, now, 900)
	}
	if gap < least-w.plan.uncertain()-slack {
		w.problem("role %d: a refresh %v after the last result, want at least %v", r.n, gap, least)
	}
}

// bounded adds a time, and checks that there are at most limit in an hour.
func (r *role) bounded(times []time.Time, now time.Time, limit int) []time.Time {
	times = append(times, now)
	for now.Sub(times[0]) > time.Hour {
		times = times[1:]
	}
	if len(times) > limit {
		r.w.problem("role %d: %d refreshes in an hour", r.n, len(times))
		return nil
	}
	return times
}

// longestWindow returns the longest advisory window of a life.
func longestWindow(exact, life time.Duration) time.Duration {
	if exact > 0 {
		return min(exact, life*9/10)
	}
	w := 75 * time.Minute
	switch {
	case life <= 20*time.Minute:
		w = 6*time.Minute + 15*time.Second
	case life < 89*time.Minute:
		w = 18*time.Minute + 45*time.Second
	}
	return min(w, life/2)
}

// settled notes the result of a refresh; n is zero after a failure.
func (r *role) settled(n int, permanent bool) {
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.note("role %d: result: key %d, permanent %v", r.n, n, permanent)
	r.last = &result{at: now, key: r.keys[n], permanent: permanent, valid: r.valid(r.current, now)}
	if r.count == 0 || r.started.Before(w.clear) || w.clear.IsZero() {
		r.unclear = now
	}
	r.count = 0
	switch {
	case r.last.key != nil:
		r.current = r.last.key
	case permanent:
		w.sum.Permanent++
		r.refusal = now
	default:
		w.sum.Temporary++
	}
}

// A call is what was known when a call began.
type call struct {
	began   time.Time
	current *key
	valid   bool
	last    *result
	jumps   int
}

// call makes a call and checks its result. It returns the key; nil after an error.
func (r *role) call(ctx context.Context) *key {
	w := r.w
	w.mu.Lock()
	c := call{began: time.Now(), current: r.current, last: r.last, jumps: w.jumps}
	c.valid = r.valid(r.current, c.began)
	w.mu.Unlock()
	n, err := r.subject.call(ctx)
	ended, ctxErr := time.Now(), ctx.Err()
	time.Sleep(time.Nanosecond) // everything else of this instant happens before the checks

	w.mu.Lock()
	defer w.mu.Unlock()
	took := ended.Sub(c.began)
	w.note("role %d: call: key %d, error %v, after %v", r.n, n, err != nil, took)
	w.sum.Calls++
	if took > 0 {
		w.sum.Waited++
	}
	r.checkWait(&c, ended, ctxErr)
	if err != nil {
		if ctxErr != nil && errors.Is(err, ctxErr) {
			w.sum.Canceled++
			return nil
		}
		w.sum.Failed++
		r.checkError(&c, ended, err)
		return nil
	}
	k := r.keys[n]
	if k == nil {
		w.problem("role %d: a call returned key %d, which does not exist", r.n, n)
		return nil
	}
	r.checkValue(&c, k, ended)
	return k
}

// checkWait checks how long a call waited.
func (r *role) checkWait(c *call, ended time.Time, ctxErr error) {
	w, took := r.w, ended.Sub(c.began)
	if c.valid && c.jumps == w.jumps && c.current.invalidated.IsZero() && r.ended(c.current).After(c.began.Add(maxWait+w.plan.uncertain())) && took > maxWait+slack {
		w.problem("role %d: a call waited %v while key %d was valid for %v", r.n, took, c.current.n, r.ended(c.current).Sub(c.began))
	}
	if w.plan.kind != "pool" && took > w.plan.timeout+w.plan.gate+slack {
		w.problem("role %d: a call waited %v, longer than a refresh (context: %v)", r.n, took, ctxErr)
	}
}

// checkError checks whether a call may fail.
func (r *role) checkError(c *call, ended time.Time, err error) {
	w, k := r.w, r.current
	refused := c.last != nil && c.last.permanent || !r.refusal.Before(c.began)
	usable := k != nil && k == c.current && ended.Before(r.ended(k).Add(-w.plan.uncertain())) && (k.invalidated.IsZero() || !w.plan.rules.ForgetInvalid)
	if usable && !refused {
		w.problem("role %d: a call failed although key %d was valid: %v", r.n, k.n, err)
	}
	if w.clear.IsZero() || r.requests > 0 && r.started.Before(w.clear) {
		return
	}
	from := w.clear
	if r.unclear.After(from) {
		from = r.unclear
	}
	// While the next attempt runs, callers that can have the value wait a second for it.
	answered := c.last == nil || !c.last.permanent || !r.subject.status().refreshing
	if late := c.began.Sub(from); late > w.plan.repair()+slack && answered && w.jumped.Before(w.clear) {
		w.problem("role %d: a call failed %v after the repair: %v", r.n, late, err)
	}
}

// uncertain returns how far the expiry of a key by the local clock may be from localEnd: the server's
// clock is known from a header with whole seconds.
func (p *plan) uncertain() time.Duration {
	if p.kind == "engine" {
		return 0
	}
	return 2 * time.Second
}

// repair returns how long after the repair and the end of the attempt under way calls may fail.
func (p *plan) repair() time.Duration { return 15*time.Second + p.gate }

// checkValue checks whether a call may return the key.
func (r *role) checkValue(c *call, k *key, ended time.Time) {
	w := r.w
	failing := r.last != nil && r.last.key == nil && !r.last.permanent
	stale := w.plan.rules.ServeExpired && failing
	// A call that waited has the state of its beginning, which only the real clock makes older.
	unknown := c.jumps != w.jumps && (raceDetector || r.last != c.last || k.invalidated.After(c.began))
	if !ended.Before(k.localEnd) && !stale && !unknown {
		w.problem("role %d: key %d was returned %v after its expiry", r.n, k.n, ended.Sub(k.localEnd))
	}
	if k.jumps == w.jumps && ended.Sub(k.end) > time.Minute+2*time.Second && !stale {
		w.problem("role %d: key %d was returned %v after its expiry at the server", r.n, k.n, ended.Sub(k.end))
	}
	if c.current != nil && k.n < c.current.n {
		w.problem("role %d: key %d was returned after key %d", r.n, k.n, c.current.n)
	}
	if c.last != nil && c.last.permanent && r.last == c.last && (!w.plan.rules.KeepOnPermanent || !ended.Before(k.localEnd)) {
		w.problem("role %d: key %d was returned after a permanent failure", r.n, k.n)
	}
	if !k.invalidated.IsZero() && k.invalidated.Before(c.began) && (w.plan.rules.ForgetInvalid || !failing) {
		w.problem("role %d: key %d was returned after it was invalidated", r.n, k.n)
	}
}

// invalidate calls Invalidate for the key, and notes whether it was marked.
func (r *role) invalidate(k *key) {
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if r.subject.invalidate(k.n) {
		k.invalidated = time.Now()
		w.sum.Invalidated++
	}
	w.note("role %d: Invalidate key %d: %v", r.n, k.n, !k.invalidated.IsZero())
}

// checkStatus checks the status, and that Run is not late. It must not be called at an instant at which
// something else happens.
func (r *role) checkStatus() {
	w, now := r.w, time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	st := r.subject.status()
	near := r.current != nil && now.Sub(r.ended(r.current)).Abs() < w.plan.uncertain()
	if want := r.valid(r.current, now); st.valid != want && r.current != nil && !near {
		w.problem("role %d: Status.Valid = %v, want %v: key %d ends in %v", r.n, st.valid, want, r.current.n, r.ended(r.current).Sub(now))
	}
	if failing := r.last != nil && r.last.key == nil; (st.failures > 0) != failing {
		w.problem("role %d: %d failures in Status, want some: %v", r.n, st.failures, failing)
	}
	const late = 2 * time.Second
	if w.plan.kind == "pool" || w.running.IsZero() || now.Sub(w.running) < late || st.refreshing || now.Sub(w.jumped) < time.Minute+late {
		return
	}
	if due := r.runDue(st, now); now.Sub(due) > late {
		w.problem("role %d: Run is %v late: %+v", r.n, now.Sub(due), st)
	}
}

// runDue returns when Run must start the next refresh at the latest.
func (r *role) runDue(st status, now time.Time) time.Time {
	k, last := r.current, r.last
	switch {
	case last == nil:
		return r.w.running
	case last.key == nil && last.permanent:
		if r.w.jumped.After(last.at) {
			return r.w.jumped.Add(5 * time.Minute)
		}
		return last.at.Add(5 * time.Minute)
	case k == nil:
		return last.at.Add(15 * time.Second)
	}
	due := r.ended(k)
	if r.valid(k, now) {
		due = st.advisory
	} else if !k.invalidated.IsZero() {
		due = k.invalidated
	}
	if last.key == nil && st.retryAt.After(due) {
		due = st.retryAt
	}
	if first := last.at.Add(100 * time.Millisecond); first.After(due) {
		due = first
	}
	return due
}
