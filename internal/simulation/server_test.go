package simulation

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// A weather is how the server behaves for a while.
type weather int

const (
	fine       weather = iota
	down               // fails at once
	slow               // takes up to a little more than the time of a refresh
	hangs              // does not answer until the context ends
	lateAnswer         // ignores the context and answers late
	refused            // refuses permanently
	throttled          // asks to come later
	stale              // answers with values that have expired
	flaky              // any of the others for each request
	panics             // the source panics
	noToken            // the token source fails
	noTokens           // the token source fails permanently
	badToken           // STS rejects the token
	oldToken           // STS says that the token has expired
	garbage            // STS answers with something else
	weathers           // number of them
)

func (w weather) String() string {
	return [...]string{"fine", "down", "slow", "hangs", "lateAnswer", "refused", "throttled", "stale", "flaky", "panics", "noToken", "noTokens", "badToken", "oldToken", "garbage"}[w]
}

// onlySTS reports whether the weather is about tokens or HTTP.
func (w weather) onlySTS() bool { return w >= noToken }

var (
	errDown    = errors.New("down")
	errRefused = errors.New("refused")
)

// A throttling is an error that asks for a pause.
type throttling time.Duration

func (throttling) Error() string { return "throttled" }

// A stsError is an error answer of STS.
type stsError string

func (e stsError) Error() string { return string(e) }

// A key is one value, such as a set of credentials.
type key struct {
	n        int
	life     time.Duration
	began    time.Time // of the request
	issued   time.Time
	end      time.Time // when the server ends it
	localEnd time.Time // when it ends by the local clock and what is known of the server's
	expires  time.Time // as the server says, by its clock
	jumps    int       // of the local clock, when it was issued

	invalidated time.Time // by a caller; zero if it was not
	rejected    bool      // by a service
}

// A role is one engine and the server's part of it.
type role struct {
	w       *world
	n       int
	subject subject
	rnd     *rand.Rand // of the server

	requests int       // under way
	count    int       // requests since the last result
	started  time.Time // arrival of the first of them
	keys     map[int]*key
	current  *key    // newest one that was accepted
	last     *result // nil before the first one
	refusal  time.Time
	unclear  time.Time   // end of the last request or refresh that began in bad weather
	failing  []time.Time // beginnings of refreshes after a temporary failure
	refusing []time.Time // the same after a permanent failure
}

// A result is the end of a refresh.
type result struct {
	at        time.Time
	key       *key // nil after a failure
	permanent bool
	valid     bool // a valid value was there when it failed
}

// request is one request to the server.
func (r *role) request(ctx context.Context) (*key, error) {
	w := r.w
	w.mu.Lock()
	r.arrive()
	kind := w.weather
	if kind == flaky {
		kind = weather(r.rnd.IntN(int(weathers)))
		if kind == flaky || kind == panics && w.plan.kind != "engine" || kind.onlySTS() && w.plan.kind == "engine" {
			kind = fine
		}
	}
	if kind == stale && w.plan.kind != "engine" && w.skew.Abs() > time.Minute {
		kind = garbage // with such a difference of the clocks, nobody can know that it is stale
	}
	latency := r.latency(kind)
	before, at, began := w.weather, w.clear, time.Now()
	w.note("role %d: request, %v, %v", r.n, kind, latency)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		r.requests--
		if before != fine || w.clear != at {
			r.unclear = time.Now()
		}
	}()

	switch kind {
	case lateAnswer:
		time.Sleep(latency)
	case hangs:
		<-ctx.Done()
		return nil, ctx.Err()
	default:
		t := time.NewTimer(latency)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return r.answer(kind, began)
}

func (r *role) latency(kind weather) time.Duration {
	short := min(1500*time.Millisecond, r.w.plan.timeout/10)
	switch kind {
	case slow:
		return between(r.rnd, 50*time.Millisecond, r.w.plan.timeout+r.w.plan.timeout/4)
	case lateAnswer:
		return between(r.rnd, time.Second, 5*time.Minute)
	}
	return between(r.rnd, time.Millisecond, short)
}

// answer returns a new key or the error of the weather.
func (r *role) answer(kind weather, began time.Time) (*key, error) {
	w := r.w
	w.mu.Lock()
	defer w.mu.Unlock()
	life := between(r.rnd, w.plan.life/2, w.plan.life)
	switch kind {
	case down:
		return nil, errDown
	case refused:
		return nil, errRefused
	case throttled:
		return nil, throttling(r.rnd.IntN(180)) * throttling(time.Second)
	case panics:
		panic("as planned")
	case badToken:
		return nil, stsError("InvalidIdentityToken")
	case oldToken:
		return nil, stsError("ExpiredTokenException")
	case garbage:
		return nil, stsError("")
	case lateAnswer:
		if often(r.rnd, 0.5) {
			return nil, errDown
		}
	case stale:
		life = -10 * time.Second
	}
	return r.issue(life, began), nil
}

// issue returns a new key.
func (r *role) issue(life time.Duration, began time.Time) *key {
	w, now := r.w, time.Now()
	k := &key{n: len(r.keys) + 1, began: began, issued: now, jumps: w.jumps}
	k.expires = now.Add(w.skew + life)
	if w.plan.seconds {
		k.expires = k.expires.Truncate(time.Second)
	}
	k.end = k.expires.Add(-w.skew)
	k.life = k.end.Sub(now)
	k.localEnd = k.end
	switch {
	case w.plan.kind == "engine":
	case w.skew.Abs() < time.Minute:
		k.localEnd = k.expires // a small difference of the clocks is not corrected
	default:
		k.localEnd = k.end.Add(time.Second) // a large one is, up to a second
	}
	r.keys[k.n] = k
	return k
}
