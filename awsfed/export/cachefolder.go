package export

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// recordKeep is the age at which entries of other keys are removed: no role session lasts longer
// than 12 hours.
const recordKeep = 36 * time.Hour

// cacheFolder returns the absolute path of the cache's folder.
func cacheFolder(dir string) (string, error) {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "onafed", "credentials")
	}
	return absolute(dir)
}

// open opens the file of the key's entry in the cache's folder, which it makes and checks.
func (c *Cache) open(entryName string) (target, error) {
	at, err := openTarget(filepath.Join(c.dir, entryName), folderRule{owners: c.owners, create: true, own: true, forbid: anyOther, closedParent: true})
	if err != nil {
		return target{}, failAt(c.dir, err)
	}
	// All keys share 256 lock files: a lock file can never be removed safely, and keys change with
	// every bearer token, so one for each key would accumulate.
	at.lockName = "lock-" + entryName[:2]
	return at, nil
}

// read returns the entry for the key, nil without a usable entry.
func (c *Cache) read(at target, key CacheKey) *record {
	text, info, err := at.read(c.owners)
	switch {
	case err != nil:
		c.log.Debug("credentials cache: entry ignored", "reason", err)
		return nil
	case text == "":
		return nil
	}
	rec, reason := parseRecord(text, key, time.Now())
	if allows(info, anyOther) {
		rec, reason = nil, "other users may read it"
	}
	if rec == nil {
		c.log.Debug("credentials cache: entry ignored", "path", filepath.Join(at.path, at.name), "reason", reason)
	}
	return rec
}

// write stores the entry. A failure is only logged, because the caller has its credentials.
func (c *Cache) write(ctx context.Context, at target, rec *record) {
	text, err := json.Marshal(rec)
	if err == nil {
		err = at.replace(ctx, filePerm{mode: 0o600}, string(text))
	}
	if err != nil {
		c.log.DebugContext(ctx, "credentials cache: entry not written", "reason", err)
		return
	}
	c.sweep(at)
}

// sweep removes old entries. Keys change with every bearer token, so most entries are never used
// again.
func (c *Cache) sweep(at target) {
	files, err := fs.ReadDir(at.root.FS(), ".")
	if err != nil {
		return
	}
	for _, f := range files {
		name := f.Name()
		if name == at.name || !isEntryName(name) {
			continue
		}
		info, err := f.Info()
		if err != nil || time.Since(info.ModTime()) < recordKeep {
			continue
		}
		if err := at.root.Remove(name); err != nil {
			c.log.Debug("credentials cache: old entry not removed", "reason", err)
		}
	}
}

// isEntryName reports whether the cache gave a file its name: 64 hexadecimal digits and ".json", or
// the name of the temporary file for that. Other files in the folder are not touched.
func isEntryName(name string) bool {
	if hidden, ok := strings.CutPrefix(name, "."); ok {
		name, ok = strings.CutSuffix(hidden, ".onafed.tmp")
		if !ok {
			return false
		}
	}
	digits, ok := strings.CutSuffix(name, ".json")
	return ok && len(digits) == 2*sha256.Size && strings.Trim(digits, "0123456789abcdef") == ""
}
