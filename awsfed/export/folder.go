package export

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/onafed/onafed/internal/quote"
)

// A folderRule says which folder a writer accepts. The rules for its path are always the same: each
// folder and link belongs to one of the owners. If everybody can write in a folder, and it does not
// have the sticky bit, the next folder belongs to the user. A folder that is reached by a link is
// not writable by other users.
type folderRule struct {
	owners
	create       bool        // missing folders, with mode 0700
	own          bool        // the folder must be the user's own and no link
	forbid       fs.FileMode // permissions that the folder must not have
	closedParent bool        // the folder above must not be writable by everybody, even with the sticky bit
}

// A folder is opened. Access through root does not depend on the path any more.
type folder struct {
	root            *os.Root
	path            string // absolute and without links
	info            fs.FileInfo
	linked, created bool
}

// openFolder opens the folder at an absolute path. Owners are checked one folder after the other,
// from the root of the file system. If another user can replace a folder after its check, the walk
// continues in the opened folder and does not use its path again.
func openFolder(path string, rule folderRule) (folder, error) {
	w := walk{rule: rule}
	defer w.close()
	err := w.start(path)
	if err == nil {
		err = w.checkLast()
	}
	if err != nil {
		return folder{}, err
	}
	last := w.last()
	if last.root == nil {
		if last.root, err = openRoot(nil, *last, ""); err != nil {
			return folder{}, err
		}
	}
	f := folder{last.root, last.path, last.info, w.linked, w.created}
	last.root = nil // close must not close it
	return f, nil
}

// A walk is on the way to a folder.
type walk struct {
	rule            folderRule
	steps           []step // from the root of the file system
	first           [8]step
	shared          []SharedFolder
	linked, created bool // the last step
}

// A step is a folder on the way. root is nil if nobody else can replace the folder.
type step struct {
	path string
	info fs.FileInfo
	root *os.Root
}

func (w *walk) last() *step { return &w.steps[len(w.steps)-1] }

func (w *walk) close() {
	for _, s := range w.steps {
		if s.root != nil {
			_ = s.root.Close()
		}
	}
}

// start goes to the folder from the root of the file system, which nobody can replace. Without
// owners there is nothing to check on the way, so it begins at the folder itself.
func (w *walk) start(path string) error {
	w.steps = w.first[:0]
	if hasOwners {
		w.steps = append(w.steps, step{path: string(filepath.Separator)})
		return w.enterAll(path)
	}
	path = filepath.Clean(path) // with a separator at its end, Lstat follows a link
	if w.rule.create {
		err := os.MkdirAll(path, 0o700)
		if errors.Is(err, syscall.ENOTDIR) {
			return refuse(0, "a part of "+quote.Path(path)+" is not a folder", "name another file")
		}
		if err != nil {
			return err
		}
	}
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		w.linked = true
		info, err = os.Stat(path)
	}
	w.steps = append(w.steps, step{path: path, info: info})
	return err
}

// enterAll goes from the first step along the path.
func (w *walk) enterAll(path string) error {
	rest, given := path, len(path) // a longer rest begins with names from a link
	for links := 0; rest != ""; {
		mayCreate := w.rule.create && len(rest) <= given
		var name, link string
		var err error
		switch name, rest, _ = strings.Cut(rest, string(filepath.Separator)); name {
		case "", ".":
		case "..":
			w.back()
		default:
			here := strings.TrimSuffix(path[:len(path)-len(rest)], string(filepath.Separator))
			link, err = w.enter(name, here, mayCreate, rest == "")
		}
		if err != nil {
			return err
		}
		if link == "" {
			continue
		}
		if links++; links > 40 {
			return refuse(0, "too many symbolic links", "name the file itself")
		}
		for filepath.IsAbs(link) && len(w.steps) > 1 {
			w.back()
		}
		w.linked = w.linked || rest == ""
		given = min(given, len(rest))
		rest = link + string(filepath.Separator) + rest
		path = strings.TrimSuffix(w.last().path, string(filepath.Separator)) + string(filepath.Separator) + rest
	}
	return nil
}

// back returns to the folder above.
func (w *walk) back() {
	if len(w.steps) == 1 {
		return
	}
	if root := w.last().root; root != nil {
		_ = root.Close()
	}
	w.steps = w.steps[:len(w.steps)-1]
}

