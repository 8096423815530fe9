package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/detach"
	"github.com/onafed/onafed/internal/retry"
)

const (
	// tokenAttempt bounds one question to the source, for a source that does not.
	tokenAttempt = time.Minute
	// tokenGrace is how long a source may take to see that its context has ended.
	tokenGrace = 100 * time.Millisecond
	// tokenLook is how often Run looks at the wall clock and at the file. A
	// timer does not run while a machine is suspended, so a long one would
	// fire too late.
	tokenLook = 30 * time.Second
)

// TokenFileOptions are the options of [NewTokenFile]. Nil means all defaults.
type TokenFileOptions struct {
	// Group, a name or a number, may read the file too (mode 0640, and 0750 for
	// a folder that is made), for a container that runs as another user. Empty
	// means the user alone (0600, 0700).
	Group string
	// OnWrite, if set, is called after each new token, from the goroutine that
	// wrote it.
	OnWrite func(expiry time.Time)
	// Logger gets failures (Warn) and writes (Debug). Nil means silence.
	Logger *slog.Logger
}

// TokenFile keeps an ID token fresh in a file for AWS_WEB_IDENTITY_TOKEN_FILE.
// Every AWS SDK reads that file again at each refresh, so a program that is
// given AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN needs nothing else.
//
// The file holds the token and no newline, which no SDK would take off. It is
// replaced by a rename, so give it a folder of its own and mount that folder
// into a container, not the file: a mounted file, and a hard link, stay the old
// one. The folder is made when missing; one that is a link, another user's, or
// writable by others is refused, and so is anything but a regular file in the
// file's place.
//
// Make one with [NewTokenFile]. It is safe for concurrent use.
type TokenFile struct {
	at    place
	src   idp.TokenSource
	perm  filePerm
	opts  TokenFileOptions
	log   *slog.Logger
	locks locks
}

// NewTokenFile prepares a token file at path. It writes nothing yet.
func NewTokenFile(path string, src idp.TokenSource, opts *TokenFileOptions) (*TokenFile, error) {
	if path == "" {
		return nil, errors.New("export: NewTokenFile: the path is empty")
	}
	if src == nil {
		return nil, errors.New("export: NewTokenFile: the source is nil")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("export: NewTokenFile: %w", err)
	}
	t := &TokenFile{at: placeOf(abs), src: src, perm: filePerm{mode: 0o600}, log: slog.New(slog.DiscardHandler)}
	if opts == nil {
		return t, nil
	}
	t.opts = *opts
	if opts.Logger != nil {
		t.log = opts.Logger
	}
	if opts.Group != "" {
		gid, err := lookupGroup(opts.Group)
		if err != nil {
			return nil, fmt.Errorf("export: NewTokenFile: group %s: %w", quoted(opts.Group), err)
		}
		t.perm = filePerm{mode: 0o640, chgrp: true, group: gid}
	}
	return t, nil
}

func lookupGroup(name string) (int, error) {
	if gid, err := strconv.ParseUint(name, 10, 32); err == nil {
		if gid == math.MaxUint32 {
			return 0, errors.New("to the system this number means no group")
		}
		return int(gid), nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid) // not a number on Windows, where modes mean nothing either
}

// Path is the file's absolute path.
func (t *TokenFile) Path() string { return t.at.path }

// Write asks the source once and puts its token into the file, and returns when
// the token expires. An expired token is an error (claims.ErrExpired or
// [ErrExpired]), and the file stays as it was. When ctx ends, or after a minute,
// Write does not wait any longer for a source that ignores its own context.
func (t *TokenFile) Write(ctx context.Context) (expiry time.Time, err error) {
	token, err := t.write(ctx, &tokenCall{src: t.src})
	if err != nil {
		return time.Time{}, err
	}
	return token.Expiry(), nil
}

// Run keeps the file fresh until ctx ends, and then returns nil. The token is
// renewed when half of its life is over, a little earlier at random, so that
// many environments that started together do not ask together. While the source
// fails the file stays and the source is asked again after a while: a second at
// first, up to a minute. A file that somebody removed is written again.
//
// Only a failure at the start that will not pass is returned at once: a folder
// that is refused or may not be written to, or an error of the source whose
// Temporary() is false. A source that ignores its context is not waited for when
// ctx ends; one call of it is left behind then, never more.
func (t *TokenFile) Run(ctx context.Context) error {
	source := &tokenCall{src: t.src}
	token, err := t.write(ctx, source)
	if err != nil && isPermanent(err) && ctx.Err() == nil {
		return err
	}
	failures := 0
	for ctx.Err() == nil {
		now := time.Now().Round(0) // the wall clock, see tokenLook
		var due time.Time
		if err != nil {
			failures++
			t.log.WarnContext(ctx, "token file: no new token", "path", t.at.path, "error", err, "failures", failures)
			due = now.Add(tokenRetry(failures))
		} else {
			failures = 0
			due = tokenDue(now, token.Claims().IssuedAt, token.Expiry(), rand.Float64()) //nolint:gosec // jitter is no secret
		}
		if !t.wait(ctx, due, err == nil) {
			break
		}
		var next *idp.Token
		if next, err = t.write(ctx, source); err == nil {
			token = next
		}
	}
	return nil
}

