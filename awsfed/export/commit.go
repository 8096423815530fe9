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
	if err := each(edits, (*fileEdit).open); err != nil {
		return err
	}
	if len(edits) > 1 {
		if err := checkTogether(edits); err != nil {
			return err
		}
	}
	if err := each(edits, func(e *fileEdit) error { return e.prepare(ctx) }); err != nil {
		return err
	}
	return each(edits, (*fileEdit).stage)
}

// each makes a step of all edits, up to the first error. The error gets the path of its file.
func each(edits []fileEdit, step func(*fileEdit) error) error {
	for i := range edits {
		if err := step(&edits[i]); err != nil {
			return edits[i].fail(err)
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
	e.at, err = e.file.resolve()
	return err
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
	if errors.Is(err, errUnchanged) {
		return nil
	}
	return err
}

// stage writes the new file under its temporary name.
func (e *fileEdit) stage() (err error) {
	if e.plan.changes {
		e.dir, err = e.at.stage(filePerm{mode: 0o600}, e.plan.text)
	}
	return err
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
	return each(edits, func(e *fileEdit) error {
		if e.dir == nil {
			return nil
		}
		return checkFlush(e.dir.Sync())
	})
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

// A plan is the old and the new text of a file.
type plan struct {
	old, text string
	existed   bool
	changes   bool
	replaced  bool
}

// plan returns how the changes change the file, and errUnchanged if the file stays as it is.
func (f *File) plan(at target, changes []change) (plan, error) {
	old, info, err := at.read(f.owners)
	if err != nil {
		return plan{}, err
	}
	text := old
	for _, c := range changes {
		changed, refused := f.apply(text, c)
		if refused != nil && text != old {
			// The lines of the error are those of the changed text. The old text has the same mistake.
			if _, original := f.apply(old, c); original != nil {
				refused = original
			}
		}
		if refused != nil {
			return plan{}, refused
		}
		text = changed
	}
	if text == old && !allows(info, anyOther) { // a loose mode is corrected even if the text stays
		return plan{}, errUnchanged
	}
	return plan{old: old, text: text, existed: info != nil, changes: true}, nil
}

// apply returns the text after a change.
func (f *File) apply(text string, c change) (string, *FileError) {
	s, refused := scan(text, f.format, c.profile)
	if refused != nil {
		return "", refused
	}
	settings, refused := c.decide(s)
	if refused != nil {
		return "", refused
	}
	if refused := s.checkKept(settings); refused != nil {
		return "", refused
	}
	head, rewritten := text[:s.start], s.rewrite(text, settings)
	if rewritten == text[s.start:s.end] {
		return text, nil
	}
	changed := head + rewritten + text[s.end:]
	if len(changed) > maxFileSize {
		return "", refuse(0, "the change would make it larger than 16 MiB", "remove unused profiles")
	}
	return changed, s.verify(head, rewritten, settings)
}
