package refresh

// In the package itself: decide takes a record, which is not exported.

import (
	"slices"
	"testing"
	"time"
)

// base is the arrival of the values.
var base = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// hour returns the record of a value that arrived at base and lives for an hour, with an advisory
// window of exactly 15 minutes.
func hour(t *testing.T) record {
	t.Helper()
	var r record
	if !r.succeed(base, base, base.Add(time.Hour), 0, 15*time.Minute, 0) {
		t.Fatal("succeed = false")
	}
	return r
}

func failedAt(r record, at, pause time.Duration, permanent bool) record {
	now := base.Add(at).UnixNano()
	r.fail(now, nil, permanent)
	r.failure.retryAt = now + int64(pause)
	return r
}

func invalidated(r record, at time.Duration) record {
	r.invalidate(base.Add(at).UnixNano())
	return r
}

type decideCase struct {
	name  string
	rec   record
	rules Rules
	steps []step
}

// A step is the decision at a time since base.
type step struct {
	at   time.Duration
	want action
}

const (
	s = time.Second
	m = time.Minute
	h = time.Hour
)

// exactly returns the record with a backoff that was chosen by Rules.Backoff.
func exactly(r record) record {
	f := *r.failure
	f.exact = true
	r.failure = &f
	return r
}

func TestDecide(t *testing.T) {
	t.Parallel()
	ok := hour(t)
	for _, tt := range slices.Concat(validCases(ok), failureCases(ok), permanentCases(ok), invalidatedCases(ok), serveExpiredCases(ok)) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, st := range tt.steps {
				if got := decide(base.Add(st.at).UnixNano(), &tt.rec, &tt.rules); got != st.want {
					t.Errorf("decide(base%+v) = %v, want %v", st.at, got, st.want)
				}
			}
		})
	}
}

func validCases(ok record) []decideCase {
	return []decideCase{
		{"nothing known waits", record{}, Rules{}, []step{{0, wait}, {-h, wait}, {h, wait}}},
		{"each window begins and ends sharply", ok, Rules{}, []step{
			{0, serve},
			{45*m - 1, serve},
			{45 * m, serveAndRefresh},
			{59*m - 1, serveAndRefresh},
			{59 * m, join},
			{h - 1, join},
			{h, wait},
			{8 * h, wait},
		}},
		{"NTP steps a clock back a little", ok, Rules{}, []step{{-m, serve}, {-s, serve}}},
		{"a clock that was set back", ok, Rules{}, []step{{-m - 1, serveAndRefresh}, {-24 * h, serveAndRefresh}}},
		{"a clock that was set forward", ok, Rules{}, []step{{24 * h, wait}}},
		{"a suspension beyond the expiry", ok, Rules{ServeExpired: true}, []step{{9 * h, wait}}},
	}
}

func failureCases(ok record) []decideCase {
	return []decideCase{
		{"a failure in the advisory window, then a backoff", failedAt(ok, 46*m, 10*s, false), Rules{}, []step{
			{46 * m, serve},
			{46*m + 10*s - 1, serve},
			{46*m + 10*s, serveAndRefresh},
			{59 * m, serveAndRefresh},
			{h - 1, serveAndRefresh},
		}},
		{"after a failure callers do not wait in the mandatory window", failedAt(ok, 59*m, 10*s, false), Rules{}, []step{
			{59*m + 1, serve}, {59*m + 10*s, serveAndRefresh},
		}},
		{"a backoff measured by the remaining life ends with it", failedAt(ok, h-s/2, s, false), Rules{}, []step{
			{h - 1, serve}, {h, wait}, {h + s/4, wait},
		}},
		{"a backoff by option does not", exactly(failedAt(ok, h-s/2, s, false)), Rules{}, []step{
			{h - 1, serve}, {h, fail}, {h + s/2 - 1, fail}, {h + s/2, wait},
		}},
		{"after the expiry the error is remembered for the backoff", failedAt(ok, h+m, 10*s, false), Rules{}, []step{
			{h + m, fail}, {h + m + 10*s - 1, fail}, {h + m + 10*s, wait},
		}},
		{"a backoff from before a step back has ended", failedAt(ok, h+m, 10*s, false), Rules{}, []step{
			{h + m - s, fail}, {h + m - s - 1, wait},
		}},
		{"a failed first fetch is repeated at once", failedAt(record{}, 0, 0, false), Rules{}, []step{{0, wait}, {s, wait}}},
		{"a failed first fetch is repeated whatever the option says", exactly(failedAt(record{}, 0, h, false)), Rules{}, []step{{0, wait}}},
	}
}

