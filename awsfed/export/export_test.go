package export

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// Seen is the result of a scan for one profile.
type Seen struct {
	Found     bool
	Values    map[string]string // keys with a value on one line that both readers read alike
	Lines     map[string]int
	Ambiguous []string // the other keys
}

// Scan scans the text for a profile. If the text is refused, it returns the line and the reason.
func Scan(config bool, text, profile string) (seen Seen, line int, reason string) {
	s, err := scan(text, formatOf(config), profile)
	if err != nil {
		return Seen{}, max(err.Line, 1), err.Reason
	}
	seen = Seen{Found: s.found, Values: map[string]string{}, Lines: map[string]int{}}
	for _, e := range s.entries {
		switch {
		case e.nested:
		case e.ambiguity() != "":
			seen.Ambiguous = append(seen.Ambiguous, e.key)
		default:
			seen.Values[e.key] = e.value
			seen.Lines[e.key] = e.line
		}
	}
	return seen, 0, ""
}

// Rewrite edits a text. ok is false if the edit is refused.
func Rewrite(config bool, text, profile string, settings ...Setting) (after string, ok bool) {
	pairs := make([]pair, len(settings))
	for i, set := range settings {
		pairs[i] = set.pair()
	}
	if checkProfile(profile) != "" || checkSettings(pairs) != "" {
		return "", false
	}
	s, err := scan(text, formatOf(config), profile)
	if err != nil {
		return "", false
	}
	if s.checkKept(pairs) != nil {
		return "", false
	}
	rewritten := s.rewrite(text, pairs)
	out := text[:s.start] + rewritten + text[s.end:]
	if out == text {
		return text, true
	}
	if s.verify(text[:s.start], rewritten, pairs) != nil {
		return "", false
	}
	return out, true
}

func formatOf(config bool) format {
	if config {
		return configFormat
	}
	return credentialsFormat
}

// Internals for tests.
var (
	CommandLineFor      = commandLine
	EnvironFor          = environ
	ContainerEnvironFor = containerEnviron
	QuotePosix          = quotePosix
	QuoteFish           = quoteFish
	QuotePowerShell     = quotePowerShell
	TokenDue            = tokenDue
	IsPermanent         = isPermanent
	CheckFlush          = checkFlush
)

// ParseRecord parses a cache entry.
func ParseRecord(text string, r CacheRequest, now time.Time) (CacheEntry, bool) {
	rec, _ := parseRecord(text, r.Key, now)
	if !rec.valid(now) || rec.unexpected(r) != nil {
		return CacheEntry{}, false
	}
	return rec.entry(), true
}

// HoldLock takes the lock of the file and returns the function that releases it.
func (f *File) HoldLock(ctx context.Context) (release func(), err error) {
	at, err := f.resolve()
	if err != nil {
		return nil, err
	}
	defer at.close()
	held, err := new(locks).take(ctx, at.lockPath(), time.Second, at.createLock)
	return held.release, err
}

// A Target is an opened folder and the name of a file in it.
type Target struct{ at target }

// OpenTarget opens the folder of a file.
func OpenTarget(path string) (Target, error) {
	at, err := openTarget(path, folderRule{})
	return Target{at}, err
}

// OpenTargetSlowly opens the folder like OpenTarget. The base must be a folder where everybody can
// write. meanwhile is called when the first name below it was entered.
func OpenTargetSlowly(base, first, second, name string, meanwhile func()) (Target, error) {
	w := walk{}
	defer w.close()
	if err := w.start(filepath.Join(base, first)); err != nil {
		return Target{}, err
	}
	meanwhile()
	if _, err := w.enter(second, filepath.Join(base, first, second), false, true); err != nil {
		return Target{}, err
	}
	last := w.last()
	f := folder{root: last.root, path: last.path, info: last.info}
	last.root = nil
	return Target{target{folder: f, name: name}}, nil
}

// OpenReplaced checks a folder, calls meanwhile and then opens it through the folder above it.
func OpenReplaced(dir, name string, meanwhile func()) error {
	parent, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer parent.Close()
	info, err := parent.Lstat(name)
	if err != nil {
		return err
	}
	meanwhile()
	root, err := openRoot(parent, step{path: filepath.Join(dir, name), info: info}, name)
	if err == nil {
		err = root.Close()
	}
	return err
}

// Close closes the folder.
func (t Target) Close() { t.at.close() }

// Replace replaces the file.
func (t Target) Replace(ctx context.Context, content string) error {
	return t.at.replace(ctx, filePerm{mode: 0o600}, content)
}

// WriteNamed writes the temporary file as on systems without unnamed files.
func (t Target) WriteNamed(content string) error {
	return t.at.writeNamed(filePerm{mode: 0o600}, content)
}

// WriteUnnamed writes the temporary file with a name only at its end. wait is called before that.
func (t Target) WriteUnnamed(wait func()) error {
	dir, err := t.at.root.Open(".")
	if err != nil {
		return err
	}
	defer dir.Close()
	temp, err := openUnnamed(dir)
	if err != nil {
		return err
	}
	defer temp.Close()
	if err := fill(temp, filePerm{mode: 0o600}, "secret"); err != nil {
		return err
	}
	wait()
	return nil
}

// RetryWhile repeats a call while its error is temporary.
func RetryWhile(ctx context.Context, temporary func(error) bool, call func() error) error {
	return retryWhile(ctx, temporary, call)
}

// Siblings returns the lock and the temporary file of the token file.
func (t *TokenFile) Siblings() (lock, temp string) { return siblings(t.path) }

// Siblings returns the lock and the temporary file of a file that is not a link.
func (f *File) Siblings() (lock, temp string) { return siblings(f.path) }

func siblings(path string) (lock, temp string) {
	dir, name := filepath.Split(path)
	at := target{folder: folder{path: dir}, name: name, lockName: "." + name + ".onafed.lock"}
	return at.lockPath(), filepath.Join(dir, at.tempName())
}

// CommitSlowly commits a batch. meanwhile is called when the new files are complete, and before the
// first is replaced.
func CommitSlowly(ctx context.Context, b *Batch, meanwhile func()) error {
	edits := b.edits
	defer closeAll(edits)
	if err := stageAll(ctx, edits); err != nil {
		return err
	}
	meanwhile()
	return replaceAll(ctx, edits)
}
