// Package refresh keeps one value that expires, a token or a set of
// credentials, always at hand.
//
// An [Engine] asks a fetch function for the value, hands it out while it is
// good, and fetches the next one behind its callers before the old one ends:
//
//	e := refresh.New(fetch, refresh.Options[Token]{
//		Expiry: func(t Token) time.Time { return t.Expiry },
//	})
//	t, err := e.Value(ctx)
//
// The life of a value has three parts. While it is fresh a call returns it and
// does nothing else. In the advisory window a call returns it at once and one
// fetch runs behind. In the mandatory window, the last of its life, a call
// waits a moment for that fetch. What a call does is decided by a pure function
// of the wall clock and of an immutable record, so that a stepped clock and a
// suspended machine are ordinary inputs and not races; the wall clock and not
// the monotonic one, because the latter stands still in a suspended machine
// while credentials do not.
//
// The advisory window is 5 minutes for a lifetime of up to 20 minutes, 15 below
// 90 minutes, otherwise an hour, widened by up to a quarter at random and never
// more than half of the lifetime; the mandatory window is a minute, at most a
// tenth of the lifetime.
//
// After a failure that may pass, a valid value is kept, and the next fetch
// waits: exponentially longer, at random up to an eighth of what is left and 5
// minutes, at least a second (a sixtieth of a short lifetime); 1 to 15 seconds
// once the value has ended, in which callers get the error at once; not at all
// after a failed first fetch. A failure that is not recoverable is raised
// although the value is valid, and remembered 1 to 5 seconds.
//
// There is at most one fetch at a time. It runs detached from the callers, so
// that a cancelled caller ends nobody's fetch but its own waiting; it is
// bounded in time; and its panic or [runtime.Goexit] is an error like another.
// Nothing is locked while foreign code runs. An engine owns no goroutine and no
// timer while nothing is being fetched, so it is dropped by forgetting it.
package refresh
