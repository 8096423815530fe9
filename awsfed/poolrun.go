package awsfed

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Run refreshes the credentials of the roles in use when they are due, until ctx is done, and
// returns the error of ctx. A role is in use if a caller got its current credentials. Run does not
// refresh the other roles, nor roles whose credentials have expired or that STS refuses: the next
// call for such a role starts a refresh. Run is optional, because calls also start the refreshes of
// roles in use.
func (p *Pool) Run(ctx context.Context) error {
	t := time.NewTimer(0)
	defer t.Stop()
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-t.C:
		case <-p.wake:
			if since := time.Since(last); since >= 0 && since < minSleep {
				t.Reset(minSleep - since)
				continue
			}
		}
		last = time.Now()
		t.Reset(p.refreshDue(ctx))
	}
}

const (
	// maxSleep is the longest sleep of Run. A timer does not run while the machine is suspended, and
	// does not follow changes of the clock.
	maxSleep = time.Minute
	// minSleep is the shortest sleep of Run, so that a refresh of one role does not make it check
	// all roles of a large pool each time.
	minSleep = time.Second
)

// refreshDue starts the refreshes that are due, those whose credentials expire earliest first, and
// returns when to look again.
func (p *Pool) refreshDue(ctx context.Context) time.Duration {
	type dueProvider struct {
		*Provider
		expires time.Time
	}
	var all []dueProvider
	now := time.Now()
	next := now.Add(maxSleep)
	for _, pr := range p.providers() {
		v, ok := pr.engine.Peek()
		if !ok || !pr.inUse(v) {
			continue
		}
		st := pr.engine.Status()
		if !st.Valid || st.Permanent {
			continue // for a role that was deleted the requests to STS would not end
		}
		due, ok := pr.engine.Due()
		switch {
		case !ok:
		case due.After(now):
			if due.Before(next) {
				next = due
			}
		default:
			all = append(all, dueProvider{pr, st.Expires})
		}
	}
	slices.SortFunc(all, func(a, b dueProvider) int {
		return cmp.Or(a.expires.Compare(b.expires), cmp.Compare(a.roleARN, b.roleARN))
	})
	for _, pr := range all {
		pr.engine.Kick(ctx)
	}
	return max(minSleep, next.Sub(now))
}
