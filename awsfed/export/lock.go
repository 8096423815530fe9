package export

import (
	"context"
	"errors"
	"time"

	"github.com/gofrs/flock"
)

// lockRetry is how often a lock that another process holds is tried. An edit
// takes some milliseconds, most of them for the flush to disk.
const lockRetry = 5 * time.Millisecond

// lockFile takes the lock at path, waiting at most timeout. The lock is the
// operating system's (flock, LockFileEx), so it ends with its holder; the
// empty file stays, for removing it would let two holders in.
func lockFile(ctx context.Context, path string, timeout time.Duration) (*flock.Flock, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l := flock.New(path, flock.SetFlag(lockFlags))
	ok, err := l.TryLock()
	if !ok && err == nil {
		wait, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ok, err = l.TryLockContext(wait, lockRetry)
		if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return nil, &FileError{
				Reason: "another process holds " + quoted(path) + " for over " + timeout.String(),
				Next:   "end that process or try again",
				Err:    ErrLocked,
			}
		}
	}
	if err != nil {
		return nil, &FileError{Reason: "cannot take the lock " + quoted(path), Err: err}
	}
	if !ok {
		return nil, &FileError{Reason: "cannot take the lock " + quoted(path), Err: ErrLocked}
	}
	return l, nil
}

// unlock gives the lock up. An error has no consequence: the lock ends with
// the process at the latest.
func unlock(l *flock.Flock) { _ = l.Unlock() }
