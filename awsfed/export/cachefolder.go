package export

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// recordKeep is the age at which entries of other keys are removed: no role session lasts longer
// than 12 hours.
const recordKeep = 36 * time.Hour

// cacheFolder returns the absolute path of the cache's folder after it is made and checked.
func cacheFolder(dir string) (string, error) {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "onafed", "credentials")
	}
	dir, err := absolute(dir)
	if err != nil {
		return "", err
	}
	if err := makeCacheFolder(dir); err != nil {
		return "", failAt(dir, err)
	}
	return dir, nil
}

// makeCacheFolder checks the parent first, so that a folder that is refused is not made.
func makeCacheFolder(dir string) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return err
	}
	info, err := os.Stat(parent)
	switch {
	case err != nil:
		return err
	case isWorldWritable(info):
		return refuse(0, "it is in a folder where all users may write", "name another folder")
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err = os.Lstat(dir); err != nil {
		return err
	}
	if reason := checkFolder(info); reason != "" {
		return refuse(0, "it "+reason, "name another folder")
	}
	if isLoose(info) {
		return refuse(0, "it is open to other users", "set its mode to 0700")
	}
	return nil
}

// read returns the entry for the request, nil if there is none that can be used.
func (c *Cache) read(path string, r CacheRequest) *record {
	text, info, err := readText(path, true)
	switch {
	case err != nil:
		c.log.Debug("credentials cache: entry ignored", "reason", err)
		return nil
	case text == "":
		return nil
	}
	rec, reason := parseRecord(text, r, time.Now())
	if info != nil && isLoose(info) {
		rec, reason = nil, "other users may read it"
	}
	if rec == nil {
		c.log.Debug("credentials cache: entry ignored", "path", path, "reason", reason)
	}
	return rec
}

// write stores the entry. A failure is only logged, because the caller has its credentials.
func (c *Cache) write(ctx context.Context, at target, rec *record) {
	text, err := json.Marshal(rec)
	if err == nil {
		err = replaceFile(ctx, at, filePerm{mode: 0o600}, string(text))
	}
	if err != nil {
		c.log.DebugContext(ctx, "credentials cache: entry not written", "reason", err)
		return
	}
	c.sweep(filepath.Base(at.path))
}

// sweep removes old entries. Keys change with every bearer token, so most entries are never used
// again.
func (c *Cache) sweep(keep string) {
	files, err := os.ReadDir(c.dir)
	if err != nil {
		return
	}
	for _, f := range files {
		name := f.Name()
		if name == keep || !isEntryName(name) {
			continue
		}
		info, err := f.Info()
		if err != nil || time.Since(info.ModTime()) < recordKeep {
			continue
		}
		if err := os.Remove(filepath.Join(c.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