func permanentCases(ok record) []decideCase {
	return []decideCase{
		{"a permanent failure is returned and remembered, then callers wait", failedAt(ok, 46*m, 3*s, true), Rules{}, []step{
			{46 * m, fail}, {46*m + 3*s - 1, fail}, {46*m + 3*s, wait}, {50 * m, wait},
		}},
		{"a permanent failure of the first fetch is remembered", failedAt(record{}, 0, 3*s, true), Rules{}, []step{{0, fail}, {3*s - 1, fail}, {3 * s, wait}}},
		{"a permanent failure after the expiry is remembered", failedAt(ok, h, 3*s, true), Rules{ServeExpired: true}, []step{{h, fail}, {h + 3*s, wait}}},
		{"KeepOnPermanent serves until the mandatory window", failedAt(ok, 46*m, 3*s, true), Rules{KeepOnPermanent: true}, []step{
			{46 * m, serve}, {46*m + 3*s, serveAndRefresh}, {59*m - 1, serveAndRefresh}, {59 * m, wait}, {h, wait},
		}},
		{"KeepOnPermanent does not serve in the mandatory window", failedAt(ok, 59*m, 3*s, true), Rules{KeepOnPermanent: true}, []step{
			{59 * m, fail}, {59*m + 3*s, wait},
		}},
		{"KeepOnPermanent remembers a failure for 5 seconds after the value expired", failedAt(ok, h-2*s, m, true), Rules{KeepOnPermanent: true}, []step{
			{h - 1, fail}, {h + 3*s - 1, fail}, {h + 3*s, wait},
		}},
	}
}

func invalidatedCases(ok record) []decideCase {
	return []decideCase{
		{"callers wait after Invalidate", invalidated(ok, 10*m), Rules{ServeExpired: true}, []step{
			{9 * m, wait}, {10 * m, wait}, {30 * m, wait}, {2 * h, wait},
		}},
		{"after a failure an invalidated value is the last resort", failedAt(invalidated(ok, 10*m), 11*m, 5*s, false), Rules{}, []step{
			{11 * m, serve}, {11*m + 5*s - 1, serve}, {11*m + 5*s, join}, {h - 1, join}, {h, wait},
		}},
		{"an invalidated value that has expired is not", failedAt(invalidated(ok, 10*m), h-s, 5*s, false), Rules{}, []step{
			{h - 1, serve}, {h, fail}, {h + 4*s, wait},
		}},
		{"with ServeExpired it is", failedAt(invalidated(ok, 10*m), h-s, 5*s, false), Rules{ServeExpired: true}, []step{
			{h, serve}, {h + 4*s, join},
		}},
		{"with ForgetInvalid it is not", failedAt(invalidated(ok, 10*m), 11*m, 5*s, false), Rules{ForgetInvalid: true, ServeExpired: true}, []step{
			{11 * m, fail}, {11*m + 5*s, wait},
		}},
		{"a refusal takes the last resort", failedAt(invalidated(ok, 10*m), 11*m, 5*s, true), Rules{KeepOnPermanent: true, ServeExpired: true}, []step{
			{11 * m, fail}, {11*m + 5*s, wait},
		}},
		{"the clock was set back after Invalidate", failedAt(invalidated(ok, 10*m), 5*m, 5*s, false), Rules{ForgetInvalid: true}, []step{
			{5 * m, fail}, {5*m + 5*s, wait},
		}},
		{"Invalidate ends a backoff that KeepOnPermanent made long", invalidated(failedAt(ok, 46*m, 4*m, true), 47*m), Rules{KeepOnPermanent: true}, []step{
			{46*m + 4*s, fail}, {47 * m, wait},
		}},
		{"Invalidate does not end a backoff", invalidated(failedAt(ok, 46*m, m, false), 46*m+s), Rules{}, []step{
			{46*m + s, serve}, {47*m - 1, serve}, {47 * m, wait},
		}},
		{"with ForgetInvalid it does", invalidated(failedAt(ok, 46*m, m, false), 46*m+s), Rules{ForgetInvalid: true}, []step{
			{46*m + s, wait},
		}},
		{"with ForgetInvalid it does not end a backoff by option", exactly(invalidated(failedAt(ok, 46*m, m, false), 46*m+s)), Rules{ForgetInvalid: true}, []step{
			{46*m + s, fail}, {47 * m, wait},
		}},
	}
}