// enter checks the entry with that name in the last folder; path is its path. It enters a folder,
// and returns the target of a link.
func (w *walk) enter(name, path string, mayCreate, isLast bool) (link string, err error) {
	parent := w.last()
	if isLast && w.rule.closedParent && allows(parent.info, anybodyWrite) {
		return "", refuse(0, "it is in a folder where all users may write", "name another folder")
	}
	info, err := parent.lstat(name, path)
	w.created = false
	if errors.Is(err, fs.ErrNotExist) && mayCreate {
		w.created = true
		info, err = parent.mkdir(name, path)
	}
	if err != nil {
		return "", err
	}
	isLink := info.Mode()&fs.ModeSymlink != 0
	switch {
	case !isLink && !info.IsDir():
		return "", refuse(0, quote.Path(path)+" is not a folder", "name another file")
	case !w.rule.accept(info):
		return "", foreign(path, info)
	case parent.isShared() && allows(parent.info, anybodyWrite) && (isLink || !w.rule.owners.own(info)):
		return "", refuse(0, "all users can replace "+quote.Path(path), "set the sticky bit of the folder above it (chmod +t), or name another file")
	case isLink:
		return parent.readlink(name, path)
	}
	child := step{path: path, info: info}
	if parent.root != nil || child.isShared() {
		if child.root, err = openRoot(parent.root, child, name); err != nil {
			return "", err
		}
	}
	if child.isShared() {
		w.shared = append(w.shared, SharedFolder{path, allows(info, anybodyWrite)})
	}
	w.steps = append(w.steps, child)
	return "", nil
}

// foreign returns the error for a folder or link of another user.
func foreign(path string, info fs.FileInfo) *FileError {
	uid, _ := ownerOf(info)
	return refuse(0, quote.Path(path)+" belongs to another user (number "+strconv.Itoa(uid)+")", "name another file, or allow that user as trusted owner")
}

// checkLast checks the folder itself.
func (w *walk) checkLast() error {
	last := w.last()
	var reason string
	switch {
	case last.info == nil: // the root of the file system
		return nil
	case !last.info.IsDir():
		reason = "is not a folder"
	case w.rule.own && w.linked:
		reason = "is a link"
	case w.rule.own && !w.rule.owners.own(last.info):
		reason = "belongs to another user"
	case w.linked && allows(last.info, othersWrite):
		reason = "is reached by a link, and other users can write in it"
	case allows(last.info, w.rule.forbid&othersWrite):
		reason = "is writable by other users"
	case allows(last.info, w.rule.forbid):
		reason = "is open to other users"
	default:
		return nil
	}
	return refuse(0, "folder "+quote.Path(last.path)+" "+reason, "name another folder, or make one of your own with mode 0700")
}

// isShared reports whether other users can replace what is in the folder.
func (s *step) isShared() bool {
	return allows(s.info, othersWrite) && s.info.Mode()&fs.ModeSticky == 0
}

func (s *step) lstat(name, path string) (fs.FileInfo, error) {
	if s.root != nil {
		return s.root.Lstat(name)
	}
	return os.Lstat(path)
}

func (s *step) readlink(name, path string) (string, error) {
	if s.root != nil {
		return s.root.Readlink(name)
	}
	return os.Readlink(path)
}

// mkdir makes a folder, with its mode whatever the umask is.
func (s *step) mkdir(name, path string) (fs.FileInfo, error) {
	mkdir, chmod := os.Mkdir, os.Chmod
	if s.root != nil {
		mkdir, chmod, path = s.root.Mkdir, s.root.Chmod, name
	}
	err := mkdir(path, 0o700)
	if err == nil {
		err = chmod(path, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return s.lstat(name, path)
}

// openRoot opens a folder that was checked, through the folder above it or by its path.
func openRoot(parent *os.Root, s step, name string) (root *os.Root, err error) {
	if parent != nil {
		root, err = parent.OpenRoot(name)
	} else {
		root, err = os.OpenRoot(s.path)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, &FileError{Reason: "folder " + quote.Path(s.path) + " cannot be opened", Next: "make it readable for this user, as its files are replaced through it", Err: err}
	}
	if err != nil || parent == nil && !s.isShared() {
		return root, err
	}
	info, err := root.Stat(".")
	if err == nil && !os.SameFile(info, s.info) {
		err = refuse(0, "folder "+quote.Path(s.path)+" was replaced while it was opened", "try again")
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return root, nil
}
