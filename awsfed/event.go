package awsfed

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/onafed/onafed/internal/refresh"
)

// A RefreshEvent is the result of one refresh. It contains no secrets, and personal data is
// redacted. AccessKeyID, AssumedRoleARN and RequestID connect it with records of CloudTrail.
//
// Its JSON has the members of [Status], and retryable, began, ended and remaining. It is as stable
// as that of Status. The member request_id is RequestID of the event, not of the Status in it.
type RefreshEvent struct {
	// Status is the state after the refresh. Its credentials are the new ones, or, after a failure,
	// the old ones. Err is nil after a success.
	Status

	// RequestID is the ID that STS gave to the last request of the refresh; may be empty.
	RequestID string
	// Retryable reports whether Err may go away without any change.
	Retryable bool
	// Remaining is how long the credentials in Status are valid; zero if they are not.
	Remaining time.Duration
	// Began and Ended are the times of the refresh.
	Began, Ended time.Time
}

// MarshalJSON returns the event as JSON.
func (ev RefreshEvent) MarshalJSON() ([]byte, error) {
	type status Status // without its method
	return json.Marshal(struct {
		status
		RequestID string    `json:"request_id,omitzero"`
		Retryable bool      `json:"retryable"`
		Began     time.Time `json:"began,omitzero"`
		Ended     time.Time `json:"ended,omitzero"`
		ClockSkew duration  `json:"clock_skew,omitzero"`
		Err       string    `json:"error,omitzero"`
		Remaining duration  `json:"remaining,omitzero"`
	}{
		status(ev.Status), ev.RequestID, ev.Retryable, ev.Began, ev.Ended,
		duration(ev.ClockSkew), ev.errorText(), duration(ev.Remaining),
	})
}

// Settled reports a refresh to the log, the pool and OnRefresh.
func (d *driver) Settled(ev refresh.Event[session]) {
	p := (*Provider)(d)
	v := ev.Value
	if v == nil {
		v, _ = p.engine.Peek()
	}
	st := p.status(ev.Status, v)
	out := RefreshEvent{
		Status:    st,
		RequestID: st.RequestID,
		Retryable: ev.Err != nil && !ev.Permanent,
		Remaining: st.Remaining(ev.Ended),
		Began:     ev.Began,
		Ended:     ev.Ended,
	}
	if e, ok := errors.AsType[*AssumeRoleError](st.Err); ok {
		out.RequestID = e.RequestID
	}
	p.log(out, ev.Before, ev.FailedSince)
	if p.opts.pool != nil {
		p.opts.pool.signal()
	}
	if p.opts.OnRefresh != nil {
		p.opts.OnRefresh(out)
	}
}