func serveExpiredCases(ok record) []decideCase {
	return []decideCase{
		{"ServeExpired waits for one refresh after the expiry", failedAt(ok, 46*m, 3*s, false), Rules{ServeExpired: true}, []step{{h, wait}}},
		{"ServeExpired serves during a backoff by option beyond the expiry", exactly(failedAt(ok, 55*m, 10*m, false)), Rules{ServeExpired: true}, []step{
			{h, serve}, {65*m - 1, serve}, {65 * m, wait},
		}},
		{"ServeExpired does not serve after a permanent failure", failedAt(ok, h-s, 3*s, true), Rules{ServeExpired: true}, []step{
			{h, fail}, {h + 2*s, wait},
		}},
		{"ServeExpired serves after a failure after the expiry", failedAt(ok, h+m, 10*s, false), Rules{ServeExpired: true}, []step{
			{h + m, serve}, {h + m + 10*s, join}, {9 * h, join},
		}},
	}
}

// decide returns serve while a value is fresh.
func TestFreshnessAgreesWithDecide(t *testing.T) {
	t.Parallel()
	lives := []time.Duration{time.Second, time.Minute, 15 * time.Minute, time.Hour, 12 * time.Hour}
	for _, life := range lives {
		for _, minLife := range []time.Duration{0, life / 2, life, 2 * life} {
			var r record
			if !r.succeed(base, base, base.Add(life), minLife, 0, 0.5) {
				t.Fatalf("succeed(%v) = false", life)
			}
			for _, rec := range []record{r, invalidated(r, life/4), failedAt(r, life/4, time.Second, true), failedAt(r, life/4, time.Second, false)} {
				length := rec.freshness()
				at := base.Add(-2 * time.Minute)
				for range 500 {
					now := at.UnixNano()
					if fresh(now, rec.obtained, length) && decide(now, &rec, &Rules{}) != serve {
						t.Errorf("life %v, MinLife %v: fresh at base%+v, but decide = %v", life, minLife, at.Sub(base), decide(now, &rec, &Rules{}))
						break
					}
					at = at.Add((life + 4*time.Minute) / 500)
				}
			}
			if minLife == 0 && !fresh(base.UnixNano(), r.obtained, r.freshness()) {
				t.Errorf("life %v: not fresh on arrival", life)
			}
		}
	}
}

func TestSucceed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name                      string
		start, expiry             time.Duration // since base; expiry -1 means no value
		minLife, window           time.Duration
		ok                        bool
		advise, mandatory, expire time.Duration
	}{
		{"an hour", 0, time.Hour, 0, 0, true, 45 * time.Minute, 59 * time.Minute, time.Hour},
		{"an hour cut to seconds", 0, time.Hour - 900*time.Millisecond, 0, 0, true, 45*time.Minute - 900*time.Millisecond, 59*time.Minute - 900*time.Millisecond, time.Hour - 900*time.Millisecond},
		{"a second", 0, time.Second, 0, 0, true, time.Second / 2, 900 * time.Millisecond, time.Second},
		{"twelve hours", 0, 12 * time.Hour, 0, 0, true, 11 * time.Hour, 12*time.Hour - time.Minute, 12 * time.Hour},
		{"twenty minutes", 0, 20 * time.Minute, 0, 0, true, 15 * time.Minute, 19 * time.Minute, 20 * time.Minute},
		{"over twenty minutes", 0, 21 * time.Minute, 0, 0, true, 630 * time.Second, 20 * time.Minute, 21 * time.Minute},
		{"below ninety minutes", 0, 89 * time.Minute, 0, 0, true, 74 * time.Minute, 88 * time.Minute, 89 * time.Minute},
		{"ninety minutes", 0, 90 * time.Minute, 0, 0, true, 45 * time.Minute, 89 * time.Minute, 90 * time.Minute},
		{"an exact window", 0, time.Hour, 0, 40 * time.Minute, true, 20 * time.Minute, 59 * time.Minute, time.Hour},
		{"an exact window shorter than the mandatory one", 0, time.Hour, 0, 10 * time.Second, true, time.Hour - 10*time.Second, time.Hour - 10*time.Second, time.Hour},
		{"an exact window longer than the life", 0, 15 * time.Minute, 0, time.Hour, true, 112500 * time.Millisecond, 840 * time.Second, 15 * time.Minute},
		{"late in its life", -50 * time.Minute, 10 * time.Minute, 0, 0, true, 75 * time.Second, 9 * time.Minute, 10 * time.Minute},
		{"at the end of its life", -59*time.Minute - 52*time.Second, 8 * time.Second, 0, 0, true, time.Second, time.Second, 8 * time.Second},
		{"a start in the future", time.Minute, time.Hour, 0, 0, true, 45 * time.Minute, 59 * time.Minute, time.Hour},
		{"MinLife moves the end of use", 0, time.Hour, 10 * time.Minute, 0, true, 35 * time.Minute, 49 * time.Minute, 50 * time.Minute},
		{"less than MinLife is not cached", 0, time.Minute, 10 * time.Minute, 0, true, 0, 0, 0},
		{"already expired", -time.Hour, 0, 0, 0, false, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r record
			if got := r.succeed(base, base.Add(tt.start), base.Add(tt.expiry), tt.minLife, tt.window, 0); got != tt.ok {
				t.Fatalf("succeed = %v, want %v", got, tt.ok)
			}
			if !tt.ok {
				return
			}
			for _, c := range []struct {
				name string
				got  int64
				want time.Duration
			}{{"advise", r.advise, tt.advise}, {"require", r.require, tt.mandatory}, {"expire", r.expire, tt.expire}} {
				if got := time.Duration(c.got - base.UnixNano()); got != c.want {
					t.Errorf("%s = base%+v, want base%+v", c.name, got, c.want)
				}
			}
		})
	}
}

