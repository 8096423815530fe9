package awsfed

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// Status is a snapshot of a [Provider], without secrets. Its zero value but for
// RoleARN is a provider that nobody has asked yet.
//
// Alert on FailingSince and Expires: "refreshes of role R have been failing for
// N minutes, M minutes are left".
type Status struct {
	// RoleARN is the role of the provider.
	RoleARN string

	// AccessKeyID, AccountID, AssumedRoleARN and RequestID are of the
	// credentials that are cached; empty without any. CloudTrail has all four.
	AccessKeyID, AccountID, AssumedRoleARN, RequestID string
	// TokenSource names where the ID tokens come from.
	TokenSource string

	// Valid reports whether the credentials are still good. After a refusal of
	// STS's they are not handed out all the same, unless
	// [Options].KeepOnDenial is set.
	Valid bool
	// Obtained is when they arrived.
	Obtained time.Time
	// RefreshAt is when they begin to be refreshed.
	RefreshAt time.Time
	// Expires is when they end, as STS set it.
	Expires time.Time
	// ClockSkew is how far STS's clock was ahead of the local one. Above a
	// minute, deadlines are kept in STS's time.
	ClockSkew time.Duration

	// Refreshing reports whether a refresh is under way.
	Refreshing bool
	// Failures counts the refreshes that failed since the last good one.
	Failures int
	// FailingSince is when the first of them failed; zero if none did.
	FailingSince time.Time
	// RetryAt is before when there is no other try; zero if there may be one.
	RetryAt time.Time
	// Err is the last failure, an [*AssumeRoleError]; nil after a success.
	Err error
}

// Remaining returns how long the credentials are still good at that local time;
// zero when they are not.
func (s Status) Remaining(now time.Time) time.Duration {
	if !s.Valid {
		return 0
	}
	if s.ClockSkew.Abs() > maxSkew {
		now = now.Add(s.ClockSkew)
	}
	return max(0, s.Expires.Sub(now))
}

// Status returns a snapshot. It starts nothing and waits for nothing.
func (p *Provider) Status() Status {
	v, _ := p.engine.Peek()
	return p.status(p.engine.Status(), v)
}

func (p *Provider) status(st refresh.Status, v *session) Status {
	s := Status{
		RoleARN:      p.roleARN,
		Valid:        st.Valid,
		Obtained:     st.Obtained,
		RefreshAt:    st.Advisory,
		Refreshing:   st.Refreshing,
		Failures:     st.Failures,
		FailingSince: st.FailingSince,
		RetryAt:      st.RetryAt,
	}
	if v != nil {
		s.AccessKeyID, s.AccountID = v.served.AccessKeyID, v.served.AccountID
		s.AssumedRoleARN, s.RequestID = v.arn, v.request
		s.Expires, s.ClockSkew = v.expiry(), v.skew
	}
	if v != nil || st.Err != nil {
		s.TokenSource = p.sourceName()
	}
	if st.Err != nil {
		s.Err = p.explain(context.Background(), st.Err)
	}
	return s
}

// A RefreshEvent is what became of one refresh. It has no secrets and no
// personal data, and enough to find the exchange in CloudTrail.
type RefreshEvent struct {
	// RoleARN is the role of the provider.
	RoleARN string

	// AccessKeyID, AssumedRoleARN and Expires are of the new credentials, or,
	// after a failure, of the old ones; empty without any.
	AccessKeyID, AssumedRoleARN string
	Expires                     time.Time
	// RequestID is STS's id of the last request; may be empty.
	RequestID string
	// TokenSource names where the ID token came from.
	TokenSource string

	// Err is an [*AssumeRoleError]; nil after a success.
	Err error
	// Retryable reports that Err may pass by itself.
	Retryable bool
	// Valid reports whether there are credentials that are still good, as in
	// [Status]. After a failure they are the old ones, and Remaining is how long
	// they are.
	Valid     bool
	Remaining time.Duration
	// Failures counts the refreshes that failed in a row, this one included,
	// and FailingSince is when the first did.
	Failures     int
	FailingSince time.Time
	// RetryAt is before when there is no other try; zero if there may be one.
	RetryAt time.Time

	// Began and Ended are when the refresh did.
	Began, Ended time.Time
}

// Settled tells the listeners of a refresh.
func (e *exchanger) Settled(ev refresh.Event[session]) {
	p := (*Provider)(e)
	v := ev.Value
	if v == nil {
		v, _ = p.engine.Peek()
	}
	st := p.status(ev.Status, v)
	out := RefreshEvent{
		RoleARN:        p.roleARN,
		AccessKeyID:    st.AccessKeyID,
		AssumedRoleARN: st.AssumedRoleARN,
		Expires:        st.Expires,
		RequestID:      st.RequestID,
		TokenSource:    p.sourceName(),
		Err:            st.Err,
		Retryable:      ev.Err != nil && !ev.Permanent,
		Valid:          st.Valid,
		Remaining:      st.Remaining(ev.Ended),
		Failures:       st.Failures,
		FailingSince:   st.FailingSince,
		RetryAt:        st.RetryAt,
		Began:          ev.Began,
		Ended:          ev.Ended,
	}
	var are *AssumeRoleError
	if errors.As(st.Err, &are) {
		out.RequestID = are.RequestID
	}
	p.log(out)
	if p.opts.pool != nil {
		p.opts.pool.signal()
	}
	if p.opts.onRefresh != nil {
		p.opts.onRefresh(out)
	}
}

// log writes a line about a refresh. Its attributes join to CloudTrail.
func (p *Provider) log(ev RefreshEvent) {
	l := p.opts.logger
	if l == nil {
		return
	}
	ctx := context.Background()
	if ev.Err == nil {
		l.LogAttrs(ctx, slog.LevelDebug, "awsfed: new credentials",
			slog.String("role", ev.RoleARN),
			slog.String("assumed_role", ev.AssumedRoleARN),
			slog.String("access_key_id", ev.AccessKeyID),
			slog.String("request_id", ev.RequestID),
			slog.String("token_source", ev.TokenSource),
			slog.Time("expires", ev.Expires),
			slog.Duration("took", ev.Ended.Sub(ev.Began)))
		return
	}
	l.LogAttrs(ctx, slog.LevelWarn, "awsfed: refresh failed",
		slog.String("role", ev.RoleARN),
		slog.String("access_key_id", ev.AccessKeyID),
		slog.String("request_id", ev.RequestID),
		slog.String("token_source", ev.TokenSource),
		slog.Bool("retryable", ev.Retryable),
		slog.Int("failures", ev.Failures),
		slog.Duration("failing_for", ev.Ended.Sub(ev.FailingSince)),
		slog.Duration("remaining", ev.Remaining),
		slog.Any("error", ev.Err))
}
