package awsfed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// logInterval is the least time between two lines about the same failure.
const logInterval = 5 * time.Minute

// maxLogged is how many kinds of failures a failureLog distinguishes.
const maxLogged = 16

// A failureLog limits the log lines about failures of one provider.
type failureLog struct {
	mu    sync.Mutex
	kinds map[string]*loggedFailure // since the last success; nil without failures
}

// A loggedFailure is a failure that the log already has.
type loggedFailure struct {
	at    time.Time // of the last line
	count int       // failures since then
}

// due reports whether a failure gets a line, and how many failures of its kind the line is about.
func (l *failureLog) due(kind string, now time.Time) (count int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.kinds[kind]
	if f == nil {
		if l.kinds == nil || len(l.kinds) >= maxLogged {
			l.kinds = map[string]*loggedFailure{}
		}
		f = &loggedFailure{}
		l.kinds[kind] = f
	}
	f.count++
	if age := now.Sub(f.at); age >= 0 && age < logInterval {
		return 0, false
	}
	count, f.at, f.count = f.count, now, 0
	return count, true
}

// end forgets all failures.
func (l *failureLog) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kinds = nil
}

// failureKind returns a text that is the same for repetitions of a failure.
func failureKind(err error) string {
	e, _ := errors.AsType[*AssumeRoleError](err)
	if e != nil && e.Step > 0 {
		one := *e
		one.Step = 0
		return fmt.Sprintf("step %d %s", e.Step, failureKind(&one))
	}
	switch tok, ok := errors.AsType[*tokenError](err); {
	case e != nil && e.Code != "":
		return e.Code
	case ok:
		return fmt.Sprintf("token %T", tok.err)
	case statusOf(err) != 0:
		return fmt.Sprint("status ", statusOf(err))
	case isTimeout(err):
		return "timeout"
	case isA[net.Error](err):
		return "network"
	case isA[*answerError](err):
		return "answer"
	}
	if e != nil {
		err = cmp.Or(e.Err, err)
	}
	return fmt.Sprintf("%T", err)
}

// log writes lines about a refresh. Their attributes connect it with records of CloudTrail. before
// is how many refreshes in a row failed before this one, and failedSince is when the first of them
// failed.
func (p *Provider) log(ev RefreshEvent, before int, failedSince time.Time) {
	l := p.opts.Logger
	if l == nil {
		return
	}
	ctx := context.Background()
	if ev.Err == nil {
		if before > 0 {
			p.failures.end()
			l.LogAttrs(ctx, slog.LevelInfo, "awsfed: refreshes succeed again",
				slog.String("role", ev.RoleARN),
				slog.Int("failures", before),
				slog.Duration("failed_for", ev.Ended.Sub(failedSince)))
		}
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
	count, due := p.failures.due(failureKind(ev.Err), ev.Ended)
	if !due {
		return
	}
	l.LogAttrs(ctx, slog.LevelWarn, "awsfed: refresh failed",
		slog.String("role", ev.RoleARN),
		slog.String("access_key_id", ev.AccessKeyID),
		slog.String("request_id", ev.RequestID),
		slog.String("token_source", ev.TokenSource),
		slog.Bool("retryable", ev.Retryable),
		slog.Int("count", count),
		slog.Int("failures", ev.Failures),
		slog.Duration("failing_for", ev.Ended.Sub(ev.FailingSince)),
		slog.Duration("remaining", ev.Remaining),
		slog.Any("error", ev.Err))
}
