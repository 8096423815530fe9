package awsfed

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/onafed/onafed/internal/arn"
	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// Options are the options of [New]. The zero value is good for most programs.
type Options struct {
	// SessionName is the name of the role session: 2 to 64 of the characters A-Z a-z 0-9 _ + = , .
	// @ and -. CloudTrail shows it, and trust policies can require it as sts:RoleSessionName. The
	// default names the identity in the token, for example env-<uuid>, or is onafed-<8 hex digits>
	// if package claims cannot parse the subject.
	SessionName string

	// Duration is the requested lifetime, in whole seconds. Zero lets STS choose, which is an hour.
	// STS accepts 15 minutes to 12 hours, up to the maximum of the role.
	Duration time.Duration

	// Policy is a session policy in JSON that limits the permissions of the credentials; empty
	// means none.
	Policy string

	// PolicyARNs are managed policies that limit the permissions in the same way, at most 10.
	PolicyARNs []string

	// ExpectedAccount is the ID of the account that the credentials must belong to; empty means
	// any. For a role of another account no token is fetched, and credentials of another account
	// are never returned.
	ExpectedAccount string

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

// settings are checked options. Providers with the same options share them; they never change.
type settings struct {
	sessionName     string
	policy          string
	expectedAccount string
	policyARNs      []string
	duration        time.Duration
	logger          *slog.Logger
	onRefresh       func(RefreshEvent)
	rules           refresh.Rules
	pool            *Pool // nil without one
}

// maxEarlyInvalid is how many sets of credentials in a row may be invalidated soon after their
// arrival. A service with a wrong clock rejects all of them, and each rejection would cost a
// request to STS.
const maxEarlyInvalid = 8

// defaults are the settings of providers without options, which share them.
var defaults = &settings{rules: refresh.Rules{InvalidateLimit: maxEarlyInvalid}} //nolint:gochecknoglobals // never written; a program may have thousands of providers

// attemptTimeout returns the bound of a refresh.
func (s *settings) attemptTimeout() time.Duration {
	if s.rules.AttemptTimeout > 0 {
		return s.rules.AttemptTimeout
	}
	return refresh.DefaultAttemptTimeout
}

// newSettings checks the options. pool is nil for a provider without one.
func newSettings(o Options, pool *Pool) (*settings, error) {
	switch {
	case o.SessionName != "" && !arn.IsSessionName(o.SessionName):
		return nil, optionError("SessionName", "%s: want 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -", quote.Text(o.SessionName, 80))
	case o.Duration < 0:
		return nil, optionError("Duration", "%v is negative", o.Duration)
	case o.Duration != 0 && o.Duration < time.Second:
		return nil, optionError("Duration", "%v is below a second", o.Duration)
	case o.Duration > math.MaxInt32*time.Second:
		return nil, optionError("Duration", "%v is too large", o.Duration)
	case o.AdvisoryWindow < 0:
		return nil, optionError("AdvisoryWindow", "%v is negative", o.AdvisoryWindow)
	case o.AttemptTimeout < 0:
		return nil, optionError("AttemptTimeout", "%v is negative", o.AttemptTimeout)
	case slices.Contains(o.PolicyARNs, ""):
		return nil, optionError("PolicyARNs", "an element is empty")
	}
	s := &settings{
		sessionName:     o.SessionName,
		policy:          o.Policy,
		expectedAccount: o.ExpectedAccount,
		policyARNs:      slices.Clone(o.PolicyARNs),
		duration:        o.Duration,
		logger:          o.Logger,
		onRefresh:       o.OnRefresh,
		pool:            pool,
		rules: refresh.Rules{
			AdvisoryWindow:  o.AdvisoryWindow,
			AttemptTimeout:  o.AttemptTimeout,
			Backoff:         o.RefreshBackoff,
			InvalidateLimit: maxEarlyInvalid,
			ServeExpired:    o.ServeExpired,
			KeepOnPermanent: o.KeepOnRefusal,
		},
	}
	if pool != nil {
		s.rules.Gate = pool.queue
	}
	return s, nil
}

// checkRoleARN checks no more of an ARN than STS does: its length, and that it names a role. Any
// partition and account is accepted, because other servers with this API have their own.
func checkRoleARN(s string) error {
	if s == "" {
		return optionError("roleARN", "is empty")
	}
	if len(s) < 20 || len(s) > 2048 {
		return optionError("roleARN", "%s has %d characters, want 20 to 2048", quote.Text(s, 100), len(s))
	}
	a, ok := arn.Parse(s)
	if _, _, isRole := a.Role(); !ok || !isRole {
		return optionError("roleARN", "%s is not the ARN of a role, arn:aws:iam::<account>:role/<name>", quote.Text(s, 100))
	}
	return nil
}
