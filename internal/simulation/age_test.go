package simulation

import (
	"math/rand/v2"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// field returns a field that can be read and set, also if it is not exported. It follows pointers.
func field(v reflect.Value, names ...string) reflect.Value {
	for _, name := range names {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		f := v.FieldByName(name)
		if !f.IsValid() {
			panic("simulation: " + v.Type().String() + " has no field " + name)
		}
		v = reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
	}
	return v
}

// notOlder are values that are not times: none, and never.
func notOlder(at int64) bool { return at == 0 || at == 1<<63-1 }

// makeOlder moves everything that an engine remembers into the past. To the engine the wall clock has
// gone forward by d. It changes the state in place, because calls that wait have it too, except for the
// race detector.
func makeOlder(engine reflect.Value, d time.Duration) {
	ptr := field(engine, "state").Addr()
	old := ptr.MethodByName("Load").Call(nil)[0]
	if old.IsNil() {
		return
	}
	state := old
	if raceDetector {
		state = reflect.New(old.Type().Elem())
		state.Elem().Set(old.Elem())
	}
	older := func(v reflect.Value) {
		if at := v.Int(); !notOlder(at) {
			v.SetInt(at - int64(d))
		}
	}
	for _, name := range []string{"obtained", "advise", "require", "expire", "end", "invalidAt"} {
		older(field(state, "record", name))
	}
	if f := field(state, "record", "failure"); !f.IsNil() {
		failure := f
		if raceDetector {
			failure = reflect.New(f.Type().Elem())
			failure.Elem().Set(f.Elem())
		}
		for _, name := range []string{"at", "retryAt", "first"} {
			older(field(failure, name))
		}
		f.Set(failure)
	}
	if v := field(state, "value"); v.Kind() == reflect.Struct && v.Type().Name() == "session" {
		older(field(v, "expires"))
		ends := field(v, "served", "Expires").Addr().Interface().(*time.Time)
		*ends = ends.Add(-d)
		at := field(v, "at").Addr().Interface().(*time.Time)
		*at = wallBefore(*at, d)
	}
	ptr.MethodByName("Store").Call([]reflect.Value{state})
}

// wallBefore returns a time whose wall clock shows d earlier, in whole seconds, and whose reading of the
// monotonic clock is the same.
func wallBefore(at time.Time, d time.Duration) time.Time {
	const monotonic, seconds = 1 << 63, 30 // layout of time.Time
	wall := (*uint64)(unsafe.Pointer(&at))
	if *wall&monotonic == 0 {
		return at.Add(-d)
	}
	*wall -= uint64(d/time.Second) << seconds
	return at
}

// A jitter is a random source for the jitter of one engine, so that a seed decides it too.
type jitter struct {
	mu  sync.Mutex
	rnd *rand.Rand
}

func (j *jitter) next() float64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.rnd.Float64()
}
