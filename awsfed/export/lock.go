package export

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/onafed/onafed/internal/quote"
)

// lockRetry is the time between two attempts to take a lock that another process holds. An edit
// takes some milliseconds, most of them for the flush to disk.
const lockRetry = 5 * time.Millisecond

// locks are the locks of one [File], [Cache] or [TokenFile]. Its goroutines wait here for their
// turn, so that only one of them polls for the operating system's lock. A thousand polling
// goroutines would keep a machine busy. The zero value is ready for use.
type locks struct {
	mu    sync.Mutex               // guards turns
	turns map[string]chan struct{} // by path; full while a goroutine holds the lock or polls for it
}

// A heldLock must be released.
type heldLock struct {
	file *flock.Flock
	turn chan struct{}
}

// take takes the lock at path. It waits at most timeout for other goroutines and processes
// together. If the lock file does not exist, create is called, and its error is returned.
func (s *locks) take(ctx context.Context, path string, timeout time.Duration, create func() error) (heldLock, error) {
	turn, began := s.turn(path), time.Now()
	if err := awaitTurn(ctx, turn, path, timeout); err != nil {
		return heldLock{}, err
	}
	file, err := lockFile(ctx, path, timeout-time.Since(began), timeout, create)
	if err != nil {
		<-turn
		return heldLock{}, err
	}
	return heldLock{file, turn}, nil
}

// turn returns the channel for the lock at path. Channels are never removed: a File has few locks, a
// Cache at most 256.
func (s *locks) turn(path string) chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.turns[path]
	if t == nil {
		if s.turns == nil {
			s.turns = make(map[string]chan struct{})
		}
		t = make(chan struct{}, 1)
		s.turns[path] = t
	}
	return t
}

// awaitTurn waits until the other goroutines of this process have released the lock.
func awaitTurn(ctx context.Context, turn chan struct{}, path string, timeout time.Duration) error {
	select {
	case turn <- struct{}{}:
		return nil
	default: // only a goroutine that waits needs a timer
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return &FileError{Reason: "cannot take the lock " + quote.Path(path), Err: ctx.Err()}
	case <-t.C:
		return stillLocked("this process", path, timeout, "try again")
	}
}

// stillLocked returns the error for a lock that was not released within the timeout.
func stillLocked(holder, path string, timeout time.Duration, next string) error {
	return &FileError{Reason: holder + " did not release the lock " + quote.Path(path) + " within " + timeout.String(), Next: next, Err: ErrLocked}
}

// release releases the lock. An error has no consequence: the lock ends with the process at the
// latest.
func (h heldLock) release() {
	_ = h.file.Unlock()
	<-h.turn
}

// lockFile takes the lock at path and waits at most for the time that is left of timeout. The lock
// is the operating system's (flock, LockFileEx), so it ends with its holder. The empty file stays:
// if it were removed, two processes could hold the lock at once.
func lockFile(ctx context.Context, path string, left, timeout time.Duration, create func() error) (*flock.Flock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l := flock.New(path, flock.SetFlag(lockFlags))
	ok, err := l.TryLock()
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(); err != nil {
			return nil, err
		}
		ok, err = l.TryLock()
	}
	if !ok && err == nil {
		wait, cancel := context.WithTimeout(ctx, left)
		defer cancel()
		_, err = l.TryLockContext(wait, lockRetry) // the lock or an error
		if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return nil, stillLocked("another process", path, timeout, "end that process or try again")
		}
	}
	if err != nil {
		return nil, &FileError{Reason: "cannot take the lock " + quote.Path(path), Err: err}
	}
	return l, nil
}