// The advisory window begins as if the value expired at another time, except in its first eighth.
// The other times do not change.
func TestRenewBefore(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name                string
		end, window, advise time.Duration
		jitter              float64
	}{
		{name: "half of the life", end: 30 * time.Minute, advise: 15 * time.Minute},
		{name: "a little before the end", end: 59 * time.Minute, advise: 44 * time.Minute},
		{name: "with jitter", end: 59 * time.Minute, jitter: 0.5, advise: 42*time.Minute + 7500*time.Millisecond},
		{name: "with a window", end: 30 * time.Minute, window: 5 * time.Minute, advise: 25 * time.Minute},
		{name: "early in the life", end: time.Minute, advise: 7*time.Minute + 30*time.Second},
		{name: "before the life", end: -time.Minute, advise: 7*time.Minute + 30*time.Second},
		{name: "after the life", end: 2 * time.Hour, advise: 45 * time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var r record
			if !r.succeed(base, base, base.Add(time.Hour), 0, tt.window, tt.jitter) {
				t.Fatal("succeed = false")
			}
			before := r
			r.renewBefore(base, base.Add(tt.end), tt.window, tt.jitter)
			if got := time.Duration(r.advise - r.obtained); got != tt.advise {
				t.Errorf("advise = base%+v, want base%+v", got, tt.advise)
			}
			if r.advise = before.advise; r != before {
				t.Errorf("renewBefore changed %+v to %+v", before, r)
			}
			r.renewBefore(base, time.Time{}, tt.window, tt.jitter)
			if r != before {
				t.Errorf("without an end: %+v, want %+v", r, before)
			}
		})
	}
}

func TestSucceedWithoutEnd(t *testing.T) {
	t.Parallel()
	var r record
	if !r.succeed(base, base, time.Time{}, time.Minute, 0, 0.9) {
		t.Fatal("succeed = false")
	}
	for _, at := range []time.Duration{0, time.Hour, 100 * 365 * 24 * time.Hour} {
		if got := decide(base.Add(at).UnixNano(), &r, &Rules{}); got != serve {
			t.Errorf("decide(base%+v) = %v, want serve", at, got)
		}
	}
	if w := r.windows(); w != (Windows{}) {
		t.Errorf("windows() = %v, want zero", w)
	}
}

// The length of the window depends on the lifetime that was requested: whole minutes, of which a few
// seconds have passed or were cut off.
func TestAdvisoryWindow(t *testing.T) {
	t.Parallel()
	for life, want := range map[time.Duration]time.Duration{
		3 * s:          3 * s / 2,
		8 * m:          4 * m,
		10 * m:         5 * m,
		20 * m:         5 * m,
		20*m + 5*s:     5 * m,
		20*m + 5*s + 1: 15 * m,
		21 * m:         (21 * m) / 2,
		h:              15 * m,
		90*m - 5*s - 1: 15 * m,
		90*m - 5*s:     (90*m - 5*s) / 2,
		4 * h:          h,
		12*h - 20*s:    h,
	} {
		if want = min(want, life/2); advisoryWindow(life, 0, 0) != want {
			t.Errorf("advisoryWindow(%v) = %v, want %v", life, advisoryWindow(life, 0, 0), want)
		}
	}
	for window, want := range map[time.Duration]time.Duration{m: m, 54*m - 1: 54*m - 1, 54 * m: 54 * m, h: 54 * m, 9 * h: 54 * m} {
		if got := advisoryWindow(h, window, 0); got != want {
			t.Errorf("advisoryWindow(1h, %v) = %v, want %v", window, got, want)
		}
	}
}

