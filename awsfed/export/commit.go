package export

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
)

// A fileEdit is one edit of a file, and how far it was written.
type fileEdit struct {
	file    *File
	changes []change

	at   target
	lock heldLock
	plan plan
	dir  *os.File // opened when the new file is complete
}

// commit makes the edits of one or more different files: all or none.
//
// It takes all locks, plans all changes, and writes each new file under a temporary name. Only then
// it replaces the files. If that fails for one of them, those that it has replaced are put back.
func commit(ctx context.Context, edits ...fileEdit) error {
	defer closeAll(edits)
	if err := stageAll(ctx, edits); err != nil {
		return err
	}
	return replaceAll(ctx, edits)
}

// stageAll does everything before the first file is replaced.
func stageAll(ctx context.Context, edits []fileEdit) error {
	for i := range edits {
		if err := edits[i].open(); err != nil {
			return err
		}
	}
	if len(edits) > 1 {
		if err := checkTogether(edits); err != nil {
			return err
		}
	}
	for i := range edits {
		if err := edits[i].prepare(ctx); err != nil {
			return err
		}
	}
	for i := range edits {
		if err := edits[i].stage(); err != nil {
			return err
		}
	}
	return nil
}

func closeAll(edits []fileEdit) {
	for i := range edits {
		edits[i].close()
	}
}

// checkTogether makes the checks of several edits that must come before the first lock. An edit
// that is refused leaves no lock behind. The edits are sorted, so that two programs take their locks
// in the same order.
func checkTogether(edits []fileEdit) error {
	slices.SortStableFunc(edits, func(a, b fileEdit) int { return cmp.Compare(a.at.lockPath(), b.at.lockPath()) })
	for i := range edits {
		e := &edits[i]
		if i > 0 && edits[i-1].at.lockPath() == e.at.lockPath() {
			return &FileError{Path: e.file.path, Reason: "it is both the credentials file and the config file", Next: "set AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE to different files"}
		}
		if _, err := e.file.plan(e.at, e.changes); err != nil && !errors.Is(err, errUnchanged) {
			return e.fail(err)
		}
	}
	return nil
}

// open opens the folder of the file.
func (e *fileEdit) open() (err error) {
	if e.at, err = e.file.resolve(); err != nil {
		return e.fail(err)
	}
	return nil
}

// prepare takes the lock and plans the edit. It plans again under the lock, because another writer
// may have replaced the file before. Without a lock there is nothing to change.
func (e *fileEdit) prepare(ctx context.Context) (err error) {
	e.lock, err = e.file.locks.take(ctx, e.at.lockPath(), e.file.opts.LockTimeout, func() error {
		// Before the first lock, an edit that is refused or changes nothing must not leave one.
		if _, err := e.at.root.Lstat(e.at.tempName()); err == nil {
			return e.at.createLock() // it must remove the file of a killed writer, under the lock
		}
		if _, err := e.file.plan(e.at, e.changes); err != nil {
			return err
		}
		return e.at.createLock()
	})
	if err == nil {
		if e.plan, err = e.file.plan(e.at, e.changes); err != nil {
			e.at.removeTemp()
		}
	}
	if err != nil && !errors.Is(err, errUnchanged) {
		return e.fail(err)
	}
	return nil
}

// stage writes the new file under its temporary name.
func (e *fileEdit) stage() (err error) {
	if !e.plan.changes {
		return nil
	}
	if e.dir, err = e.at.stage(filePerm{mode: 0o600}, e.plan.parts[:]); err != nil {
		return e.fail(err)
	}
	return nil
}

// replaceAll replaces the files. After an error it puts back those that it has replaced.
func replaceAll(ctx context.Context, edits []fileEdit) error {
	for i := range edits {
		e := &edits[i]
		if e.dir == nil {
			continue
		}
		if err := e.at.rename(ctx, e.dir); err != nil {
			return cmp.Or(restore(ctx, edits[:i]), e.fail(err))
		}
		e.plan.replaced = true
	}
	for i := range edits {
		if e := &edits[i]; e.dir != nil {
			if err := checkFlush(e.dir.Sync()); err != nil {
				return e.fail(err)
			}
		}
	}
	return nil
}

// restore puts back the files that were replaced. It is not canceled.
func restore(ctx context.Context, edits []fileEdit) error {
	var failed error
	for i := range edits {
		e := &edits[i]
		if !e.plan.replaced {
			continue
		}
		var err error
		if e.plan.existed {
			err = e.at.replace(context.WithoutCancel(ctx), filePerm{mode: 0o600}, e.plan.old)
		} else {
			err = e.at.root.Remove(e.at.name)
		}
		if err != nil {
			failed = &FileError{Path: e.file.path, Reason: "the other file could not be replaced, and this one, which was replaced, could not be put back", Next: "remove the new settings from it", Err: err}
		}
	}
	return failed
}

// close removes what is left of the edit, and releases the lock.
func (e *fileEdit) close() {
	if e.dir != nil {
		if !e.plan.replaced {
			e.at.removeTemp()
		}
		e.dir.Close()
	}
	if e.lock.file != nil {
		e.lock.release()
	}
	if e.at.root != nil {
		e.at.close()
	}
}

// fail returns the error of the edit with its file.
func (e *fileEdit) fail(err error) error { return failAt(e.file.path, err) }

// errUnchanged says that an edit has nothing to change.
var errUnchanged = errors.New("unchanged")

// A plan is the old text of a file and the parts of the new one.
type plan struct {
	old      string
	existed  bool
	changes  bool
	replaced bool
	parts    [3]string
}

// plan returns how the changes change the file, and errUnchanged if the file stays as it is.
func (f *File) plan(at target, changes []change) (plan, error) {
	text, info, err := at.read(f.owners)
	if err != nil {
		return plan{}, err
	}
	p := plan{old: text, existed: info != nil, changes: allows(info, anyOther)} // a loose mode is corrected even if the text stays
	for i, c := range changes {
		if i > 0 {
			text = p.parts[0] + p.parts[1] + p.parts[2]
		}
		parts, isDifferent, refused := f.apply(text, c)
		if refused != nil && i > 0 {
			// The lines of the error are those of the changed text. The old text has the same mistake.
			if _, _, original := f.apply(p.old, c); original != nil {
				refused = original
			}
		}
		if refused != nil {
			return plan{}, refused
		}
		p.parts, p.changes = parts, p.changes || isDifferent
	}
	if !p.changes {
		return plan{}, errUnchanged
	}
	return p, nil
}

// apply returns the parts of the text after a change, and whether it differs.
func (f *File) apply(text string, c change) (parts [3]string, isDifferent bool, refused *FileError) {
	s, refused := scan(text, f.format, c.profile)
	if refused != nil {
		return parts, false, refused
	}
	settings, refused := c.decide(s)
	if refused != nil {
		return parts, false, refused
	}
	if refused := s.checkKept(settings); refused != nil {
		return parts, false, refused
	}
	head, old, tail := text[:s.start], text[s.start:s.end], text[s.end:]
	rewritten := s.rewrite(text, settings)
	parts = [3]string{head, rewritten, tail}
	if rewritten == old {
		return parts, false, nil
	}
	if len(head)+len(rewritten)+len(tail) > maxFileSize {
		return parts, false, refuse(0, "the change would make it larger than 16 MiB", "remove unused profiles")
	}
	if refused := s.verify(head, rewritten, settings); refused != nil {
		return parts, false, refused
	}
	return parts, true, nil
}