// wait returns true when the wall clock has reached due, or, with look, when
// the file is gone; false when ctx has ended.
func (t *TokenFile) wait(ctx context.Context, due time.Time, look bool) bool {
	for {
		left := due.Sub(time.Now().Round(0))
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(min(left, tokenLook))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		if !look {
			continue
		}
		if _, err := os.Lstat(t.at.path); errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
}

// tokenDue is when to ask for the next token: in the middle of the life, up to
// a tenth of it earlier (share is random, 0 to 1). A source that caches may give
// the same token again then; it is asked more and more often.
func tokenDue(now, issued, expiry time.Time, share float64) time.Time {
	life := expiry.Sub(now)
	if !issued.IsZero() && issued.Before(now) {
		life = expiry.Sub(issued)
	}
	due := expiry.Add(-life/2 - time.Duration(share*float64(life)/10))
	if due.After(now) {
		return due
	}
	return now.Add(min(max(expiry.Sub(now)/10, 5*time.Second), time.Minute))
}

// tokenRetry returns how long to wait after a number of failures in a row: between half and all of
// 1, 2, 4 ... 60 seconds.
func tokenRetry(failures int) time.Duration {
	return retry.EqualJitter(retry.Exponential(time.Second, failures, time.Minute))
}

// isPermanent reports whether trying again cannot help: the file or its folder is refused, or the
// source says that its error is not temporary. A full disk and a lock that another process holds
// are temporary.
func isPermanent(err error) bool {
	if refused, ok := errors.AsType[*FileError](err); ok {
		return refused.Err == nil || errors.Is(refused.Err, fs.ErrPermission) || errors.Is(refused.Err, syscall.EBUSY)
	}
	temporary, said := retry.Temporary(err)
	return said && !temporary
}

// write asks the source and puts its token into the file, if it is not there.
func (t *TokenFile) write(ctx context.Context, source *tokenCall) (*idp.Token, error) {
	token, err := source.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: token file: %w", err)
	}
	if token == nil || token.Raw() == "" {
		return nil, errors.New("export: token file: the source gave no token")
	}
	if !token.ValidAt(time.Now()) {
		return nil, fmt.Errorf("export: token file: the token: %w at %s", ErrExpired, timestamp(token.Expiry()))
	}
	changed, err := t.put(ctx, token.Raw())
	if err != nil {
		return nil, failAt(t.at.path, err)
	}
	if changed {
		t.log.DebugContext(ctx, "token file: written", "path", t.at.path, "expiry", token.Expiry())
		if t.opts.OnWrite != nil {
			t.opts.OnWrite(token.Expiry())
		}
	}
	return token, nil
}

// A tokenCall calls a source that may ignore its context. At most one call runs at a time. It is for
// one goroutine.
type tokenCall struct {
	src  idp.TokenSource
	left *detach.Call[*idp.Token] // the call that did not end in time, nil when there is none
}

func (a *tokenCall) token(ctx context.Context) (*idp.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, tokenAttempt)
	defer cancel()
	call := a.left
	if call != nil {
		select {
		case <-call.Done(): // use its token, but not its error, which is of the attempt before
			if token, err := call.Result(); err == nil {
				a.left = nil
				return token, nil
			}
			call = nil
		default:
		}
	}
	if call == nil {
		call = detach.Go(func() (*idp.Token, error) { return a.src.Token(ctx) })
	}
	a.left = nil
	select {
	case <-call.Done():
		return call.Result()
	case <-ctx.Done():
	}
	select {
	case <-call.Done(): // the source's error says more than ctx.Err does
		return call.Result()
	case <-time.After(tokenGrace):
		a.left = call
		return nil, fmt.Errorf("the source does not answer: %w", ctx.Err())
	}
}

func (t *TokenFile) put(ctx context.Context, raw string) (changed bool, err error) {
	if err := t.folder(); err != nil {
		return false, err
	}
	return writeSecret(ctx, &t.locks, t.at, t.perm, raw)
}

// folder makes the folder or checks the one that is there.
func (t *TokenFile) folder() error {
	info, err := os.Lstat(t.at.dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(t.at.dir, 0o700); err != nil {
			return err
		}
		if !t.perm.chgrp {
			return nil
		}
		if err := os.Chown(t.at.dir, -1, t.perm.group); err != nil {
			return err
		}
		return os.Chmod(t.at.dir, 0o750) //nolint:gosec // the group was named by the caller, to read the file
	}
	if err != nil {
		return err
	}
	reason := ""
	switch {
	case !info.IsDir():
		reason = "is a link or no folder"
	case !isOwn(info):
		reason = "belongs to another user"
	case isWritable(info):
		reason = "is writable by other users"
	}
	if reason != "" {
		return &FileError{Reason: "folder " + quoted(t.at.dir) + " " + reason, Next: "give the token a folder of its own"}
	}
	return nil
}
