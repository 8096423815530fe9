package awsfed

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Options are the options of [New]. The zero value is good for most programs.
type Options struct {
	// SessionName is the name of the role session: 2 to 64 of the characters A-Z a-z 0-9 _ + = , .
	// @ and -. CloudTrail shows it, and trust policies can require it as sts:RoleSessionName. The
	// default names the identity in the token, for example env-<uuid>, or is onafed-<8 hex digits>
	// if package claims cannot parse the subject.
	SessionName string

	// Duration is the requested lifetime, in whole seconds from 15 minutes to 12 hours. Zero lets
	// STS choose, which is an hour. STS refuses more than the maximum of the role.
	Duration time.Duration

	// AnyDuration allows a Duration of any whole seconds, for other servers than AWS STS.
	AnyDuration bool

	// Policy is a session policy that limits the permissions of the credentials: a JSON object of
	// at most 2,048 characters up to U+00FF. Empty means none.
	Policy string

	// PolicyARNs are the ARNs of managed policies that limit the permissions in the same way, at
	// most 10.
	PolicyARNs []string

	// ExpectedAccount is the ID of the account that the credentials must belong to, 12 digits; empty
	// means any. A role of another account is refused at once, and credentials of another account
	// are never returned.
	ExpectedAccount string

	// InsecureHTTP allows sending tokens to STS over http to other hosts than this one, such as a
	// MinIO in the same network of containers. Everybody on the way can use such a token.
	InsecureHTTP bool

	// AdvisoryWindow is the time before the expiration in which credentials are refreshed in the
	// background. Zero chooses it by the lifetime: 5 minutes up to 20 minutes, 15 minutes below 90
	// minutes, otherwise 60 minutes, plus a random part of up to a quarter, and at most half of the
	// lifetime. Another value is used unchanged, up to nine tenths of the lifetime.
	AdvisoryWindow time.Duration

	// RefreshBackoff returns how long to wait after that many failed refreshes in a row, at least
	// 1. remaining is how long the old credentials are valid, zero if they are not. The result is
	// used unchanged. Nil means exponential with full jitter: 1 second up to 5 minutes and an
	// eighth of the remaining life, and up to 15 seconds without valid credentials. RefreshBackoff
	// is not called for failures that are not retryable, and for a failed first refresh, which the
	// next call repeats.
	RefreshBackoff func(failures int, remaining time.Duration) time.Duration

	// AttemptTimeout bounds one refresh: fetching the token, up to three requests to STS for each
	// of up to two tokens, each at most a third of this time, and the pauses between them. Zero
	// means 30 seconds.
	AttemptTimeout time.Duration

	// ServeExpired returns expired credentials after a refresh that failed with a retryable error.
	// AWS rejects them unless it has extended their life, so this is for services that accept them.
	ServeExpired bool

	// KeepOnRefusal returns valid credentials until their last minute also when STS has refused to
	// issue new ones. By default callers get the refusal within seconds.
	KeepOnRefusal bool

	// Logger gets a line at level Debug for each successful refresh. For a failure it gets a line
	// at level Warn when the failure begins, then at most every 5 minutes with the number of
	// failures, and one at level Info when it ends. The lines contain no secrets and no personal
	// data. Nil means no log.
	Logger *slog.Logger

	// OnRefresh is called after each refresh, when the callers that waited for it have their
	// results, in a goroutine that ends with it. It may call the provider. Calls overlap if one
	// takes longer than the time to the next refresh. Panics of OnRefresh and RefreshBackoff are
	// not caught.
	OnRefresh func(RefreshEvent)
}

// An OptionError reports an option or parameter that a constructor refuses. Find it with
// [errors.As].
type OptionError struct {
	// Func is the function, such as "New".
	Func string
	// Option is the Go name of the option or parameter, such as "SessionName" or "roleARN".
	Option string
	// Err says what is wrong, without the names above.
	Err error
}

// Error names the function, the option and the reason.
func (e *OptionError) Error() string {
	return fmt.Sprintf("awsfed: %s: %s: %v", e.Func, e.Option, e.Err)
}

// Unwrap returns Err.
func (e *OptionError) Unwrap() error { return e.Err }

func optionError(option, format string, args ...any) error {
	return &OptionError{Func: "New", Option: option, Err: fmt.Errorf(format, args...)}
}

// inFunc returns err with fn as the function that refuses an option.
func inFunc(fn string, err error) error {
	if e, ok := errors.AsType[*OptionError](err); ok {
		return &OptionError{Func: fn, Option: e.Option, Err: e.Err}
	}
	return err
}
