package export

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/onafed/onafed/internal/detach"
)

const (
	// sourceWait is how long a request waits for the source. The SDK for JavaScript stops waiting
	// for the answer after one second and botocore after two.
	sourceWait = 700 * time.Millisecond
	// sourceTimeout bounds one call of a source.
	sourceTimeout = time.Minute
	// sourcePause is how long a failure is remembered, so that clients that try again at once do
	// not cause more calls.
	sourcePause = time.Second
)

// A slowSource calls a source that may be slow or fail. Requests share one call at a time, and get
// the last credentials while these are valid.
type slowSource struct {
	src CredentialsSource
	log *slog.Logger

	mu     sync.Mutex       // guards the fields below; not held during a call
	last   *aws.Credentials // nil before the first; a pointer, because fmt prints only the address of one inside a struct
	call   *sourceCall      // nil if no call runs
	err    error            // of the last call, nil after a success
	failed time.Time        // when that call failed
}

// A sourceCall is a running call of the source.
type sourceCall struct {
	done    chan struct{}
	started time.Time
}

// credentials starts a call, or joins the running one, and waits for it a short time.
func (s *slowSource) credentials(ctx context.Context) (aws.Credentials, error) {
	s.mu.Lock()
	if s.call == nil && (s.err == nil || time.Since(s.failed) >= sourcePause) {
		s.call = s.start(ctx)
	}
	call := s.call
	s.mu.Unlock()

	if call != nil {
		// The time counts from the start of the call: if the source hangs, the first requests wait
		// and later ones do not.
		timer := time.NewTimer(sourceWait - time.Since(call.started))
		select {
		case <-call.done:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last != nil && checkCredentials(*s.last, time.Now()) == nil {
		return *s.last, nil
	}
	if s.err != nil {
		return aws.Credentials{}, s.err
	}
	return aws.Credentials{}, errors.New("export: the source has no credentials yet")
}

// start starts a call. It continues if the client of the request goes away.
func (s *slowSource) start(ctx context.Context) *sourceCall {
	call := &sourceCall{done: make(chan struct{}), started: time.Now()}
	ctx, cancel := detach.WithTimeout(ctx, sourceTimeout)
	go detach.Run(func() (aws.Credentials, error) { return s.src.Credentials(ctx) }, func(c aws.Credentials, err error) {
		defer cancel()
		s.finish(ctx, c, err)
		close(call.done)
	})
	return call
}

// finish keeps the result of a call.
func (s *slowSource) finish(ctx context.Context, c aws.Credentials, err error) {
	if err == nil {
		if bad := checkCredentials(c, time.Now()); bad != nil {
			err = fmt.Errorf("export: credentials refused: %w", bad)
		}
	}
	if err != nil {
		s.log.WarnContext(ctx, "container endpoint: no new credentials", "error", err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.call, s.err = nil, err
	switch {
	case err == nil:
		s.last = &c
	case refusesRetry(err):
		s.last, s.failed = nil, time.Now() // the source would have returned them if they could still be used
	default:
		s.failed = time.Now()
	}
}
