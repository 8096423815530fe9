package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/user"
	"syscall"
	"time"

	"github.com/onafed/onafed/idp"
	"github.com/onafed/onafed/internal/retry"
)

// tokenCheck is how often Run compares the wall clock and checks that the file exists. A timer does
// not run while a machine is suspended, so a longer one would fire too late.
const tokenCheck = 30 * time.Second

// TokenFileOptions are the options of [NewTokenFile]. Nil means the defaults.
type TokenFileOptions struct {
	// Group is the name or number of a group that may read the file too (mode 0640, and 0750 for a
	// new folder), for a container that runs as another user. Empty means only the user (0600,
	// 0700).
	Group string
	// TrustedOwner is described at [FileOptions].
	TrustedOwner string
	// OnWrite, if set, is called after each new token is written, by the goroutine that wrote it.
	OnWrite func(expiry time.Time)
	// Logger receives failures (Warn) and writes (Debug). Nil means silence.
	Logger *slog.Logger
}

// TokenFile keeps an ID token fresh in a file for AWS_WEB_IDENTITY_TOKEN_FILE. Every AWS SDK reads
// that file at each refresh, so a program needs only AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN.
//
// The file contains the token without a newline, which SDKs would not remove. It is replaced by a
// rename: give it a folder of its own, and mount that folder into a container, not the file. A
// mounted file and a hard link keep the old token. A missing folder is made. A folder that is a
// link, belongs to another user, or is writable by other users is refused, and so is anything but a
// regular file at the path. [File] has the rules for the folders above it.
//
// Make one with [NewTokenFile]. A TokenFile is safe for concurrent use.
type TokenFile struct {
	path   string // absolute
	owners owners
	src    idp.TokenSource
	perm   filePerm
	opts   TokenFileOptions
	log    *slog.Logger
	locks  locks
}

// NewTokenFile returns a token file at path. It writes nothing yet. An error is an [*OptionError]
// for "path", "src", "Group" or "TrustedOwner".
func NewTokenFile(path string, src idp.TokenSource, opts *TokenFileOptions) (*TokenFile, error) {
	if src == nil {
		return nil, &OptionError{"NewTokenFile", "src", errNil}
	}
	abs, err := absolute(path)
	if err != nil {
		return nil, &OptionError{"NewTokenFile", "path", err}
	}
	t := &TokenFile{path: abs, src: src, perm: filePerm{mode: 0o600}}
	if opts != nil {
		t.opts = *opts
	}
	t.log = loggerOf(t.opts.Logger)
	if t.opts.Group != "" {
		gid, err := number(t.opts.Group, func() (string, error) {
			g, err := user.LookupGroup(t.opts.Group)
			if err != nil {
				return "", err
			}
			return g.Gid, nil
		})
		if err != nil {
			return nil, &OptionError{"NewTokenFile", "Group", fmt.Errorf("%s: %w", quoted(t.opts.Group), err)}
		}
		t.perm = filePerm{mode: 0o640, chgrp: true, group: gid}
	}
	if t.owners, err = newOwners("NewTokenFile", t.opts.TrustedOwner); err != nil {
		return nil, err
	}
	return t, nil
}

// Path returns the file's absolute path.
func (t *TokenFile) Path() string { return t.path }

// Write asks the source once, writes its token to the file, and returns when the token expires. An
// expired token is an error (claims.ErrExpired or [ErrExpired]), and the file stays as it was.
// Write stops waiting for a source that ignores its context when ctx ends, or after a minute.
func (t *TokenFile) Write(ctx context.Context) (expiry time.Time, err error) {
	token, err := t.write(ctx, &tokenCall{src: t.src})
	if err != nil {
		return time.Time{}, err
	}
	return token.Expiry(), nil
}

