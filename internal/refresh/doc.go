// Package refresh keeps a value that expires, such as a token or a set of credentials, available
// without making its callers wait.
//
// An [Engine] calls its [Driver] to fetch the value, returns it while it is valid, and fetches the
// next one in the background before the old one expires:
//
//	var e refresh.Engine[Token]
//	e.Init(driver, &refresh.Rules{})
//	t, err := e.Value(ctx)
//
// # Windows
//
// The life of a value has three parts. While it is fresh, a call returns it and does nothing else.
// In the advisory window, a call returns the value at once and starts one refresh in the
// background. In the mandatory window, the last part, a call waits up to a second for that refresh.
//
// The advisory window is 5 minutes if the lifetime is at most 20 minutes, 15 minutes if it is
// shorter than 90 minutes, and otherwise 60 minutes. A random part of up to a quarter is added, and
// it is at most half of the lifetime. The mandatory window is one minute, at most a tenth of the
// lifetime. A [Renewer] makes the advisory window begin earlier.
//
// # Failures
//
// After a temporary failure a valid value is kept. The next refresh starts after a backoff, which
// grows exponentially with full jitter, up to an eighth of the remaining life and 5 minutes, and is
// at least a second (a sixtieth of a short lifetime). When the value has expired, callers get the
// error, and the backoff is 1 to 15 seconds, or ends at the time that a [Retrier] knows. There is no
// backoff after a failed first refresh.
//
// A permanent failure is returned to callers although the value is valid, and is remembered for 1
// to 5 seconds. [Engine.Run] waits longer, up to 5 minutes.
//
// After a value was invalidated, callers wait for a new one. They get the old one back only if the
// refresh fails temporarily and the old one has not expired.
//
// These rules follow the common refresh rules of the AWS SDKs. The vectors of package refreshrules
// test them and list the intended differences.
//
// # Concurrency
//
// There is at most one refresh at a time. It is detached from its callers: a caller whose context
// ends stops waiting, and the refresh continues. A refresh is bounded in time. A panic and a
// [runtime.Goexit] in the driver's Fetch are errors. No lock is held while the driver is called. An
// engine has no goroutine and no timer while no refresh is running, so it needs no closing.
//
// A pure function of the time and an immutable record decides what a call does, so a change of the
// clock or a suspended machine is only another input. Times are wall clock times, because the
// monotonic clock stops in a suspended machine while the life of credentials does not.
package refresh