func TestAdvisoryWindowIsOnlyWidened(t *testing.T) {
	t.Parallel()
	for life := time.Second; life < 13*time.Hour; life += 7 * time.Second {
		least := advisoryWindow(life, 0, 0)
		for _, u := range []float64{0.1, 0.5, 0.999} {
			w := advisoryWindow(life, 0, u)
			if w < least || w > life/2 || w > least+least/4 {
				t.Fatalf("advisoryWindow(%v, %v) = %v, want between %v and %v, at most half of the life", life, u, w, least, least+least/4)
			}
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for _, life := range []time.Duration{time.Second, time.Minute, time.Hour, 12 * time.Hour} {
		floor := min(time.Second, life/60)
		for _, remaining := range []time.Duration{time.Millisecond, life / 100, life / 4, life} {
			ceiling := max(floor, min(remaining/8, 5*time.Minute))
			for n := 1; n < 100; n++ {
				for _, u := range []float64{0, 0.3, 0.999} {
					if d := backoff(n, life, remaining, u); d < floor || d > ceiling {
						t.Fatalf("backoff(%d, life %v, remaining %v, %v) = %v, want between %v and %v", n, life, remaining, u, d, floor, ceiling)
					}
				}
			}
		}
		for n := 1; n < 100; n++ {
			for _, u := range []float64{0, 0.3, 0.999} {
				if d := backoff(n, life, 0, u); d < time.Second || d > 15*time.Second {
					t.Fatalf("backoff(%d, life %v, expired, %v) = %v, want 1 s to 15 s", n, life, u, d)
				}
			}
		}
	}
	if a, b := backoff(1, time.Hour, 0, 0.999), backoff(9, time.Hour, 0, 0.999); a > 2*time.Second || b < 14*time.Second {
		t.Errorf("after the expiry the first backoff is %v and the ninth one %v, want at most 2 s and almost 15 s", a, b)
	}
	if d := backoff(1, 0, time.Hour, 0); d != time.Second {
		t.Errorf("the shortest backoff of a value that does not expire is %v, want 1s", d)
	}
	if a, b := backoff(1, time.Hour, 10*time.Minute, 0.999), backoff(5, time.Hour, 10*time.Minute, 0.999); b < 8*a {
		t.Errorf("the fifth backoff is %v and the first one %v, want exponential growth", b, a)
	}
}

func TestPermanentPause(t *testing.T) {
	t.Parallel()
	if a, b := permanentPause(0), permanentPause(0.9999); a != time.Second || b > 5*time.Second || b < 4900*time.Millisecond {
		t.Errorf("permanentPause = %v to %v, want 1 s to 5 s", a, b)
	}
}

func TestMayInvalidate(t *testing.T) {
	t.Parallel()
	r := hour(t)
	for i := range 3 {
		if !r.mayInvalidate(base.UnixNano(), 3) {
			t.Fatalf("the value %d that arrives is not droppable", i)
		}
		old := invalidated(r, 0)
		r = hour(t)
		r.invalidRow = old.invalidRow
	}
	if r.mayInvalidate(base.UnixNano(), 3) {
		t.Error("the fourth value in a row is droppable on arrival")
	}
	if !r.mayInvalidate(base.Add(time.Second).UnixNano(), 3) {
		t.Error("the fourth value in a row is not droppable after a second")
	}
	if !r.mayInvalidate(base.UnixNano(), 0) {
		t.Error("without a limit a value is not droppable")
	}
	for age, want := range map[time.Duration]int32{0: 4, 10*time.Minute - 1: 4, 10 * time.Minute: 1, -1: 1} {
		if old := invalidated(r, age); old.invalidRow != want {
			t.Errorf("the fourth value, invalidated after %v, counts %d, want %d", age, old.invalidRow, want)
		}
	}
	for row, want := range map[int32]time.Duration{3: time.Second, 4: 2 * time.Second, 5: 4 * time.Second, 50: time.Minute} {
		r := r
		r.invalidRow = row
		if r.mayInvalidate(base.Add(want-1).UnixNano(), 3) || !r.mayInvalidate(base.Add(want).UnixNano(), 3) {
			t.Errorf("after %d values in a row, the next one is not droppable from the age %v on", row, want)
		}
	}
	if old := invalidated(r, 11*time.Minute); old.invalidRow != 1 {
		t.Errorf("a value invalidated after eleven minutes counts %d, want 1", old.invalidRow)
	}
}
