package awsfed

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/onafed/onafed/internal/quote"
	"github.com/onafed/onafed/internal/refresh"
)

// Options are the options of [New]. The zero value is good for most programs.
type Options struct {
	// SessionName is the name of the role session, which CloudTrail shows and
	// trust policies can ask for as sts:RoleSessionName: 2 to 64 of the
	// characters A-Z a-z 0-9 _ + = , . @ and -. The default names the identity
	// in the token, as env-<uuid>, or is onafed-<8 hex digits> when the token's
	// subject is not one that package claims reads.
	SessionName string

	// Duration is the lifetime to ask for, in whole seconds. Zero lets STS
	// choose, which is an hour. STS accepts 15 minutes to 12 hours, at most
	// what the role allows.
	Duration time.Duration

	// Policy is a session policy in JSON that narrows what the credentials
	// can do; empty means none.
	Policy string

	// PolicyARNs are managed policies that narrow likewise, at most 10.
	PolicyARNs []string

	// ExpectedAccount is the id of the account that the credentials must be
	// for; empty means any. A role of another account is refused before a
	// token is fetched, and an answer for another account is never handed out.
	ExpectedAccount string

	// AdvisoryWindow is how long before their expiration credentials begin to
	// be refreshed behind the callers. Zero chooses by the lifetime: 5 minutes
	// up to 20 minutes, 15 below 90 minutes, otherwise an hour, plus a random
	// part of up to a quarter, and at most half of the lifetime. A value set
	// here is used as it is, up to nine tenths of the lifetime.
	AdvisoryWindow time.Duration

	// RefreshBackoff tells how long to leave STS alone after the given number
	// of failed refreshes in a row, at least 1; remaining is how long the old
	// credentials are still good, zero if they are not. What it returns is
	// used as it is. Nil is exponential with full jitter, from a second to 5
	// minutes and an eighth of the remaining life, and up to 15 seconds
	// without valid credentials. It does not apply to failures that are not
	// retryable, nor to a failed first fetch, which the next call repeats.
	RefreshBackoff func(failures int, remaining time.Duration) time.Duration

	// AttemptTimeout bounds one refresh: the token, up to three requests to
	// STS, for each of two tokens when it wants another one, of at most a
	// third of this time each, and the pauses between them. Zero is 30 seconds.
	AttemptTimeout time.Duration

	// ServeExpired hands out expired credentials when the refresh after their
	// expiration has failed in a way that may pass. AWS refuses them unless it
	// has itself extended their life, so this is for services that do.
	ServeExpired bool

	// KeepOnDenial hands out valid credentials until their last minute also
	// when STS has refused to give new ones. The default tells callers within
	// seconds that the role was taken away.
	KeepOnDenial bool

	// Logger gets each exchange at level Debug and each failed refresh at
	// level Warn, without secrets and personal data. Nil is silence.
	Logger *slog.Logger

	// OnRefresh is called after each refresh, when the callers that waited for
	// it have been released, by a goroutine that ends with it. It may call the
	// provider. Calls overlap if one takes longer than the next refresh does
	// to come. Unlike those of a token source, its panics are not caught, nor
	// are those of RefreshBackoff.
	OnRefresh func(RefreshEvent)
}

// settings are checked options, shared by all providers made of the same ones.
// They never change.
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

// defaults are the settings of providers without options, which share them.
var defaults = &settings{rules: refresh.Rules{InvalidateLimit: maxDrops}} //nolint:gochecknoglobals // never written; a program may have thousands of providers

// attemptTimeout returns the bound of a refresh.
func (s *settings) attemptTimeout() time.Duration {
	if s.rules.AttemptTimeout > 0 {
		return s.rules.AttemptTimeout
	}
	return refresh.DefaultAttemptTimeout
}

// newSettings checks the options. pool is nil for a provider of its own.
func newSettings(o Options, pool *Pool) (*settings, error) {
	switch {
	case o.SessionName != "" && !validSessionName(o.SessionName):
		return nil, fmt.Errorf("awsfed: SessionName %s: want 2 to 64 of the characters A-Z a-z 0-9 _ + = , . @ -", quote.Text(o.SessionName, 80))
	case o.Duration < 0:
		return nil, fmt.Errorf("awsfed: Duration is negative: %v", o.Duration)
	case o.Duration != 0 && o.Duration < time.Second:
		return nil, fmt.Errorf("awsfed: Duration %v is below a second", o.Duration)
	case o.Duration > math.MaxInt32*time.Second:
		return nil, fmt.Errorf("awsfed: Duration %v is too large", o.Duration)
	case o.AdvisoryWindow < 0:
		return nil, fmt.Errorf("awsfed: AdvisoryWindow is negative: %v", o.AdvisoryWindow)
	case o.AttemptTimeout < 0:
		return nil, fmt.Errorf("awsfed: AttemptTimeout is negative: %v", o.AttemptTimeout)
	case slices.Contains(o.PolicyARNs, ""):
		return nil, errors.New("awsfed: PolicyARNs has an empty element")
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
			InvalidateLimit: maxDrops,
			ServeExpired:    o.ServeExpired,
			KeepOnPermanent: o.KeepOnDenial,
		},
	}
	if pool != nil {
		s.rules.Gate = pool.queue
	}
	return s, nil
}

// maxDrops is how many credentials in a row may be invalidated as soon as they
// arrive. A service with a wrong clock calls all of them expired, and each of
// its answers would cost a request to STS.
const maxDrops = 8

// validSessionName reports whether STS would take the name
// (API_AssumeRoleWithWebIdentity: length 2 to 64, pattern [\w+=,.@-]*).
func validSessionName(s string) bool {
	if len(s) < 2 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("_+=,.@-", rune(c)) {
			return false
		}
	}
	return true
}

// checkRoleARN checks an ARN no more than STS does: its length, and that it
// names a role. The partition and the account are not looked at, since other
// servers with this API have other ones.
func checkRoleARN(arn string) error {
	switch {
	case arn == "":
		return errors.New("awsfed: role ARN is empty")
	case len(arn) < 20 || len(arn) > 2048:
		return fmt.Errorf("awsfed: role ARN %s has %d characters, want 20 to 2048", quote.Text(arn, 100), len(arn))
	case !strings.HasPrefix(arn, "arn:"):
		return fmt.Errorf(`awsfed: role ARN %s does not begin with "arn:"`, quote.Text(arn, 100))
	case strings.Count(arn, ":") < 5 || !strings.HasPrefix(strings.SplitN(arn, ":", 6)[5], "role/"):
		return fmt.Errorf("awsfed: %s is not the ARN of a role, arn:aws:iam::<account>:role/<name>", quote.Text(arn, 100))
	}
	return nil
}
