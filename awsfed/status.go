package awsfed

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/onafed/onafed/claims"
	"github.com/onafed/onafed/internal/refresh"
)

// Status is a snapshot of a [Provider]. It contains no secrets, and personal data is redacted.
// Before the first call only RoleARN, FirstRoleARN and Options are set.
//
// Alert on FailingSince and Expires: "refreshes of role R have failed for N minutes, the
// credentials expire in M minutes".
//
// The JSON is stable: new versions may add members, and do not rename or remove any. Times are RFC
// 3339, durations strings such as "1m30s", and the error is its text. Zero values are left out,
// except for role_arn, valid, refreshing and failures.
type Status struct {
	// RoleARN is the role of the provider, as [Provider.RoleARN] returns it.
	RoleARN string `json:"role_arn"`
	// FirstRoleARN is the first role of a chain, for which the ID token is exchanged; empty without a
	// chain. The other roles are in Options.
	FirstRoleARN string `json:"first_role_arn,omitzero"`
	// Options are the options of the provider that are set, such as SessionName="ci"
	// Duration=2h0m0s, without functions and loggers. Session policies, external IDs and session
	// tags are shown as their SHA-256. In a [Pool], they and FirstRoleARN distinguish the providers
	// of one role.
	Options string `json:"options,omitzero"`

	// AccessKeyID, AccountID, AssumedRoleARN and RequestID belong to the cached credentials; empty
	// without any. CloudTrail has all four.
	AccessKeyID    string `json:"access_key_id,omitzero"`
	AccountID      string `json:"account_id,omitzero"`
	AssumedRoleARN string `json:"assumed_role_arn,omitzero"`
	RequestID      string `json:"request_id,omitzero"`

	// TokenSource names the source of the ID tokens.
	TokenSource string `json:"token_source,omitzero"`
	// Issuer, Audience and Subject are those of the ID token for the cached credentials, or,
	// without any, for the last failure. Audience is the one that AWS evaluates. Subject is
	// redacted.
	Issuer   string `json:"issuer,omitzero"`
	Audience string `json:"audience,omitzero"`
	Subject  string `json:"subject,omitzero"`
	// ProviderARN is the IAM identity provider for the issuer in the account of the role. In a chain,
	// this is the account of the first role.
	ProviderARN string `json:"provider_arn,omitzero"`
	// SourceIdentity is the source identity of the session, as STS reports it.
	SourceIdentity string `json:"source_identity,omitzero"`
	// SessionTokenSize is the size of the session token in bytes, PackedPolicySize the size of the
	// session policies and tags in percent of the limit, as STS reports them; zero if it does not.
	SessionTokenSize int `json:"session_token_size,omitzero"`
	PackedPolicySize int `json:"packed_policy_size,omitzero"`

	// Valid reports whether the cached credentials have neither expired nor been invalidated. After
	// a refusal of STS callers do not get them, unless [Options].KeepOnRefusal is set.
	Valid bool `json:"valid"`
	// Obtained is when the cached credentials arrived.
	Obtained time.Time `json:"obtained,omitzero"`
	// RefreshAt is when calls begin to refresh them, the beginning of the advisory window.
	RefreshAt time.Time `json:"refresh_at,omitzero"`
	// Expires is their expiration as STS set it.
	Expires time.Time `json:"expires,omitzero"`
	// ClockSkew is how far the clock of STS was ahead of the local clock. If it is more than a
	// minute, deadlines are kept in the time of STS.
	ClockSkew time.Duration `json:"-"`

	// Refreshing reports whether a refresh is running.
	Refreshing bool `json:"refreshing"`
	// Failures is how many refreshes have failed since the last success.
	Failures int `json:"failures"`
	// FailingSince is when the first of them failed; zero without failures.
	FailingSince time.Time `json:"failing_since,omitzero"`
	// RetryAt is the earliest time of the next attempt; zero if a call may start one now.
	RetryAt time.Time `json:"retry_at,omitzero"`
	// Err is the last failure, an [*AssumeRoleError]; nil after a success.
	Err error `json:"error,omitzero"`
}

// MarshalJSON returns the status as JSON.
func (s Status) MarshalJSON() ([]byte, error) {
	type fields Status // without this method
	return json.Marshal(struct {
		fields
		ClockSkew duration `json:"clock_skew,omitzero"`
		Err       string   `json:"error,omitzero"`
	}{fields(s), duration(s.ClockSkew), s.errorText()})
}

// errorText returns the text of Err, empty without one.
func (s *Status) errorText() string {
	if s.Err == nil {
		return ""
	}
	return s.Err.Error()
}

// A duration is a time.Duration that is a string in JSON.
type duration time.Duration

// MarshalText returns the duration as time.Duration prints it.
func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Remaining returns how long the credentials are valid, counted from the local time now; zero if
// they are not valid.
func (s Status) Remaining(now time.Time) time.Duration {
	if !s.Valid {
		return 0
	}
	if s.ClockSkew.Abs() > maxSkew {
		now = now.Add(s.ClockSkew)
	}
	return max(0, s.Expires.Sub(now))
}

// Status returns a snapshot. It starts nothing and waits for nothing. [FromConfig] returns the
// provider of a configuration:
//
//	if p, ok := awsfed.FromConfig(cfg); ok {
//		fmt.Println(p.Status().Remaining(time.Now()))
//	}
func (p *Provider) Status() Status {
	v, _ := p.engine.Peek()
	return p.status(p.engine.Status(), v)
}

// status returns the status for a state of the engine. v is nil without credentials.
func (p *Provider) status(st refresh.Status, v *session) Status {
	s := Status{
		RoleARN:      p.roleARN,
		Options:      p.opts.text,
		Valid:        st.Valid,
		Obtained:     st.Obtained,
		RefreshAt:    st.Advisory,
		Refreshing:   st.Refreshing,
		Failures:     st.Failures,
		FailingSince: st.FailingSince,
		RetryAt:      st.RetryAt,
	}
	if p.chain != nil {
		s.FirstRoleARN = p.chain.first.roleARN
	}
	if st.Err != nil {
		s.Err = p.callerError(context.Background(), st.Err)
		s.TokenSource = p.sourceName()
	}
	if v != nil {
		id := v.identity.Value()
		s.AccessKeyID, s.AccountID, s.AssumedRoleARN, s.RequestID = v.served.AccessKeyID, v.served.AccountID, v.assumedRole, v.requestID
		s.TokenSource, s.Issuer, s.Audience, s.Subject = p.sourceName(), id.issuer, id.audience, id.subject
		s.ProviderARN, s.SourceIdentity = id.provider, id.sourceIdentity
		s.SessionTokenSize, s.PackedPolicySize = int(v.tokenSize), int(v.policySize)
		s.Expires, s.ClockSkew = v.expiry(), v.skew
	} else if e, ok := errors.AsType[*AssumeRoleError](s.Err); ok && e.request != nil {
		s.Issuer, s.Audience, s.Subject = e.Issuer, e.Audience, claims.RedactSubject(e.Subject)
		s.ProviderARN = e.request.ProviderARN
	}
	return s
}
