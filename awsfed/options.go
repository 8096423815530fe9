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

	// Duration is the requested lifetime, in whole seconds from 15 minutes to 12 hours. Zero means
	// the default of STS, an hour. STS refuses more than the MaxSessionDuration of the role.
	Duration time.Duration

	// AnyDuration allows every Duration in whole seconds, for servers other than AWS STS.
	AnyDuration bool

	// Policy is a session policy that limits the permissions of the credentials: a JSON object of
	// at most 2,048 characters up to U+00FF. Empty means none.
	Policy string

	// PolicyARNs are the ARNs of managed policies that limit the permissions in the same way, at
	// most 10.
	PolicyARNs []string

	// Chain are the roles that are assumed after the role of [New], one after the other, each with
	// the credentials of the previous role. SessionName, Duration, Policy and PolicyARNs apply only
	// to the role of New, and a [NextRole] without a SessionName has that of the role of New.
	// AnyDuration applies to all roles. The provider returns the credentials of the last role.
	// Chain has at most 10 roles, and all roles must be in one partition. Nil means no chain. See
	// the package documentation.
	Chain []NextRole

	// ExpectedAccount is the ID of the account that the credentials must belong to, 12 digits; empty
	// means any. A role of another account is refused at once, and credentials of another account
	// are never returned. In a chain, this applies to the last role.
	ExpectedAccount string

	// InsecureHTTP allows sending tokens to STS over http to hosts other than this one, such as a
	// MinIO server in the same network of containers. An attacker in that network can read and use
	// such a token.
	InsecureHTTP bool

	// AdvisoryWindow is the time before the expiration in which credentials are refreshed in the
	// background. Zero means a window that depends on the lifetime: 5 minutes for a lifetime of up
	// to 20 minutes, 15 minutes for less than 90 minutes, otherwise 60 minutes. A random part of up
	// to a quarter is added, and the window is at most half of the lifetime. Any other value is
	// used unchanged, up to nine tenths of the lifetime.
	AdvisoryWindow time.Duration

	// RefreshBackoff returns how long to wait after a failed refresh. failures is how many
	// refreshes in a row have failed, at least 1. remaining is how long the old credentials are
	// valid, zero if they are not. The result is used unchanged. Nil means an exponential backoff
	// with full jitter: 1 second to 5 minutes, but at most an eighth of the remaining life, and
	// without valid credentials 1 to 15 seconds. RefreshBackoff is not called after a failure that
	// is not retryable, or after a failed first refresh, which the next call repeats.
	RefreshBackoff func(failures int, remaining time.Duration) time.Duration

	// AttemptTimeout limits one refresh: fetching the token, the requests to STS and the pauses
	// between them. A refresh uses at most two tokens and sends each of them at most three times.
	// One request takes at most a third of AttemptTimeout. In a chain, the first role has a limit of
	// its own, and all other roles together have one limit. Zero means 30 seconds.
	AttemptTimeout time.Duration

	// ServeExpired returns expired credentials after a refresh that failed with a retryable error.
	// AWS rejects them unless it has extended their life, so this is for services that accept them.
	ServeExpired bool

	// KeepOnRefusal returns valid credentials until their last minute although STS has refused to
	// issue new ones. By default callers get the refusal within seconds.
	KeepOnRefusal bool

	// Logger gets a line at level Debug for each successful refresh. For a failure it gets a line
	// at level Warn when the failure begins, then at most every 5 minutes with the number of
	// failures, and one at level Info when it ends. The lines contain no secrets and no personal
	// data. Nil means no log.
	Logger *slog.Logger

	// OnRefresh is called after each refresh, in the goroutine of the refresh, when the callers
	// that waited have their results. It may call the provider. If a call takes longer than the
	// time to the next refresh, the calls overlap. Panics of OnRefresh and RefreshBackoff are not
	// caught.
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