// Run keeps the file fresh until ctx ends, and then returns nil. It renews the token after half of
// its lifetime, a little earlier at random, so that environments that started together do not ask
// together. While the source fails, the file stays, and the source is asked again after pauses that
// grow from one second to one minute. A file that was removed is written again.
//
// Run returns an error only if the first attempt fails permanently: a folder that is refused or
// cannot be written to, or an error of the source whose Temporary() is false. When ctx ends, Run
// does not wait for a source that ignores its context. At most one call of the source is left
// running.
func (t *TokenFile) Run(ctx context.Context) error {
	source := &tokenCall{src: t.src}
	failures := 0
	for attempt := 1; ctx.Err() == nil; attempt++ {
		token, err := t.write(ctx, source)
		now := time.Now().Round(0) // the wall clock, see tokenCheck
		var due time.Time
		switch {
		case ctx.Err() != nil:
			continue
		case err == nil:
			failures = 0
			due = tokenDue(now, token.Claims().IssuedAt, token.Expiry(), rand.Float64()) //nolint:gosec // jitter needs no secrecy
		case attempt == 1 && isPermanent(err):
			return err
		default:
			failures++
			t.log.WarnContext(ctx, "token file: no new token", "path", t.path, "error", err, "failures", failures)
			due = now.Add(retry.EqualJitter(retry.Exponential(time.Second, failures, time.Minute)))
		}
		if !t.wait(ctx, due, err == nil) {
			break
		}
	}
	return nil
}

// wait returns true when the wall clock has reached due, or when the file is missing and check is
// set. It returns false when ctx has ended.
func (t *TokenFile) wait(ctx context.Context, due time.Time, check bool) bool {
	for {
		left := due.Sub(time.Now().Round(0))
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(min(left, tokenCheck))
		select {
		case <-ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
		if !check {
			continue
		}
		if _, err := os.Lstat(t.path); errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
}

// tokenDue returns when to ask for the next token: after half of the lifetime, or up to a tenth of
// the lifetime earlier; share is random, 0 to 1. A source that caches may return the same token
// then, and is asked again at shorter and shorter intervals.
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

// isPermanent reports whether trying again cannot help: the file or its folder is refused, or the
// source says that its error is not temporary. A full disk and a lock that another process holds
// are temporary.
func isPermanent(err error) bool {
	if refused, ok := errors.AsType[*FileError](err); ok {
		return refused.Err == nil || errors.Is(refused.Err, fs.ErrPermission) || errors.Is(refused.Err, syscall.EBUSY)
	}
	return refusesRetry(err)
}

// write asks the source and writes its token to the file, if the file does not have it.
func (t *TokenFile) write(ctx context.Context, source *tokenCall) (*idp.Token, error) {
	token, err := source.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("export: token file: %w", err)
	}
	if token == nil || token.Raw() == "" {
		return nil, errors.New("export: token file: the source returned no token")
	}
	if !token.ValidAt(time.Now()) {
		return nil, fmt.Errorf("export: token file: the token %w at %s", ErrExpired, timestamp(token.Expiry()))
	}
	at, err := t.open()
	if err != nil {
		return nil, failAt(t.path, err)
	}
	defer at.close()
	changed, err := at.writeSecret(ctx, &t.locks, t.owners, t.perm, token.Raw())
	if err != nil {
		return nil, failAt(t.path, err)
	}
	if changed {
		t.log.DebugContext(ctx, "token file: written", "path", t.path, "expiry", token.Expiry())
		if t.opts.OnWrite != nil {
			t.opts.OnWrite(token.Expiry())
		}
	}
	return token, nil
}

// open opens the folder, and makes it if it is missing.
func (t *TokenFile) open() (target, error) {
	at, err := openTarget(t.path, folderRule{owners: t.owners, create: true, own: true, forbid: othersWrite})
	if err != nil || !at.created || !t.perm.chgrp {
		return at, err
	}
	err = at.root.Chown(".", -1, t.perm.group)
	if err == nil {
		err = at.root.Chmod(".", 0o750) // the caller named the group so that it can read the file
	}
	if err != nil {
		at.close()
	}
	return at, err
}
