package simulation

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A plan has the constants of a world.
type plan struct {
	kind    string // engine, provider or pool
	roles   int
	rules   refresh.Rules
	life    time.Duration // of keys, about
	seconds bool          // expiries are whole seconds
	skew    time.Duration
	timeout time.Duration // of a refresh
	gate    time.Duration // longest wait at the gate; 0 without one

	callers      int
	pace         time.Duration // of each caller, about
	cancels      float64       // share of the calls that are canceled
	rejections   time.Duration // between two rejected keys, about
	runs         bool          // Run is used
	jumps        time.Duration // between two jumps, about; 0 means no jumps
	weathers     []weather
	weatherPace  time.Duration // between two changes, about
	weatherLimit time.Duration // longest bad weather

	slots int // of the pool
	rate  float64

	run    func(context.Context) // of a pool; nil otherwise
	shared func(time.Duration)   // makes what the roles of a pool share older; nil without it
}

// often returns true with the probability p.
func often(rnd *rand.Rand, p float64) bool { return rnd.Float64() < p }

func newPlan(rnd *rand.Rand, seed uint64) plan {
	p := plan{kind: "engine", roles: 1}
	switch seed % 8 {
	case 5, 6:
		p.kind = "provider"
	case 7:
		p.kind, p.roles = "pool", 2+rnd.IntN(4)
	}
	p.life = between(rnd, 30*time.Second, 12*time.Hour)
	if p.kind != "engine" {
		p.life = max(p.life, 6*time.Minute) // differences of the clocks up to a minute are not corrected
	}
	p.seconds = often(rnd, 0.5)
	p.timeout = refresh.DefaultAttemptTimeout
	if often(rnd, 0.5) {
		p.timeout = between(rnd, 3*time.Second, time.Minute)
		p.rules.AttemptTimeout = p.timeout
	}
	if often(rnd, 0.3) {
		p.rules.AdvisoryWindow = between(rnd, p.life/50, p.life)
	}
	p.rules.ServeExpired = often(rnd, 0.15)
	p.rules.KeepOnPermanent = often(rnd, 0.25)
	if often(rnd, 0.15) {
		p.rules.Backoff = func(int, time.Duration) time.Duration { return 4 * time.Second }
	}
	if often(rnd, 0.5) {
		p.rules.InvalidateLimit = 8
	}
	if p.kind == "engine" {
		p.rules.ForgetInvalid = often(rnd, 0.25)
		if often(rnd, 0.2) {
			p.rules.MinLife = between(rnd, time.Second, p.life)
		}
		if often(rnd, 0.35) {
			p.gate = between(rnd, 10*time.Millisecond, 30*time.Second)
		}
	} else if often(rnd, 0.5) {
		p.skew = between(rnd, time.Second, 3*time.Hour)
		if often(rnd, 0.5) {
			p.skew = -p.skew
		}
		if doubtful(p.skew) {
			p.skew *= 2
		}
	}
	p.slots, p.rate = 1+rnd.IntN(3), 0
	if often(rnd, 0.3) {
		p.rate = 0.5 + 2*rnd.Float64()
	}
	p.behavior(rnd)
	if p.rules.MinLife > p.life/2 {
		p.jumps = 0 // whether a value without MinLife is cached depends on the clock alone
	}
	return p
}

// behavior sets what callers and the outer world do.
func (p *plan) behavior(rnd *rand.Rand) {
	p.callers = 1 + rnd.IntN(5)
	p.pace = between(rnd, 20*time.Second, 10*time.Minute)
	p.cancels = []float64{0, 0.1, 0.5}[rnd.IntN(3)]
	p.rejections = between(rnd, 10*time.Minute, 12*time.Hour)
	p.runs = often(rnd, 0.5)
	if often(rnd, 0.5) {
		p.jumps = between(rnd, 10*time.Minute, 8*time.Hour)
	}
	for weather := down; weather < weathers; weather++ {
		if often(rnd, 0.6) && (p.kind != "engine" || !weather.onlySTS()) {
			p.weathers = append(p.weathers, weather)
		}
	}
	p.weatherPace = between(rnd, 2*time.Minute, 4*time.Hour)
	p.weatherLimit = between(rnd, time.Minute, 4*time.Hour)
}
